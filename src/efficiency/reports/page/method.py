"""The page's sections on the method and of the data: the rules in plain words, row counts, problems, digests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.policy import words
from efficiency.reports.content import notes, rankings, rules, totals
from efficiency.reports.text import RULES, SEVERITIES, SUBMISSION_STATUSES, clean_frame, clean_text
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from efficiency.policy.model import Cohort
    from efficiency.reports.report import Report

Section = dict[str, Any]
"""A title, entries (label, text), and perhaps a table: head, kinds, rows."""

_COUNT_TITLES = ("读取行数", "采纳", "退回", "被替代或重复", "合计行", "附注行", "空行")


def method_sections(report: Report) -> list[Section]:
    """By which rules, from which data and with how much of it the results were made."""
    policy = report.policy
    return [
        {"title": "声明", "entries": [("声明", notes.STATEMENT)]},
        {
            "title": "评价办法与口径",
            "entries": [
                ("办法名称", report.policy_title),
                ("办法来源", report.policy_source or "办法文件未注明"),
                ("施行日期", str(report.policy_valid_from) if report.policy_valid_from else "办法文件未注明"),
                ("统计窗口", words.window(policy)),
                ("能耗口径", words.energy_basis(policy)),
            ],
        },
        *(_cohort(cohort, report) for cohort in policy.cohort),
        _rules(report),
        *_errors(report),
        _quality(report),
    ]


def trace(report: Report) -> list[tuple[str, str]]:
    """What identifies the evaluation: label and value."""
    keys = (("评价编号", "evaluation_id"), ("办法编号", "policy_id"), ("办法摘要 SHA-256", "policy_sha256"),
            ("输入摘要 SHA-256", "inputs_sha256"), ("程序版本", "code_version"))  # fmt: skip
    return [
        *((label, str(report.evaluation[key])) for label, key in keys),
        ("生成时间", f"{report.created_at:%Y-%m-%d %H:%M:%S}(北京时间)"),
    ]


def _cohort(cohort: Cohort, report: Report) -> Section:
    return {
        "title": f"评价组：{cohort.label}",
        "entries": [("计分与分级", words.cohort_rule(cohort, report.policy))],
        "head": ["维度", "指标", "单位", "权重", "分子", "分母", "基准", "封顶与保底", "缺失处理"],
        "kinds": ["text", "text", "text", "ratio", "text", "text", "text", "text", "text"],
        "rows": [
            [
                rankings.DIMENSION_TITLES[i.dimension], i.title, i.unit, i.weight,
                words.condition(i.numerator, report.policy), words.condition(i.denominator, report.policy),
                words.benchmark(i, cohort), words.limits(i),
                words.missing(i),
            ]
            for i in cohort.indicator
        ],
    }  # fmt: skip


def _rules(report: Report) -> Section:
    return {
        "title": "规则与建议清单(按顺序，一户企业只进入最先符合的一张清单)",
        "entries": [*rules.tier_entries(report), *rules.list_entries(report), *rules.firmness_entries(report)],
    }


def _errors(report: Report) -> list[Section]:
    """How far figures were off in this zone; nothing where the policy does not ask for it."""
    rows = rules.error_rows(report)
    if rows.is_empty():
        return []
    return [
        {
            "title": "本区数据误差(重新报送或更正前后之比)",
            "entries": [],
            "head": [title for title, _ in rules.ERROR_COLUMNS],
            "kinds": [kind for _, kind in rules.ERROR_COLUMNS],
            "rows": [list(row) for row in clean_frame(rows).iter_rows()],
        }
    ]


def _quality(report: Report) -> Section:
    statuses = dict(report.scores["status"].value_counts().iter_rows())
    sheets = dict(report.submissions["status"].value_counts().iter_rows())
    counts = report.submissions.select(pl.col(totals.ROW_COUNTS).sum()).row(0)
    firm, known = totals.confidence_counts(report)
    return {
        "title": "数据质量与把握程度",
        "entries": [
            ("企业", "、".join(f"{name}{statuses.get(status, 0):,}户" for status, name in STATUS_NAMES.items())),
            (
                "报送工作表",
                f"{report.submissions.height:,}张："
                + "、".join(f"{name}{sheets.get(status, 0):,}" for status, name in SUBMISSION_STATUSES.items()),
            ),
            (
                "行数核对",
                "、".join(f"{title}{count:,}" for title, count in zip(_COUNT_TITLES, counts, strict=True))
                + f"；差额{counts[0] - sum(counts[1:]):,}(应为0)",
            ),
            ("等级稳健", f"{firm:,}户稳健，{known - firm:,}户临界，建议复核" if known else "未测算"),
            ("评价提示", "\n".join(clean_text(warning) for warning in report.warnings) or "无"),
        ],
        **_problems(report),
    }


def _problems(report: Report) -> dict[str, Any]:
    """Problems by rule, gravest and most frequent first; nothing when there are none."""
    if report.problems.is_empty():
        return {}
    order = {name: i for i, name in enumerate(SEVERITIES)}
    by_rule = (
        report.problems.group_by("severity", "rule")
        .agg(pl.len().alias("count"), pl.col("file_name").n_unique().alias("files"), pl.col("message").min())
        .sort(pl.col("severity").replace_strict(order, return_dtype=pl.Int64), "count", "rule",
              descending=[False, True, False])
        .with_columns(pl.col("severity").replace(SEVERITIES), pl.col("rule").replace(RULES))
        .select("severity", "rule", "count", "files", "message")
    )  # fmt: skip
    return {
        "head": ["级别", "问题", "条数", "文件数", "示例"],
        "kinds": ["text", "text", "integer", "integer", "text"],
        "rows": [list(row) for row in by_rule.iter_rows()],
    }
