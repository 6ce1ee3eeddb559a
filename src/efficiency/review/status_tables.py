"""What `efficiency status` prints: tables in Chinese, as wide as the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from efficiency.reports.text import SEVERITIES, on_one_line
from schemas import FORMS
from schemas.profile import TIERS
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import TextIO

    from efficiency.review.status import Status

NAMED = 30
"""Rows of a table before it is said how many more there are."""
WIDTH = 160
"""Columns where the output is no terminal."""
STATES = {"received": "已报", "late": "迟报", "overdue": "逾期未报", "expected": "未报"}
"""State of a return → the word for it, the last two first."""


def print_status(found: Status, file: TextIO | None = None) -> None:
    """Print `found` to `file`, by default standard output."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    for line in _head(found):
        console.print(Text(line))
    for title, table in _tables(found):
        console.print()
        console.print(Text(title, style="bold"))
        console.print(table)
    for line in _end(found):
        console.print(Text(line))


def _head(found: Status) -> Iterator[str]:
    place = on_one_line(str(found.warehouse))
    yield f"报送情况 {found.period}（{found.policy_id}），{place}，企业名录 {found.enterprises} 户"
    evaluation = found.evaluation
    if evaluation:
        tiers = " ".join(f"{tier}{evaluation['tiers'].get(tier, 0)}" for tier in TIERS)
        others = "、".join(
            f"{STATUS_NAMES[name]}{count}" for name, count in evaluation["statuses"].items() if name != "ranked"
        )
        stale = "；较早月份此后重新评价过，待重算" if evaluation["stale"] else ""
        name, made = evaluation["evaluation_id"], _local(evaluation["created_at"])
        yield f"最近评价 {name}，{made}：{tiers}；{others or '全部参评'}{stale}"
        verify = evaluation["verify"]
        yield f"待核实 {verify['listed']} 户；清单中等级稳健度低（临界,建议复核）{verify['borderline']} 户"
    if found.last_run:
        run = found.last_run
        who, ended = on_one_line(run["operator"]), _local(run["finished"])
        yield f"最近运行 {run['run_id']}，{who}，{ended}，新文件 {run['files_new']} 个"
    counts = "、".join(f"{SEVERITIES[level]}{count}个" for level, count in found.problems.items())
    yield f"待改正的数据问题：{counts}"
    yield f"正在运行：{on_one_line(found.held_by)}" if found.held_by else "当前没有运行占用数据仓库"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _tables(found: Status) -> Iterator[tuple[str, Table]]:
    yield "各月报送（✓ 应报企业均有；数字为缺报户数）", _by_month(found)
    if found.towns.height:
        yield "各镇办缺报户数（窗口内任一月）", _by_town(found)
    if found.returns.height:
        yield f"各报表 {found.period} 报送", _returns(found)
    if found.missing.height:
        yield "缺报企业", _missing(found)
    if found.out_of_scope.height:
        rows = [
            [row["name"] or "", row["uscc"], row["town"] or "", row["reason"]]
            for row in found.out_of_scope.head(NAMED).iter_rows(named=True)
        ]
        yield "不在评价范围的企业", _table(["企业", "统一社会信用代码", "镇办", "原因"], rows)
    if found.refused.height:
        rows = [
            [row["file_name"], row["sheet"], _form(row["form"]), row["period_label"] or ""]
            for row in found.refused.head(NAMED).iter_rows(named=True)
        ]
        yield "退回的表", _table(["文件", "工作表", "表式", "所属期"], rows)


def _by_month(found: Status) -> Table:
    """One row a measure, one column a month."""
    heads = ["表式", "指标", "应报", *(f"{month:%y-%m}" for month in found.months), "退回", "迟报"]
    rows = []
    for _, own in found.coverage.group_by("form", "word", maintain_order=True):
        first = own.row(0, named=True)
        by_month = {row["month"]: row["missing"] for row in own.iter_rows(named=True)}
        cells = (
            [_lacking(by_month[month]) if month in by_month else "" for month in found.months]
            if None not in by_month
            else ["", *[""] * (len(found.months) - 2), _lacking(by_month[None])]
        )
        rows.append(
            [
                _form(first["form"]), first["title"], str(first["expected"]), *cells,
                _number(own["refused"].sum()), _number(own["late"].max()),
            ]
        )  # fmt: skip
    return _table(heads, rows, right=range(2, len(heads)))


def _lacking(missing: int) -> str:
    return str(missing) if missing else "✓"


def _number(count: object) -> str:
    return str(count) if count else ""


def _by_town(found: Status) -> Table:
    """One row a town, one column a form: how many enterprises lack anything."""
    forms = found.missing["form"].unique(maintain_order=True).to_list()
    counts = found.missing.group_by("town", "form").agg(pl.col("uscc").n_unique().alias("count"))
    by_town = {(row["town"], row["form"]): row["count"] for row in counts.iter_rows(named=True)}
    towns = found.missing["town"].unique().sort(nulls_last=True).to_list()
    rows = [[town or "未注明", *(_number(by_town.get((town, form))) for form in forms)] for town in towns]
    return _table(["镇办", *(_form(form) for form in forms)], rows, right=range(1, len(forms) + 1))


def _returns(found: Status) -> Table:
    """One row a return, those that did not come first."""
    worst = {"overdue": 0, "expected": 1, "late": 2, "received": 3}
    rank = pl.col("state").replace_strict(worst, return_dtype=pl.Int64)
    rows = [
        [
            row["department"] or "",
            row["series"].rpartition("/")[2],
            _form(row["form"]),
            STATES[row["state"]],
            f"{row['last']:%Y-%m}" if row["last"] else "",
            "" if row["usual"] is None else f"月后{row['usual']}日",
            "" if row["after"] is None else f"月后{row['after']}日",
            "" if row["days"] is None else f"{row['days']}天",
        ]
        for row in found.returns.sort(rank, maintain_order=True).head(NAMED).iter_rows(named=True)
    ]
    return _table(["部门", "报表", "表式", "本期", "上次所报", "以往多在", "本期在", "晚"], rows)


def _missing(found: Status) -> Table:
    """One row an enterprise and form: what it lacks; measures that lack the same together."""
    keys = ["uscc", "name", "town", "form", "needed"]
    together = (
        found.missing.group_by(*keys, "text", maintain_order=True)
        .agg(pl.col("title").str.join("、"))
        .with_columns(pl.concat_str("title", "text").alias("lacks"))
        .group_by(keys, maintain_order=True)
        .agg(pl.col("lacks").str.join("；"))
    )
    rows = [
        [
            row["name"] or "",
            row["uscc"],
            row["town"] or "",
            _form(row["form"]),
            row["lacks"],
            "不能评级" if row["needed"] else "",
        ]
        for row in together.head(NAMED).iter_rows(named=True)
    ]
    if together.height > NAMED:
        rows.append([f"…另有 {together.height - NAMED} 行，见 --json", "", "", "", "", ""])
    return _table(["企业", "统一社会信用代码", "镇办", "表式", "缺什么", "影响"], rows)


def _form(form: str | None) -> str:
    return FORMS[form].title if form in FORMS else "未识别"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, head in enumerate(heads):
        table.add_column(head, justify="right" if position in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(on_one_line(cell)) for cell in row))
    return table


def _end(found: Status) -> Iterator[str]:
    lacking = found.missing["uscc"].n_unique()
    yield f"合计：{lacking} 户企业有缺报，{found.refused.height} 张表被退回。"
