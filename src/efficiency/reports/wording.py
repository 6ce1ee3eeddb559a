"""Chinese words for what problems name in codes: severities and canonical fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas import FORMS

if TYPE_CHECKING:
    import polars as pl

SEVERITIES: dict[str, str] = {"error": "错误", "warning": "警告", "note": "提示"}
"""Severity → the word a submitter reads, gravest first."""
FIELDS: dict[str, str] = {
    column.name: column.title for form in reversed(FORMS.values()) for column in form.columns
}
"""Canonical field → Chinese title; where two forms share a field's name, the form declared first titles it."""


def field_title(field: pl.Expr) -> pl.Expr:
    """Chinese title of a canonical field; what is no field (an energy carrier) stands for itself, null is blank."""
    return field.replace(FIELDS).fill_null("")
