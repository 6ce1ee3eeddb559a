"""A notice at the end of a run, published or failed: what it says, and when it is sent.

A notice that cannot be composed or sent is a warning; the run returns or raises what it would without it.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from efficiency.errors import EfficiencyError, UsageError
from efficiency.language import in_language
from efficiency.project.settings import read_settings
from efficiency.serving.channels import Notice, send

if TYPE_CHECKING:
    from efficiency.job.contracts import CompletedRun

log = logging.getLogger("efficiency")

MOST_CHANGES = 8
"""Late, missing or changed submissions that a notice names; the others are counted."""


def with_notice(periods: str, policy: str, job: Callable[[], CompletedRun]) -> CompletedRun:
    """Run `job` and send a notice of how it ended; returns or raises what `job` does.

    `periods` and `policy` are the request as a notice of failure names it.
    """
    try:
        settings = read_settings()
    except UsageError as error:
        log.warning("%s No notice will say how this run ends.", error)
        return job()
    if settings.webhook is None and settings.smtp is None:
        return job()
    try:
        completed = job()
    except Exception as error:
        send(failure_notice(periods, policy, error), settings)
        raise
    try:
        from efficiency.job.summary import as_json

        notice = success_notice(as_json(completed), completed.run.policy.list_titles)
    except Exception as error:
        log.warning("the notice of this run cannot be written (%s); the run itself is done", type(error).__name__)
    else:
        send(notice, settings)
    return completed


def success_notice(summary: Mapping[str, Any], titles: Mapping[str, str]) -> Notice:
    """The notice of a published run. `summary` is what `--json` prints, `titles` the titles of lists by their id."""
    counts = summary["counts"]
    lines = [f"办法：{summary['policy_id']}；运行主机：{socket.gethostname()}"]
    for evaluation in summary["evaluations"]:
        tiers = "、".join(f"{tier} {count}" for tier, count in evaluation["tiers"].items())
        lists = "、".join(f"{titles.get(name, name)} {count}" for name, count in evaluation["lists"].items()) or "无"
        lines.append(f"{evaluation['period']}：等级 {tiers}；清单 {lists}")
    lines.append(
        f"新读文件 {counts['files_new']} 个；问题：错误 {counts['problems_error']}、警告 {counts['problems_warning']}、"
        f"提示 {counts['problems_note']}"
    )
    changes = [change["message"] for change in summary.get("watch", ())]
    lines += changes[:MOST_CHANGES]
    if len(changes) > MOST_CHANGES:
        lines.append(f"另有 {len(changes) - MOST_CHANGES} 项变化，见运行摘要。")
    lines += [
        f"工作簿：{path}"
        for path in summary["paths"]["files"]
        if "能耗产出效益评价_" in path.rpartition("/")[2] and "分镇办" not in path
    ]
    periods = "、".join(evaluation["period"] for evaluation in summary["evaluations"])
    return Notice(f"能耗产出效益评价 {periods} 已发布", tuple(lines))


def failure_notice(periods: str, policy: str, error: BaseException) -> Notice:
    """The notice of a failed run. Of an error of the program only the type is named: its text may hold figures."""
    reason = (
        in_language(error, "zh")
        if isinstance(error, EfficiencyError)
        else f"{type(error).__name__}（程序错误，详见运行日志）"
    )
    lines = (f"办法：{policy}；运行主机：{socket.gethostname()}", f"原因：{reason}", "请按原因处理后重新运行。")
    return Notice(f"能耗产出效益评价 {periods} 运行失败", lines)
