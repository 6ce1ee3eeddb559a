"""Where a zone stands (project, inbox, last evaluation) and what its operator does next; reads only."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from efficiency.errors import EfficiencyError
from efficiency.intake.files import inbox_paths
from efficiency.intake.resolution import open_problems
from efficiency.periods import period_start, shifted
from efficiency.policy.load import load_policy
from efficiency.project import project_file
from efficiency.warehouse.lock import holder
from efficiency.warehouse.read import load
from schemas import CANDIDATES, EVALUATIONS, PROBLEMS, SUBMISSIONS

VERIFY = "verify"
"""The list of those that are to be verified before they are on another."""


def next_step_lines(inbox: Path, warehouse: Path, policy: str, today: date) -> list[str]:
    """Lines in Chinese: what there is, then the commands to go on with.

    The month that is due is the one before `today`, or the one after the last evaluated where that is earlier.
    """
    file = project_file(Path.cwd())
    if file is None and not inbox.is_dir() and not warehouse.is_file():
        return [
            "这里还没有评价工作：没有 efficiency.toml，也没有收表文件夹和数据仓库。",
            "下一步：efficiency init 我区        建一个新的区（文件夹、设置、空白表格、评价办法）",
            "        efficiency --help          全部命令",
        ]
    lines = [f"设置：{file}" if file else "设置：没有 efficiency.toml，用缺省值（efficiency init 可建）"]
    files = inbox_paths(inbox) if inbox.is_dir() else []
    lines.append(f"收表：{inbox}，{len(files)} 个文件" if inbox.is_dir() else f"收表：{inbox} 还没有这个文件夹")
    wrong = _wrong_policy(policy)
    lines.append(f"办法：{policy}" + (f"，不能用：{wrong}" if wrong else ""))
    due, more = _of_warehouse(warehouse, policy, today)
    lines += more
    if wrong:
        return [*lines, "下一步：按上面的提示改评价办法"]
    if not files:
        return [*lines, f"下一步：把各部门报来的表格放进 {inbox}；空白表格：efficiency template 模板"]
    check = f"efficiency check {inbox}"
    if due is None:
        return [*lines, "下一步：各月都评价了。efficiency status 看还缺什么；新表到了先 " + check]
    return [
        *lines,
        f"下一步：{check}",
        "            先看报来的表格有没有错，退回改正",
        f"        efficiency run --period {due}",
        f"            评价 {period_start(due):%Y}年{period_start(due).month}月",
    ]


def _of_warehouse(warehouse: Path, policy: str, today: date) -> tuple[str | None, list[str]]:
    """The month that is due (YYYY-MM; None where none is) and what the warehouse says."""
    last_month = shifted(today.replace(day=1), -1)
    names = [table.qualified for table in (EVALUATIONS, PROBLEMS, SUBMISSIONS, CANDIDATES)]
    contents = load(warehouse, only=names)
    if contents is None:
        return f"{last_month:%Y-%m}", [f"仓库：{warehouse} 还没有；第一次评价时建"]
    lines = []
    if by := holder(warehouse):
        lines.append(f"仓库：{warehouse}，正在使用：{by}")
    evaluations = contents[EVALUATIONS.qualified].filter("current").sort("period", "created_at")
    if evaluations.is_empty():
        return f"{last_month:%Y-%m}", [*lines, f"仓库：{warehouse}，还没有评价结果"]
    last = evaluations.row(-1, named=True)
    severities = open_problems(contents[PROBLEMS.qualified], contents[SUBMISSIONS.qualified])["severity"]
    listed = contents[CANDIDATES.qualified].filter(evaluation_id=last["evaluation_id"])
    lines.append(
        f"上次：{last['period']}（{last['policy_id']}），{last['created_at']:%Y-%m-%d} 评价；"
        f"名单上 {listed.height} 户，其中待核实 {listed.filter(pl.col('list') == VERIFY).height} 户；"
        f"未解决的错误 {(severities == 'error').sum()} 处"
    )
    following = shifted(period_start(last["period"]), 1)
    return (f"{following:%Y-%m}" if following <= last_month else None), lines


def _wrong_policy(policy: str) -> str:
    """What is wrong with the policy, in one line; `` where nothing is."""
    try:
        load_policy(policy)
    except EfficiencyError as error:
        return str(error).splitlines()[0]
    return ""
