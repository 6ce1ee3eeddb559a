"""What a header that is not ours was probably meant for: the words of messages, never the meaning of a figure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from efficiency.intake.layout.header_cells import IDENTITY, piece
from efficiency.intake.parsing import is_planned
from efficiency.reference.tables import carrier_aliases, normalise_name
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from efficiency.intake.layout.header_cells import Header
    from schemas.column import Column, Form

MOST = 3
"""Headers that a message proposes."""
ALIKE = 0.4
"""Least likeness of two headers that have no word of a measure in common."""


def measures_meant(label: str) -> tuple[tuple[Form, Column], ...]:
    """The columns of figures whose words a header contains; those of the longest word where it contains several."""
    plain = normalise_name(label)
    found = [(word, meant) for word, meant in _words() if word in plain]
    longest = max((len(word) for word, _ in found), default=0)
    return tuple(dict.fromkeys(meant for word, meant in found if len(word) == longest))


def nearest_headers(label: str, forms: Collection[str], stated: Collection[str] = ()) -> list[str]:
    """Up to three accepted headers that are nearest to `label`, the nearest first.

    Of the columns of figures whose words it contains; else of those of `forms` that are like it. `stated` are titles
    of columns that the table has already.
    """
    meant = [(form, column) for form, column in measures_meant(label) if column.title not in stated]
    if meant:
        names = [name for form, column in meant for name in _names(form, column)]
        return _like(label, names, 0.0)
    every = [(form, column) for form in map(FORMS.__getitem__, forms) for column in form.columns if column.figure]
    return _like(label, [name for _, column in every if column.title not in stated for name in column.headers], ALIKE)


def hint_at_form(header: Header | None, labels: Mapping[int, str]) -> str:
    """Why a table with this header, or a sheet without a header, states no form, in Chinese.

    `labels` are the texts of each column's header, those that are not understood too.
    """
    if header is None or not header.identity:
        return (
            "未找到“企业名称”或“统一社会信用代码”列。企业名称横排、月份竖排的，请在标题中写明是哪项指标及其单位，"
            "如“2026年企业用电量(万千瓦时)”。"
        )
    others = {column: m for column, m in header.meanings.items() if not m.identity and (m.fields or m.carrier)}
    unknown = {column: label for column, label in labels.items() if column not in header.meanings}
    meant = {column: found for column, label in unknown.items() if (found := measures_meant(label))}
    shared = {
        form: 2 * sum(1 for meaning in others.values() if meaning.field(form))
        + sum(1 for found in meant.values() if any(of.id == form for of, _ in found))
        for form in FORMS
    }
    nearest = FORMS[max(shared, key=lambda form: shared[form])]
    if plans := [
        label for column, label in unknown.items() if column in meant and any(map(is_planned, label.split("|")))
    ]:
        return f"“{plans[0]}”写明是计划数或预计数，不能代替实际完成数；请填报实际完成数，并改正表头。"
    proposals = _proposals(unknown, meant, nearest)
    if not shared[nearest.id] and any(not m.named and m.timing for m in header.meanings.values()):
        return "只有各月的列，没有写明是哪项指标；请在标题或表头中写明，如“2026年营业收入(万元)”。"
    if not shared[nearest.id]:
        return "" if others else "除企业名称、代码外，没有一列的表头是各表式的指标名称。"
    stated = {meaning.field(nearest.id) for meaning in header.meanings.values()}
    lacking = [column for column in nearest.columns if column.required and column.name not in {*stated, *IDENTITY}]
    # Carriers may as well be columns.
    if not lacking or (nearest.id == "energy" and "carrier" not in stated):
        return f"最接近“{nearest.title}”。{proposals}"
    return f"最接近“{nearest.title}”，缺少列：{'、'.join(_with_aliases(column) for column in lacking)}。{proposals}"


def _proposals(unknown: Mapping[int, str], meant: Collection[int], form: Form) -> str:
    """What to write in place of the headers that may be meant for a measure of `form`."""
    proposals = [
        f"与“{unknown[column]}”相近的表头有{_quoted(names)}"
        for column in list(meant)[:MOST]
        if (names := nearest_headers(unknown[column], (form.id,)))
    ]
    return f"{'；'.join(proposals)}；口径相同的，请改用该表头。" if proposals else ""


def _with_aliases(column: Column) -> str:
    """A column's title with some of the other headers that are accepted for it."""
    return f"{column.title}（也可写{_quoted(column.aliases[:MOST])}）" if column.aliases else column.title


def _quoted(names: Iterable[str]) -> str:
    return "、".join(f"“{name}”" for name in names)


@cache
def _words() -> tuple[tuple[str, tuple[Form, Column]], ...]:
    return tuple(
        (normalise_name(word), (form, column))
        for form in FORMS.values()
        for column in form.columns
        for word in column.words
    )


def _names(form: Form, column: Column) -> tuple[str, ...]:
    """What a header for the column may be; for consumption in a wide table the names of carriers too."""
    is_consumption = (form.id, column.name) == ("energy", "consumption")
    return (*carrier_aliases(), *column.headers) if is_consumption else column.headers


def _like(label: str, names: Iterable[str], least: float) -> list[str]:
    """The `names` that have most characters and pairs of characters in common with `label`."""
    own = _signs(piece(label).name or normalise_name(label))
    scored = {name: 2 * len(own & signs) / (len(own) + len(signs)) for name in names if (signs := _signs(name))}
    best = sorted((name for name in scored if scored[name] > least), key=lambda name: -scored[name])
    return best[:MOST]


def _signs(name: str) -> frozenset[str]:
    plain = normalise_name(name)
    return frozenset(plain) | {plain[at : at + 2] for at in range(len(plain) - 1)}
