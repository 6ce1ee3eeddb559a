"""argparse's own words (usage, options, its errors), which it asks of gettext, in the language of the commands."""

from __future__ import annotations

import gettext
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from efficiency.language.messages import DOMAIN, FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efficiency.language.messages import Language

_VARIABLE = "LANGUAGE"
"""The first that gettext looks at."""


@contextmanager
def words_of_argparse(language: Language) -> Iterator[None]:
    """Within the block argparse speaks `language`."""
    domain, before = gettext.textdomain(), os.environ.get(_VARIABLE)
    gettext.bindtextdomain(DOMAIN, str(FOLDER))
    gettext.textdomain(DOMAIN)
    os.environ[_VARIABLE] = language
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
