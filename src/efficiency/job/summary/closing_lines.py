"""The end of a run as its operator reads it: what is new, what is missing, what is to be verified, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.job.summary.as_json import folder_of
from efficiency.job.summary.news import new_findings, new_problems, new_warnings
from efficiency.language import Text, say
from efficiency.monitoring.late_returns import watch_lines
from efficiency.periods import period_start, shifted
from efficiency.policy.model import VERIFY
from efficiency.reports.delivery import RETURNED, TOWNS
from efficiency.reports.text import on_one_line
from schemas import FORMS
from schemas.profile import PROFILE_TITLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from efficiency.job.contracts import CompletedRun, PeriodEvaluation

NAMED = 5
"""Things of one kind that the lines name before they say how many more there are."""


def closing_lines(completed: CompletedRun, summary: Mapping[str, Any], period: str | None = None) -> Iterator[Text]:
    """The end of a run of which only the results of `period` are said, by default of all its periods.

    `summary` is what `as_json` makes of the run.
    """
    yield from _faults(completed)
    yield from _intake(completed, summary)
    fresh, as_before = new_findings(completed)
    yield from watch_lines(fresh)
    if as_before:
        yield say("Noticed before and still so: {number} late, missing or changed returns.", number=as_before)
    warnings = {of: (new, known) for of, new, known in new_warnings(completed)}
    titles = completed.run.policy.list_titles
    chosen = [one for one in completed.evaluations if period in (None, one.period)]
    results = {one["period"]: one for one in summary["evaluations"]}
    for one in chosen:
        yield _result(results[one.period], titles)
        yield from _missing(one.period, results[one.period]["missing"])
        yield from _warnings(one.period, *warnings[one.period])
        yield from _to_verify(one, titles)
    yield from _places(completed, [one.period for one in chosen])
    yield from _next(completed, chosen, results)


def _faults(completed: CompletedRun) -> Iterator[Text]:
    for row in completed.validated.open_problems.filter(pl.col("rule") == "internal").iter_rows(named=True):
        name = row["file_name"]
        yield say(
            "A fault of the program: {where} was not read ({fault}). Everything else was; send this line and the file "
            "to whoever maintains the program (`efficiency check --debug` shows more).",
            where=say("{file}, sheet {sheet}", file=name, sheet=row["sheet"]) if row["sheet"] else name,
            fault=row["value"],
        )


def _intake(completed: CompletedRun, summary: Mapping[str, Any]) -> Iterator[Text]:
    """What was read, what is wrong with it, and which files came back mended."""
    counts = summary["counts"]
    yield say(
        "Read {new} new of {files} files. Rows on record: {total} = {accepted} accepted + {rejected} rejected + "
        "{superseded} superseded or repeated + {totals} totals + {notes} notes + {blank} blank.",
        new=counts["files_new"],
        files=counts["files"],
        total=counts["rows_total"],
        **{name: counts[f"rows_{name}"] for name in ("accepted", "rejected", "superseded", "totals", "notes", "blank")},
    )
    severities = ("error", "warning", "note")
    yield say(
        "Problems: {errors} errors, {warnings} warnings, {notes} notes.",
        **{f"{severity}s": counts[f"problems_{severity}"] for severity in severities},
    )
    fresh = new_problems(completed.validated)
    if 0 < fresh.height < counts["problems"]:
        yield say(
            "New since the last run: {errors} errors, {warnings} warnings, {notes} notes.",
            **{f"{severity}s": fresh.filter(severity=severity).height for severity in severities},
        )
    errors = fresh.filter((pl.col("severity") == "error") & (pl.col("rule") != "internal"))
    for row in errors.head(NAMED).iter_rows(named=True):
        place = " ".join(part for part in (row["file_name"], row["sheet"], row["cell"]) if part)
        yield say("New error: {place}: {message}", place=on_one_line(place), message=on_one_line(row["message"]))
    if errors.height > NAMED:
        yield say("… and {number} more new errors, marked in the workbooks to give back.", number=errors.height - NAMED)
    digests = {file.sha256 for file in completed.validated.ingested.files}
    for one in summary["corrected"]:
        if one["sha256"] in digests:
            yield say(
                "Came back: {file_name}: {before} problems before, {mended} mended, {left} left, {new} new.",
                **{name: one[name] for name in ("file_name", "before", "mended", "left", "new")},
            )


def _result(result: dict[str, Any], titles: dict[str, str]) -> Text:
    """Tiers, who has none, and lists of one period."""
    tiers: object = " ".join(f"{tier} {count}" for tier, count in result["tiers"].items())
    if not any(result["tiers"].values()):  # of a method that gives none
        tiers = say("{number} ranked, no tiers", number=result["statuses"].get("ranked", 0))
    counts = result["statuses"]
    words = {
        "insufficient": say("{number} without enough data", number=counts.get("insufficient", 0)),
        "excluded": say("{number} excluded", number=counts.get("excluded", 0)),
        "out_of_scope": say("{number} out of scope", number=counts.get("out_of_scope", 0)),
    }
    return say(
        "{period} ({policy_id}): {tiers}; {others}. Lists: {lists}.",
        period=result["period"],
        policy_id=result["policy_id"],
        tiers=tiers,
        others=[words[status] for status in words if status in counts] or say("all ranked"),
        lists=[f"{titles.get(name, name)} {count}" for name, count in result["lists"].items()] or say("none"),
    )


def _missing(period: str, missing: list[dict[str, Any]]) -> Iterator[Text]:
    """What enterprises lack, the most frequent first, e.g. 产出 2026-03 for 23 enterprises (营业收入, 实缴税金)."""
    for row in missing[:NAMED]:
        runs: list[list[str]] = []
        for month in row["months"]:
            if runs and f"{shifted(period_start(runs[-1][-1]), 1):%Y-%m}" == month:
                runs[-1].append(month)
            else:
                runs.append([month])
        months = [Text("..".join(dict.fromkeys((run[0], run[-1])))) for run in runs]
        yield say(
            "Missing ({period}): {form} {months} for {number} enterprises ({words}).",
            period=period,
            form=FORMS[row["form"]].title,
            months=months or say("altogether"),
            number=row["enterprises"],
            words=[PROFILE_TITLES.get(word, word) for word in row["words"]],
        )
    if len(missing) > NAMED:
        yield say(
            "Missing ({period}): {number} other gaps of {enterprises} enterprises; the workbook names each.",
            period=period,
            number=len(missing) - NAMED,
            enterprises=sum(row["enterprises"] for row in missing[NAMED:]),
        )


def _warnings(period: str, new: list[str], known: int) -> Iterator[Text]:
    """The evaluation's warnings that were not said before, whose language is the officials'."""
    for warning in new[:NAMED]:
        yield say("Mind ({period}): {warning}", period=period, warning=warning)
    if len(new) > NAMED:
        yield say("Mind ({period}): {number} more warnings, in the workbook.", period=period, number=len(new) - NAMED)
    if known:
        yield say(
            "Said before and still so ({period}): {number} warnings, in the workbook.", period=period, number=known
        )


def _to_verify(one: PeriodEvaluation, titles: dict[str, str]) -> Iterator[Text]:
    """Who would be on a list and is to be verified first."""
    rows = one.candidates.filter(pl.col("list") == VERIFY)
    if rows.is_empty():
        return
    named = [
        f"{row['name']}（{titles.get(row['would_be'], row['would_be'])}：{row['missing']}）"
        for row in rows.head(NAMED).iter_rows(named=True)
    ]
    more = say(" and {number} more", number=rows.height - NAMED) if rows.height > NAMED else ""
    yield say(
        "To be verified ({period}): {number} enterprises: {named}{more}.",
        period=one.period,
        number=rows.height,
        named=named,
        more=more,
    )


def _places(completed: CompletedRun, periods: list[str]) -> Iterator[Text]:
    """Where everything stands."""
    if completed.published:
        yield say("Warehouse: {path}", path=completed.run.request.warehouse)
    if returned := _returned(completed):
        yield say("To give back: {number} workbooks in {folder}", number=returned, folder=_returns(completed))
    for period in periods:
        reports = folder_of(completed, period)
        if reports.name != period:
            yield say(
                "Reports of {period}: {folder}, since {usual} holds another policy's evaluation, which stays.",
                period=period,
                folder=reports,
                usual=completed.run.request.output / period,
            )
        folder = reports / TOWNS
        copies = sum(path.is_relative_to(folder) for path in completed.files)
        if copies:
            yield say("By town: {number} workbooks in {folder}", number=copies, folder=folder)
    yield from (say("Workbook: {path}", path=path) for path in _workbooks(completed) if path.stem[-7:] in periods)


def _next(
    completed: CompletedRun, chosen: list[PeriodEvaluation], results: dict[str, dict[str, Any]]
) -> Iterator[Text]:
    """What the operator does next, in the order in which it is done; `results`: period → its part of the summary."""
    last = chosen[-1].period
    steps = []
    if _returned(completed):
        steps.append(
            say("give back the marked workbooks and ask for them mended: {folder}", folder=_returns(completed))
        )
    if any(results[one.period]["missing"] for one in chosen):
        steps.append(say("ask for what is missing; who lacks what: efficiency status --period {period}", period=last))
    to_verify = sum(one.candidates.filter(pl.col("list") == VERIFY).height for one in chosen)
    if to_verify:
        steps.append(say("verify {number} enterprises, then run again (list 待核实 of the workbook)", number=to_verify))
    if not results[last]["statuses"].get("ranked"):
        steps.append(say("nobody could be rated: nothing of {period} goes to a committee yet", period=last))
    else:
        steps += [
            say("look through the workbook before it goes to the committee: {path}", path=path)
            for path in _workbooks(completed)[-1:]
        ]
    for number, step in enumerate(steps, 1):
        yield say("Next {number}: {step}", number=number, step=step)


def first_to_open(completed: CompletedRun) -> Iterator[Text]:
    """What whoever runs the sample opens first, and then."""
    yield say("Open the workbook of the evaluation first: {path}", path=_workbooks(completed)[-1])
    if returned := _returned(completed):
        yield say(
            "Then the {number} workbooks to give back to their departments, problems coloured and commented: {folder}",
            number=returned,
            folder=_returns(completed),
        )
    else:
        yield say("No workbook has to be given back this month.")


def _workbooks(completed: CompletedRun) -> list[Path]:
    """The officials' workbook of each period."""
    named = [path for path in completed.files if path.name.startswith("能耗产出效益评价_")]
    return [path for path in named if path.parent.name != TOWNS]


def _returns(completed: CompletedRun) -> Path:
    """The folder of the files to give back."""
    return completed.folders[-1] / RETURNED


def _returned(completed: CompletedRun) -> int:
    """How many files are to be given back."""
    return sum(path.is_relative_to(_returns(completed)) for path in completed.files)
