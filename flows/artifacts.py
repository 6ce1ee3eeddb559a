"""The artifacts of a flow run in Prefect: counts, lists, problems, late or changed submissions, links to outputs."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import polars as pl
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from efficiency.job.summary import counted, watched
from efficiency.reports.text import RULES, SEVERITIES
from schemas import CANDIDATES, PROBLEMS, WATCH
from schemas.results import STATUS_NAMES
from schemas.watching import KINDS

if TYPE_CHECKING:
    from efficiency.job.contracts import CompletedRun
    from schemas.column import Table

log = logging.getLogger("efficiency")

ROWS = 100
"""Rows of a list or of the problems that an artifact holds; the workbooks and the warehouse hold all."""


def create_artifacts(completed: CompletedRun, summary: dict[str, Any], links: str | None = None) -> None:
    """Create the artifacts of a published run; `summary` is what `--json` prints.

    `links`: the address under which others open the output folder. A server that does not take the artifacts is a
    warning: the month is published.
    """
    try:
        _create(completed, summary, links)
    except Exception as error:
        why = " ".join(str(error).split())
        log.warning("the server took no artifacts (%s: %s); the month is published", type(error).__name__, why)


def _create(completed: CompletedRun, summary: dict[str, Any], links: str | None) -> None:
    period = summary["period"]
    for evaluation, one in zip(summary["evaluations"], completed.evaluations, strict=True):
        create_table_artifact(
            key=f"tiers-{one.period}",
            table=tiers_table(evaluation, completed.run.policy.list_titles),
            description=f"{one.period} 等级与清单(办法 {_plain(evaluation['policy_id'])})",
        )
        create_table_artifact(
            key=f"lists-{one.period}",
            table=lists_table(one.candidates),
            description=f"{one.period} 建议清单共{one.candidates.height:,}户，每张清单至多列前{ROWS}户",
        )
    create_table_artifact(key="counts", table=counts_table(summary), description=f"{period} 本次运行的行数与问题数")
    problems = worst_first(completed.validated.open_problems)
    by_rule = "、".join(f"{RULES.get(rule, rule)} {count}" for rule, count in counted(problems, "rule").items())
    create_table_artifact(
        key="problems",
        table=_rows(
            problems.with_columns(pl.col("severity").replace(SEVERITIES), pl.col("rule").replace(RULES)),
            PROBLEMS,
            ("severity", "file_name", "sheet", "cell", "name", "value", "rule", "message"),
        ),
        description=_shown("待改正的问题", problems.height) + (f"按规则：{by_rule}。" if by_rule else ""),
    )
    changes = watched(completed)
    create_table_artifact(
        key="watch",
        table=_rows(
            changes.with_columns(pl.col("kind").replace(KINDS)),
            WATCH,
            ("kind", "department", "series", "name", "field", "before", "now", "days", "message"),
        ),
        description=_shown(f"{period} 迟报、漏报及与上期报送不同之处", changes.height),
    )
    create_markdown_artifact(
        key="outputs", markdown=outputs(summary, completed.run.request.output, links), description=f"{period} 成果所在"
    )


_COUNTS = {
    "files": "文件", "files_new": "新文件", "submissions": "工作表", "rows_total": "读取行数", "rows_accepted": "采纳",
    "rows_rejected": "退回", "rows_superseded": "被替代或重复", "rows_totals": "合计行", "rows_notes": "附注行",
    "rows_blank": "空行", "problems": "问题", "problems_error": "错误", "problems_warning": "警告",
    "problems_note": "提示", "enterprises": "企业",
}  # fmt: skip


def counts_table(summary: dict[str, Any]) -> list[dict[str, str | int]]:
    """Counts of a run as the rows of a table artifact."""
    names = _COUNTS | STATUS_NAMES
    return [{"项目": names.get(what, what), "数量": number} for what, number in summary["counts"].items()]


def tiers_table(evaluation: dict[str, Any], titles: dict[str, str]) -> list[dict[str, str | int]]:
    """How many have each tier, are on each list (`titles`: id → title), or are not ranked."""
    tiers = [{"类别": "等级", "名称": f"{tier}类", "户数": number} for tier, number in evaluation["tiers"].items()]
    statuses = [
        {"类别": "未评级", "名称": STATUS_NAMES.get(status, status), "户数": number}
        for status, number in evaluation["statuses"].items()
        if status != "ranked"
    ]
    lists = [
        {"类别": "清单", "名称": titles.get(own, own), "户数": number} for own, number in evaluation["lists"].items()
    ]
    return [*tiers, *statuses, *lists]


def lists_table(candidates: pl.DataFrame) -> list[dict[str, Any]]:
    """The first enterprises of each list."""
    first = candidates.sort("list", "priority").group_by("list", maintain_order=True).head(ROWS)
    return _rows(first, CANDIDATES, ("title", "priority", "name", "uscc", "tier", "reason", "missing"), first.height)


def worst_first(problems: pl.DataFrame) -> pl.DataFrame:
    """Problems sorted by severity, errors first, then by file, sheet and row."""
    severity = pl.col("severity").replace_strict({"error": 0, "warning": 1, "note": 2}, return_dtype=pl.Int64)
    return problems.sort(severity, "file_name", "sheet", "row", maintain_order=True)


def outputs(summary: dict[str, Any], folder: Path, links: str | None) -> str:
    """Where the results are, as a Markdown list: links below `links`, the address of `folder`, or else paths.

    A browser opens no file of its machine from a page of a server, so a path is no link.
    """
    paths = [Path(summary["paths"]["warehouse"]), *map(Path, summary["paths"]["files"])]
    lines = [f"- {_link(path.resolve(), folder.resolve(), links)}" for path in paths[: ROWS + 1]]
    more = [f"- 另有{len(paths) - len(lines)}个文件"] if len(paths) > len(lines) else []
    return "\n".join([f"评价编号 `{summary['evaluation_id']}`", "", *lines, *more])


def _link(path: Path, folder: Path, links: str | None) -> str:
    if links is None or not path.is_relative_to(folder):
        return f"{_plain(path.name)}：`{path}`"
    return f"[{_plain(path.name)}]({links}/{quote(path.relative_to(folder).as_posix())})"


def _rows(frame: pl.DataFrame, shape: Table, columns: Sequence[str], rows: int = ROWS) -> list[dict[str, Any]]:
    """The first `rows` of `frame` with the Chinese titles that its declaration `shape` gives the columns."""
    titles = {column.name: column.title for column in shape.columns}
    return frame.head(rows).select(pl.col(name).alias(titles[name]) for name in columns).to_dicts()


def _shown(what: str, height: int) -> str:
    return f"{what}：{height:,}项" + (f"，列前{ROWS}项。" if height > ROWS else "。")


def _plain(name: str) -> str:
    """A file name with the characters escaped that have a meaning in Markdown."""
    return re.sub(r"([\\\[\]`*_<>])", r"\\\1", name)
