"""The language of what an operator reads: messages are written in English and have a Chinese twin in one catalogue.

`say` makes a message: a text in English that also knows its pattern and values, so that whoever prints it can print it
in the operator's language (`shown`). Logs, JSON and callers of Python take it as the English text that it is.
"""

from __future__ import annotations

from efficiency.language.messages import (
    Language,
    Text,
    foreign,
    in_language,
    joined,
    message_of,
    of_pydantic,
    reason,
    say,
    shown,
    speaking,
    spoken,
)
from efficiency.language.of_system import language_of_system
from efficiency.language.words_of_argparse import words_of_argparse

__all__ = [
    "Language",
    "Text",
    "foreign",
    "in_language",
    "joined",
    "language_of_system",
    "message_of",
    "of_pydantic",
    "reason",
    "say",
    "shown",
    "speaking",
    "spoken",
    "words_of_argparse",
]
