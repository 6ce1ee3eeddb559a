"""A small inbox of CSV files, for tests that run the month many times: fourteen enterprises, two years."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import uscc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efficiency.evaluation.variants import VariantMode
    from efficiency.job.contracts import CompletedRun, PeriodEvaluation, RunContext, StagedOutputs, Validated

COUNT = 14
PERIOD = "2026-10"
NAMES = [f"淄博样例{number:02d}陶瓷有限公司" for number in range(1, COUNT + 1)]
_BODIES = pl.Series([f"91370303MA3C{number:05d}" for number in range(1, COUNT + 1)])
CODES = (_BODIES + pl.select(uscc.check_character(pl.lit(_BODIES)).cast(pl.String)).to_series()).to_list()
LEDGER = ("统一社会信用代码", "所属期", "更正指标", "原值", "更正值", "更正依据", "审批人", "审批日期")


def write(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    """A CSV file of these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def tax(number: int, months: int) -> float:
    """Tax of the enterprise at position `number` after so many months of a year, 万元."""
    return round((20 + 3 * number) * months, 1)


def small_inbox(folder: Path) -> Path:
    """Register, land, output and power of both years."""
    write(
        folder / "名录.csv",
        [
            ("统一社会信用代码", "企业名称", "行业代码", "镇办", "规模", "投产日期"),
            *((code, name, "3071", "南定镇", "规上", "2010-05-01") for code, name in zip(CODES, NAMES, strict=True)),
        ],
    )
    write(
        folder / "用地.csv",
        [
            ("统一社会信用代码", "自有用地面积(亩)", "截止日期"),
            *((code, 20 + number, "2025-12-31") for number, code in enumerate(CODES)),
        ],
    )
    for label, months in (("2025年", 12), ("2025年1-10月", 10), ("2026年1-10月", 10)):
        write(
            folder / "产出" / f"{label}产出.csv",
            [
                (
                    "统一社会信用代码",
                    "所属期",
                    "营业收入(万元)",
                    "工业增加值(万元)",
                    "实缴税金(万元)",
                    "研发费用(万元)",
                    "从业人员平均人数",
                    "主要污染物排放量(吨)",
                ),
                *(
                    (
                        code,
                        label,
                        (900 + 50 * number) * months,
                        (300 + 7 * number) * months,
                        tax(number, months),
                        3 * months,
                        50 + number,
                        0.1 * months,
                    )
                    for number, code in enumerate(CODES)
                ),
            ],
        )
        write(
            folder / "能源" / f"{label}能源.csv",
            [
                ("统一社会信用代码", "所属期", "能源名称", "计量单位", "消费量"),
                *((code, label, "电力", "万千瓦时", (4 + number % 5) * months) for number, code in enumerate(CODES)),
            ],
        )
    return folder


def ledger(path: Path, *corrections: Sequence[object]) -> Path:
    """A ledger of corrections: code, span, figure, old, new, reason, approver, day of approval."""
    return write(path, [LEDGER, *corrections])


def warehouse(folder: Path) -> Path:
    """Where `run` publishes the month of `folder`."""
    return folder / "warehouse" / "efficiency.duckdb"


def run(
    folder: Path,
    period: str = PERIOD,
    *,
    output: str = "output",
    mapping: Path | None = None,
    policy: str = "zibo-jkq",
    reports: bool = True,
    variants: VariantMode = "all",
) -> CompletedRun:
    """The month on `folder`/inbox, in this process, with its warehouse and output beside the inbox.

    Without `reports` no document is written, which takes most of a small month's time.
    """
    from efficiency.job.contracts import RunRequest
    from efficiency.job.run import Steps, run_month
    from efficiency.periods import period_range

    place = warehouse(folder)
    periods = period_range(period)
    request = RunRequest(folder / "inbox", periods, policy, place, folder / output, mapping=mapping, variants=variants)
    return run_month(request, None if reports else Steps(report=_warehouse_alone))


def _warehouse_alone(
    run: RunContext, validated: Validated, evaluations: Sequence[PeriodEvaluation], staged: StagedOutputs, *_: object
) -> None:
    """The step `report` without reports."""
    from efficiency.job.outputs import new_contents

    staged.warehouse.write(new_contents(run, validated, evaluations))


def quick_policy(path: Path) -> Path:
    """The built-in policy with two draws of weights: for tests to which the confidence of tiers does not matter."""
    import re

    from efficiency.policy.load import load_policy

    text = load_policy("zibo-jkq").text
    text = re.sub(r'(?m)^id = ".*?"', 'id = "quick"', text, count=1)
    path.write_text(re.sub(r"(?m)^draws = \d+", "draws = 2", text), encoding="utf-8")
    return path
