"""Where a zone stands (project, inbox, last evaluation) and what its operator does next; reads only."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from efficiency.errors import EfficiencyError
from efficiency.intake.files import inbox_paths
from efficiency.intake.resolution import open_problems
from efficiency.language import message_of, say
from efficiency.periods import period_start, shifted
from efficiency.policy.load import load_policy
from efficiency.project import NAME, project_file
from efficiency.warehouse.lock import holder
from efficiency.warehouse.read import load
from schemas import CANDIDATES, EVALUATIONS, PROBLEMS, SUBMISSIONS

VERIFY = "verify"
"""The list of those that are to be verified before they are on another."""


def next_step_lines(inbox: Path, warehouse: Path, policy: str, today: date) -> list[str]:
    """What there is, then the commands to go on with.

    The month that is due is the one before `today`, or the one after the last evaluated where that is earlier.
    """
    file = project_file(Path.cwd())
    zones = sorted(found.parent.name for found in Path.cwd().glob(f"*/{NAME}"))
    if file is None and not inbox.is_dir() and not warehouse.is_file() and zones:
        return [say("A zone stands below this folder. Go there first: cd {zone}", zone=zone) for zone in zones]
    if file is None and not inbox.is_dir() and not warehouse.is_file():
        return [
            say("There is no work here yet: no efficiency.toml, no inbox and no warehouse."),
            say("Next: efficiency init OUR-ZONE   a new zone (folders, settings, blank workbooks, policy)"),
            say("      efficiency --help          all commands"),
        ]
    lines: list[str] = [
        say("Settings: {file}", file=file)
        if file
        else say("Settings: no efficiency.toml, so the defaults (efficiency init makes one)")
    ]
    files = inbox_paths(inbox) if inbox.is_dir() else []
    lines.append(
        say("Inbox: {inbox}, {number} files", inbox=inbox, number=len(files))
        if inbox.is_dir()
        else say("Inbox: {inbox}, a folder that is not there yet", inbox=inbox)
    )
    policy_id, wrong = _policy(policy)
    lines.append(
        say("Policy: {policy}, which cannot be used: {wrong}", policy=policy, wrong=wrong)
        if wrong
        else say("Policy: {policy}", policy=policy)
    )
    due, more = _of_warehouse(warehouse, policy_id, today)
    lines += more
    if wrong:
        return [*lines, say("Next: mend the policy as said above")]
    if not files:
        return [
            *lines,
            say("Next: put the departments' workbooks into {inbox}; blank ones: efficiency template 模板", inbox=inbox),
        ]
    check = f"efficiency check {inbox}"
    if due is None:
        ahead = say(
            "Next: every month is evaluated. efficiency status shows what is missing; when workbooks come: {check}",
            check=check,
        )
        return [*lines, ahead]
    return [
        *lines,
        say("Next: {check}", check=check),
        say("          looks for mistakes in what was sent, to give back"),
        say("      efficiency run --period {due}", due=due),
        say("          evaluates {due}", due=due),
    ]


def _of_warehouse(warehouse: Path, policy_id: str | None, today: date) -> tuple[str | None, list[str]]:
    """The month that is due (YYYY-MM; None where none is) and what the warehouse says."""
    last_month = shifted(today.replace(day=1), -1)
    names = [table.qualified for table in (EVALUATIONS, PROBLEMS, SUBMISSIONS, CANDIDATES)]
    contents = load(warehouse, only=names)
    if contents is None:
        return f"{last_month:%Y-%m}", [
            say("Warehouse: {warehouse}, which the first evaluation makes", warehouse=warehouse)
        ]
    lines: list[str] = []
    if by := holder(warehouse):
        lines.append(say("Warehouse: {warehouse}, in use: {by}", warehouse=warehouse, by=by))
    evaluations = contents[EVALUATIONS.qualified].filter("current").sort("period", "created_at")
    if evaluations.is_empty():
        return f"{last_month:%Y-%m}", [
            *lines,
            say("Warehouse: {warehouse}, without an evaluation yet", warehouse=warehouse),
        ]
    if policy_id and (own := evaluations.filter(policy_id=policy_id)).height:
        evaluations = own  # another policy that was tried on a month is not the zone's
    last = evaluations.row(-1, named=True)
    severities = open_problems(contents[PROBLEMS.qualified], contents[SUBMISSIONS.qualified])["severity"]
    listed = contents[CANDIDATES.qualified].filter(evaluation_id=last["evaluation_id"])
    lines.append(
        say(
            "Last: {period} ({policy_id}), evaluated on {day}; {listed} enterprises on lists, {verify} of them to be "
            "verified; {errors} errors open",
            period=last["period"],
            policy_id=last["policy_id"],
            day=f"{last['created_at']:%Y-%m-%d}",
            listed=listed.height,
            verify=listed.filter(pl.col("list") == VERIFY).height,
            errors=(severities == "error").sum(),
        )
    )
    following = shifted(period_start(last["period"]), 1)
    return (f"{following:%Y-%m}" if following <= last_month else None), lines


def _policy(policy: str) -> tuple[str | None, str]:
    """The id of the policy; None where it cannot be used, and what is wrong with it, in one line."""
    try:
        return load_policy(policy).id, ""
    except EfficiencyError as error:
        return None, message_of(error)
