"""What a policy may be in size, so that loading and applying one costs a bounded time whoever wrote it.

The built-in policies are far below: 13 kB, 31 expressions, 23 parts in the longest, 8 levels in the deepest.
"""

from __future__ import annotations

from typing import Final

MOST_BYTES: Final = 128 * 1024
"""Bytes of a policy file in UTF-8."""
LONGEST_LINE: Final = 6_000
"""Characters of a line: tomllib needs time by the square of a dotted key's length."""
LONGEST_TEXT: Final = 2_000
"""Characters of a title, label, reason or unit."""
MOST_COHORTS: Final = 50
MOST_INDICATORS: Final = 50
"""Indicators of a cohort."""
MOST_RULES: Final = 200
"""Entries each of [[excluded]], [[adjustment]], [[override]], [[candidate]] and [[surcharge.other]]."""
MOST_VARIANTS: Final = 30
"""Entries of [[variant]]: the evaluation is repeated with each."""
MOST_CHANGES: Final = 30
"""Paths that a variant sets."""
LONGEST_PATH: Final = 300
"""Characters of such a path."""
MOST_COLUMNS: Final = 10
"""Columns by which enterprises are grouped."""

LONGEST_EXPRESSION: Final = 5_000
"""Characters of an expression."""
DEEPEST_EXPRESSION: Final = 64
"""Levels of an expression: polars needs time by the square, and a stack overflow in it ends the process."""
MOST_PARTS: Final = 1_000
"""Columns, constants and operations of an expression, as polars computes it: a ROUND takes its operand three times."""
MOST_DECIMALS: Final = 8
"""Decimals to which ROUND rounds, before or after the point; with more, a double cannot hold 90 million."""
MOST_FAULTS: Final = 50
"""Faults of a policy that are shown; of more there is the number."""
