"""Messages that can be printed in each language, and the language in which this process prints."""

from __future__ import annotations

import gettext
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DOMAIN = "efficiency"
FOLDER = Path(__file__).parent
"""Of the catalogue, where gettext looks for zh/LC_MESSAGES/efficiency.mo."""
Language = Literal["zh", "en"]
"""That of what a command prints."""
_SEPARATORS: dict[Language, str] = {"zh": "、", "en": ", "}
"""What stands between the members of an enumeration."""


class Text(str):
    """A message in English, with the pattern and the values that it was made of."""

    pattern: str
    values: Mapping[str, object]

    def __new__(cls, text: str, pattern: str | None = None, values: Mapping[str, object] | None = None) -> Text:
        """`text` is the message; without `pattern` it is its own."""
        made = super().__new__(cls, text)
        made.pattern = text if pattern is None else pattern
        made.values = values or {}
        return made


def say(pattern: str, /, **values: object) -> Text:
    """The message `pattern`, an entry of the catalogue, with `values` for what stands in braces.

    A value may be a message itself or an exception, which are put into the language with it, or a list, which becomes
    an enumeration. The pattern is a literal, so that a test can hold the catalogue against all of them.
    """
    return Text(pattern.format_map(_values(values, "en")), pattern, values)


def joined(parts: Iterable[str], separator: str = " ") -> Text:
    """Several messages as one."""
    named = {f"part{number}": part for number, part in enumerate(parts)}
    pattern = separator.replace("{", "{{").replace("}", "}}").join(f"{{{name}}}" for name in named)
    return Text(separator.join(named.values()), pattern, named)


def foreign(text: str) -> Text:
    """What the system or a library says; the catalogue has what they say most, anything else stays as it is."""
    return Text(text, text.replace("{", "{{").replace("}", "}}"))


def reason(error: OSError) -> Text:
    """What the system says of `error`."""
    return foreign(error.strerror or str(error))


def message_of(error: BaseException) -> str:
    """The message of `error`, which is a `Text` where it was raised with one."""
    return error.args[0] if len(error.args) == 1 and isinstance(error.args[0], Text) else str(error)


def of_pydantic(fault: Mapping[str, Any]) -> str:
    """What is wrong with a value: by a check of our own, or as pydantic says it."""
    own = fault.get("ctx", {}).get("error")
    return message_of(own) if isinstance(own, ValueError) else foreign(str(fault["msg"]).removeprefix("Value error, "))


def in_language(text: object, language: Language) -> str:
    """A message, or that of an exception, in `language`; any other text stays as it is."""
    if isinstance(text, OSError) and text.strerror:
        if language == "en":
            return str(text)
        return in_language(joined([reason(text), *([str(text.filename)] if text.filename else [])], ": "), language)
    said = message_of(text) if isinstance(text, BaseException) else text
    if not isinstance(said, Text) or not said or language == "en":
        return str(said)
    return _catalogue(language).gettext(said.pattern).format_map(_values(said.values, language))


def shown(text: object) -> str:
    """`text` in the language in which this process prints."""
    return in_language(text, spoken())


_spoken: list[Language] = ["en"]
"""The last is in force, in every thread of the process."""


def spoken() -> Language:
    """The language in which this process prints; English unless the command line has chosen another."""
    return _spoken[-1]


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Print in `language` within the block."""
    _spoken.append(language)
    try:
        yield
    finally:
        _spoken.pop()


def _values(values: Mapping[str, object], language: Language) -> dict[str, object]:
    return {name: _value(value, language) for name, value in values.items()}


def _value(value: object, language: Language) -> object:
    if isinstance(value, list | tuple):
        return _SEPARATORS[language].join(in_language(one, language) for one in value)
    return in_language(value, language) if isinstance(value, Text | BaseException) else value


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, FOLDER, [language])
