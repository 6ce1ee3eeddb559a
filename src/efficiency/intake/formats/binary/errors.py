"""Error values of Excel's binary formats. Source: [MS-XLS] 2.5.10 (BErr), [MS-XLSB] 2.5.98.2; later ones by Excel."""

from __future__ import annotations

NOT_AVAILABLE = 0x2A
ERROR_NAMES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    NOT_AVAILABLE: "#N/A",
    0x2B: "#GETTING_DATA",
    0x2D: "#SPILL!",
    0x2E: "#CONNECT!",
    0x2F: "#BLOCKED!",
    0x30: "#UNKNOWN!",
    0x31: "#FIELD!",
    0x32: "#CALC!",
}
"""Error code → what Excel shows."""
KNOWN_ERRORS = frozenset((0x00, 0x07, 0x0F, 0x17, 0x1D, 0x24, NOT_AVAILABLE))
"""The codes that calamine knows; for any other it refuses the whole workbook."""
