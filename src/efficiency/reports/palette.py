"""The colours and the font of everything that people receive, on paper (light) and on a dark screen.

Tiers go from light (A) to dark (D), so that they keep their order in a grey print and for eyes that tell no hues
apart; the letter is always shown with the colour. Lists have a marker of their own beside their colour.
`tests/reports/test_palette.py` computes contrast, order and distance under three colour-vision deficiencies.
"""

from __future__ import annotations

FONT = "微软雅黑"

PAPER = "#FFFFFF"
INK = "#1F2933"
MUTED = "#5B6774"
RULE = "#BCC5CD"
HEADER = "#E3EAEF"
CARD = "#F3F6F8"
ACCENT = "#1F4E5F"
ALERT = "#9C4A00"
BACKGROUND_POINTS = "#B9C3CB"

TIER_FILL = {"A": "#D3EBDD", "B": "#82C0A8", "C": "#D67F33", "D": "#9E2B25"}
TIER_INK = {"A": INK, "B": INK, "C": "#101820", "D": "#FFFFFF"}
LIST_COLOURS = ("#DB7B17", "#8F3248", "#5335B7", "#5E8F4C", "#1A8CEB", "#3F1F00", "#5A5C0C", "#CA1592")

LIGHT = {
    "paper": PAPER, "ink": INK, "muted": MUTED, "rule": RULE, "header": HEADER, "card": CARD, "accent": ACCENT,
    "alert": ALERT, "points": BACKGROUND_POINTS,
}  # fmt: skip
"""What is drawn → its colour on paper and on a light screen; `DARK` has the same keys."""
DARK = {
    "paper": "#12181D", "ink": "#E6ECF0", "muted": "#A3B0BC", "rule": "#3B4853", "header": "#24303A", "card": "#1B242C",
    "accent": "#8CC4D6", "alert": "#F0A866", "points": "#55636F",
}  # fmt: skip
DARK_TIER_FILL = {"A": "#CBEBDA", "B": "#72B89C", "C": "#CC7A2B", "D": "#B8423A"}
DARK_TIER_INK = {"A": "#12181D", "B": "#12181D", "C": "#12181D", "D": "#FFFFFF"}
DARK_LIST_COLOURS = ("#F49104", "#D0412C", "#8A71F0", "#279481", "#93EEFD", "#FAD7B5", "#C5EE76", "#C077C7")
