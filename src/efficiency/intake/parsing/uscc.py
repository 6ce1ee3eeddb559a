"""统一社会信用代码 (GB 32100-2015): the check character and what is wrong with a code, as columnar expressions.

Source: published descriptions of GB 32100-2015. That a remainder of 0 gives the check character 0
(31 − 0 = 31 counts as 0) is not stated in them; a second published implementation does the same, tested on a real
code (secondary).
"""

from __future__ import annotations

import polars as pl

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters in use; the letters I, O, S, V and Z are not."""
LENGTH = 18
WEIGHTS = tuple(pow(3, position, 31) for position in range(LENGTH - 1))

_VALUES: dict[str, int] = {character: value for value, character in enumerate(ALPHABET)}
_CHARACTERS: dict[int, str] = dict(enumerate(ALPHABET))


def normalise(code: pl.Expr) -> pl.Expr:
    """Write the code in half-width capitals without any space; empty becomes null."""
    text = code.str.normalize("NFKC").str.replace_all(r"[\s\u200b\ufeff]", "").str.to_uppercase()
    return pl.when(text.str.len_chars() > 0).then(text)


def check_character(code: pl.Expr) -> pl.Expr:
    """Compute the 18th character that the first 17 of `code` require; null where one of them is not in use."""
    total = pl.lit(0, dtype=pl.Int32)
    for position, weight in enumerate(WEIGHTS):
        value = code.str.slice(position, 1).replace_strict(_VALUES, default=None, return_dtype=pl.Int32)
        total = total + value * weight
    return ((31 - total % 31) % 31).replace_strict(_CHARACTERS, default=None, return_dtype=pl.String)


def is_valid(code: pl.Expr) -> pl.Expr:
    """Tell whether `code` has 18 characters in use and the right check character; false for null."""
    right = (code.str.len_chars() == LENGTH) & (code.str.slice(LENGTH - 1, 1) == check_character(code))
    return right.fill_null(False)


def flaw(code: pl.Expr) -> pl.Expr:
    """Say what is wrong with an invalid code, in Chinese: its length, a character, or the check character."""
    length = code.str.len_chars()
    expected = check_character(code)
    return (
        pl.when(length != LENGTH)
        .then(pl.format("代码应为 18 位，现为 {} 位。", length))
        .when(expected.is_null())
        .then(pl.lit("代码只能由数字和大写字母组成，且不使用 I、O、S、V、Z。"))
        .otherwise(pl.format("如前 17 位无误，第 18 位校验码应为“{}”。", expected))
    )
