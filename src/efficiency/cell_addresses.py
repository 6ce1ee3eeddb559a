"""Columns of spreadsheets as letters and as numbers: A is 1, Z is 26, AA is 27."""

from __future__ import annotations


def column_letters(number: int) -> str:
    """The letters of the column with this number, counted from 1."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """The number, counted from 1, of the column that these capital letters name."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
