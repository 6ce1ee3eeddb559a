"""The colours and the font of everything that people receive.

Tier colours differ in lightness as well as in hue, so that they differ in a grey print too; the letter of the tier is
always shown with the colour.
"""

from __future__ import annotations

FONT = "微软雅黑"

INK = "#1F2933"
MUTED = "#66727F"
RULE = "#BCC5CD"
HEADER = "#E3EAEF"
CARD = "#F3F6F8"
ACCENT = "#1F4E5F"
ALERT = "#9C4A00"
BACKGROUND_POINTS = "#B9C3CB"

TIER_FILL = {"A": "#5FA893", "B": "#D5E9E0", "C": "#EBC066", "D": "#B5483C"}
TIER_INK = {"A": INK, "B": INK, "C": INK, "D": "#FFFFFF"}
LIST_COLOURS = ("#D07B0F", "#8C1C13", "#4C4A8F", "#1E7A5F", "#2F6DA8", "#7A5C3E", "#8A8F2A", "#A8487C")
