"""核查: what was ticked for a candidate and from which data, what is missing, and who could supply it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from efficiency.evaluation.lists import UNSTATED
from efficiency.reports.text import format_figure, percentage
from schemas import FED_BY, FORMS
from schemas.profile import INCIDENTS, MONTHS_WITHOUT, PROFILE
from schemas.results import SCORES, SEPARATOR

_CIRCUMSTANCES = (
    "months_since_visit", "tech_level", "willingness", "investment", "months_without_revenue",
    "months_without_electricity", "incident_documents", "phaseout_items", "below_baseline",
)  # fmt: skip
MARKS = {True: "☑", False: "☐", None: "—"}
"""Whether a verification holds → its tick; — for what the policy does not compute."""
_COLUMNS = {column.name: column for table in (SCORES, PROFILE) for column in table.columns}
_FORM_OF = {
    **dict.fromkeys((column.name for column in FORMS["register"].columns), "register"),
    "industry_division": "register",
    "months_since_commissioned": "register",
    **FED_BY,
    **{word: FED_BY[total] for word, (_, total) in MONTHS_WITHOUT.items()},
    **dict.fromkeys((column.name for column in FORMS["survey"].columns[2:]), "survey"),
    "months_since_visit": "survey",
    **dict.fromkeys(("open_incidents", *INCIDENTS, "incident_documents"), "incidents"),
    **dict.fromkeys(("phaseout_items", "phaseout_overdue"), "incidents"),
    **dict.fromkeys(("energy_level", "below_baseline", "renovate_by", "months_past_renovate_by"), "products"),
    "open_objection": "corrections",
}  # fmt: skip
"""Word of the profile → the form whose figures it comes from; words that are computed from all have none."""
_SHARES = ("tier_confidence", "agreement", "list_agreement")
_NOT_FIRM = "只反映测算所作的变动，请复核后由人工判断"


_UNDONE = {"visited": "否", "open_objection": "是"}
"""Yes/no word that says by itself what is to be done → the value where that is so."""


@dataclass(frozen=True, slots=True)
class Check:
    """One verification of one candidate, in words."""

    mark: str
    label: str
    looked_at: str
    """The data with their values."""
    cells: str
    """File, sheet and cell of what was stated; empty where nothing was."""
    missing: str
    """What is lacking and where it is to be stated; empty where the verification holds."""


def checks(rows: Iterable[Mapping[str, Any]]) -> list[Check]:
    """The verifications of one candidate in the policy's order: `rows` are its rows of results.verifications."""
    return [_check(row) for row in sorted(rows, key=lambda row: row["number"])]


def circumstances(score: Mapping[str, Any]) -> str:
    """What is known of the enterprise beside its figures, in words: visits, months without production, incidents.

    `score` is its row of results.scores; what is not known, or zero months, is left out.
    """
    return SEPARATOR.join(
        f"{_title(word)}：{_shown(word, format_figure(value) if isinstance(value, int | float) else str(value))}"
        for word in _CIRCUMSTANCES
        if (value := score.get(word)) is not None and (value != 0 or word == "months_since_visit")
    )


def _check(row: Mapping[str, Any]) -> Check:
    words = row["columns"].split("、") if row["columns"] else []
    texts = row["looked_at"].split(SEPARATOR) if row["looked_at"] else []
    # A text that has the separator in it cannot be told apart: then all stand together.
    values = dict(zip(words, texts, strict=True)) if len(texts) == len(words) else {}
    said = [f"{_title(word)}：{_shown(word, value)}" for word, value in values.items()]
    return Check(
        mark=MARKS[row["passed"]],
        label=row["label"],
        looked_at=SEPARATOR.join(said) if said else row["looked_at"] or "",
        cells=row["source_cell"] or "",
        missing=_missing(row["passed"], words, values),
    )


def _title(word: str) -> str:
    return _COLUMNS[word].title if word in _COLUMNS else word


def _shown(word: str, value: str) -> str:
    """The value with its unit; a share as a percentage."""
    if word in _SHARES and re.fullmatch(r"[\d.]+", value):
        return percentage(float(value))
    unit = _COLUMNS[word].unit if word in _COLUMNS else None
    unit = "个月" if unit == "月" else unit
    return f"{value}{unit}" if unit and re.fullmatch(r"-?[\d.,]+", value) else value


def _missing(passed: bool | None, words: list[str], values: Mapping[str, str]) -> str:
    """What it takes to tick the box: which form has to state what, or that no form can."""
    if passed:
        return ""
    if passed is None:
        return "本办法未测算，不作为缺项"
    # Of several data those that nobody has stated come first: the others may be as they should be.
    open_ones = [word for word in words if values.get(word) in (None, *UNSTATED, _UNDONE.get(word))]
    known = [word for word in words if word not in _UNDONE]
    return "；".join(_lacking(word, values) for word in open_ones or known or words)


def _lacking(word: str, values: Mapping[str, str]) -> str:
    title, form = _title(word), FORMS.get(_FORM_OF.get(word, ""))
    if word == "open_objection":
        return "有申诉待审批：请审批部门在《申诉更正》写明审批人或不予采纳的决定"
    if form is None:
        return f"{title}由测算得出，补报不能改变：{_NOT_FIRM if word in _SHARES else '请复核'}"
    if word == "visited":
        return f"请走访并在《{form.title}》填报走访日期"
    value = values.get(word)
    if value is not None and value not in UNSTATED:
        return f"现为“{_shown(word, value)}”，与核查事项不符；如有误请在《{form.title}》更正{title}"
    return f"缺{title}：请在《{form.title}》补报"
