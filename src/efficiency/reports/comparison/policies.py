"""What two policies make of the same facts, as text for a terminal and as a dictionary for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.evaluation.changes import STATES, UNRATED
from efficiency.reports.text import format_figure, labelled_lines, table_lines
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.evaluation.changes import Comparison

MOVEMENTS = {"left": "不再评级", "down": "降档", "up": "升档", "entered": "新评级"}
"""Movement of a tier from the first policy to the second → what it is called."""
NOTHING = "两个办法下没有企业变更等级或清单"


def comparison_as_text(comparison: Comparison, period: str) -> str:
    """Policies, matrix, lists, and who changes tier or list and why, without a trailing line break."""
    changes = comparison.changes
    parts = [
        labelled_lines(
            [("评价期", period), *(_policy(comparison, side) for side in "ab"), ("结果", summary(comparison))]
        ),
        ["等级对照(户；行为甲办法，列为乙办法)", *_matrix(comparison)],
        ["清单对照(户)", *_lists(comparison)],
        [f"等级或清单变化({changes.height}户)", *_changes(changes)] if changes.height else [NOTHING],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts)


def comparison_as_dict(comparison: Comparison, period: str) -> dict[str, Any]:
    """Counts, matrix, lists and everybody who changes, in types that JSON has."""
    return {
        "period": period,
        "policies": [
            {
                "id": side.policy.id,
                "title": side.policy.title,
                "policy_sha256": side.policy.sha256,
                "warnings": side.evaluation.warnings,
            }
            for side in (comparison.a, comparison.b)
        ],
        "counts": {
            "enterprises": comparison.enterprises.height,
            "changed": comparison.changes.height,
            **{name: int((comparison.enterprises["movement"] == name).sum()) for name in MOVEMENTS},
            "list_changed": int(comparison.enterprises["list_movement"].sum()),
        },
        "matrix": {row["tier"]: {state: row[state] for state in STATES} for row in comparison.matrix.to_dicts()},
        "lists": comparison.lists.to_dicts(),
        "changes": comparison.changes.to_dicts(),
    }


def summary(comparison: Comparison) -> str:
    """How many change, in one sentence."""
    counts = dict(comparison.enterprises["movement"].drop_nulls().value_counts().iter_rows())
    changed = "、".join(f"{words}{counts[name]}户" for name, words in MOVEMENTS.items() if name in counts)
    listed = int(comparison.enterprises["list_movement"].sum())
    return (
        f"{comparison.enterprises.height}户中等级变化{sum(counts.values())}户"
        + (f"({changed})" if changed else "")
        + (f"，清单变化{listed}户")
    )


def tier_words(row: Mapping[str, Any], side: str) -> str:
    """The tier under one policy, or why there is none."""
    return row[f"tier_{side}"] or (
        UNRATED if row[f"status_{side}"] == "ranked" else STATUS_NAMES[row[f"status_{side}"]]
    )


def _policy(comparison: Comparison, side: str) -> tuple[str, str]:
    policy = (comparison.a if side == "a" else comparison.b).policy
    return ("甲办法" if side == "a" else "乙办法"), f"{policy.title}({policy.id}，{policy.sha256[:8]})"


def _matrix(comparison: Comparison) -> list[str]:
    rows = [
        [str(row["tier"]), *(str(row[state]) if row[state] else "·" for state in STATES),
         str(sum(row[state] for state in STATES))]
        for row in comparison.matrix.iter_rows(named=True)
    ]  # fmt: skip
    sums = comparison.matrix.select(STATES).sum().row(0)
    rows.append(["合计", *map(str, sums), str(sum(sums))])
    return table_lines(["甲＼乙", *STATES, "合计"], rows, right=range(1, len(STATES) + 2))


def _lists(comparison: Comparison) -> list[str]:
    if comparison.lists.is_empty():
        return ["  两个办法都没有清单"]
    rows = [
        [row["title"], *(str(row[name]) for name in ("count_a", "count_b", "stays", "entered", "left"))]
        for row in comparison.lists.iter_rows(named=True)
    ]
    return table_lines(["清单", "甲办法", "乙办法", "都在", "乙新列入", "乙不再列"], rows, right=range(1, 6))


def _changes(changes: pl.DataFrame) -> list[str]:
    rows = [
        [
            row["name"], row["town"] or "", f"{tier_words(row, 'a')} → {tier_words(row, 'b')}",
            f"{format_figure(row['score_a'])} → {format_figure(row['score_b'])}",
            f"{row['list_a'] or '—'} → {row['list_b'] or '—'}" if row["list_movement"] else row["list_b"] or "—",
            row["reason"],
        ]
        for row in changes.iter_rows(named=True)
    ]  # fmt: skip
    return table_lines(["企业", "镇办", "等级", "得分", "清单", "原因"], rows)
