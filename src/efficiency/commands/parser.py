"""The parser of the command line, whose help is printed in the operator's language."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from efficiency.language import shown, spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHINESE = r"\u2e80-\u9fff\uff00-\uffef"
_PIECES = re.compile(rf"[“（《]?(?:[^\s{_CHINESE}]+|[{_CHINESE}])[、，。；：！？）”》…]*|\s+")
"""What stays on one line of Chinese help: a sign with the punctuation after it, or a word of Latin letters."""


class Formatter(argparse.HelpFormatter):
    """Help in the language of this process, broken by the columns that it takes on a terminal."""

    def add_text(self, text: str | None) -> None:
        """A description or an epilogue."""
        super().add_text(None if text is None else shown(text))

    def start_section(self, heading: str | None) -> None:
        """A heading over options or commands."""
        super().start_section(None if heading is None else shown(heading))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return None if action.help is None else shown(action.help)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return list(_lines(text, width)) if spoken() == "zh" else super()._split_lines(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if spoken() != "zh":
            return super()._fill_text(text, width, indent)
        return "\n".join(f"{indent}{line}" for line in _lines(text, width - len(indent)))


class Parser(argparse.ArgumentParser):
    """A parser whose help goes by `Formatter`."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # those of argparse
        super().__init__(**{"formatter_class": Formatter, **options})


def _lines(text: str, width: int) -> Iterator[str]:
    """`text` in lines of at most `width` columns, of which a Chinese sign takes two."""
    from rich.cells import cell_len

    line = ""
    for piece in _PIECES.findall(" ".join(text.split())):
        if line and cell_len(line) + cell_len(piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    if line.rstrip():
        yield line.rstrip()
