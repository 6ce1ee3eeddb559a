"""The score card of one enterprise, as text, as data and as a workbook."""

from __future__ import annotations

from efficiency.reports.card.figures import span_words
from efficiency.reports.card.text import card_as_dict, card_as_text
from efficiency.reports.card.workbook import card_file_names, write_card

__all__ = [
    "card_as_dict",
    "card_as_text",
    "card_file_names",
    "span_words",
    "write_card",
]
