"""核查: what was ticked for a candidate and from which data, what is missing, and who could supply it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efficiency.policy.words import flag_stated
from efficiency.reports.text import format_figure, percentage
from schemas import FED_BY, FORMS
from schemas.profile import ENERGY_LEVELS, INCIDENTS, MONTHS_WITHOUT, PROFILE
from schemas.results import SCORES

if TYPE_CHECKING:
    from efficiency.policy.model import Policy

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
_SHARES = ("tier_confidence",)
_NOT_FIRM = "只反映权重与数据的扰动，请复核后由人工判断"


@dataclass(frozen=True, slots=True)
class Check:
    """One verification of one candidate, in words."""

    mark: str
    label: str
    looked_at: str
    """The data with their values, as far as the results keep them."""
    cells: str
    """File, sheet and cell of what was stated; empty where nothing was."""
    missing: str
    """What is lacking and where it is to be stated; empty where the verification holds."""


def checks(rows: Iterable[Mapping[str, Any]], score: Mapping[str, Any], policy: Policy) -> list[Check]:
    """The verifications of one candidate in the policy's order.

    `rows` are its rows of results.verifications, `score` its row of results.scores.
    """
    return [_check(row, score, policy) for row in sorted(rows, key=lambda row: row["number"])]


def _check(row: Mapping[str, Any], score: Mapping[str, Any], policy: Policy) -> Check:
    known = dict(score)
    rules = policy.verification
    # What the results do not keep is told by the tick where the condition is that flag alone.
    if row["number"] < len(rules) and row["passed"] is not None:
        stated = flag_stated(rules[row["number"]].when)
        # A flag that may be unknown is not told by a tick that is missing.
        if stated is not None and not _COLUMNS[stated[0]].nullable:
            word, holds = stated
            known[word] = holds if row["passed"] else not holds
    words = row["columns"].split("、")
    return Check(
        mark=MARKS[row["passed"]],
        label=row["label"],
        looked_at="；".join(f"{_title(word)}：{_value(word, known)}" for word in words),
        cells=row["source_cell"] or "",
        missing=_missing(row["passed"], words, known),
    )


def _title(word: str) -> str:
    return _COLUMNS[word].title if word in _COLUMNS else word


def _value(word: str, known: Mapping[str, Any]) -> str:
    """The value as people write it, 未掌握 for null; where the results do not keep it, that the cells have it."""
    if word not in known:
        return "见依据单元格"
    match known[word]:
        case None:
            return "未掌握"
        case bool(value):
            return "是" if value else "否"
        case int(value) | float(value) if word in _SHARES:
            return percentage(value)
        case int(value) | float(value):
            unit = _COLUMNS[word].unit if word in _COLUMNS else None
            return f"{format_figure(value)}{unit or ''}"
        case value:
            return ENERGY_LEVELS.get(value, str(value))


def _missing(passed: bool | None, words: list[str], known: Mapping[str, Any]) -> str:
    """What it takes to tick the box: which form has to state what, or that no form can."""
    if passed:
        return ""
    if passed is None:
        return "本办法未测算，不作为缺项"
    return "；".join(_lacking(word, known) for word in words)


def _lacking(word: str, known: Mapping[str, Any]) -> str:
    title, form = _title(word), FORMS.get(_FORM_OF.get(word, ""))
    if word == "open_objection":
        return "有申诉待审批：请审批部门在《申诉更正》写明审批人或不予采纳的决定"
    if form is None:
        return f"{title}由测算得出，补报不能改变：{_NOT_FIRM if word in _SHARES else '请复核'}"
    if word == "visited":
        return f"请走访并在《{form.title}》填报走访日期"
    if word in known and known[word] is not None:
        return f"现为“{_value(word, known)}”，与核查事项不符；如有误请在《{form.title}》更正{title}"
    return f"缺{title}：请在《{form.title}》补报"
