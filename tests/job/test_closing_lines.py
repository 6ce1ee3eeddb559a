"""The closing lines of a run: what is new once, what is missing, what is to be verified, and what is done next."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from builders.small_inbox import CODES, NAMES, PERIOD, quick_policy, small_inbox, write
from builders.small_inbox import run as run_month
from conftest import SampleRun

from efficiency.job.contracts import CompletedRun, PeriodEvaluation
from efficiency.job.summary import as_json, closing_lines, run_summary_file_name
from schemas import WATCH

TAX = ("统一社会信用代码", "企业名称", "所属期", "实缴税金(万元)")


def run(zone: Path, period: str = PERIOD) -> CompletedRun:
    return run_month(zone, period, policy=str(quick_policy(zone / "quick.toml")), reports=False)


def lines(completed: CompletedRun, *beginnings: str) -> list[str]:
    return [line for line in closing_lines(completed, as_json(completed)) if line.startswith(beginnings)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[CompletedRun]:
    """A month with a wrong figure; the same again; with a second wrong figure."""
    zone = tmp_path_factory.mktemp("zone")
    small_inbox(zone / "inbox")
    write(zone / "inbox" / "补报" / "一.csv", [TAX, (CODES[0], NAMES[0], "2026年10月", "十")])
    first, again = run(zone), run(zone)
    write(zone / "inbox" / "补报" / "二.csv", [TAX, (CODES[1], NAMES[1], "2026年10月", "廿")])
    return [first, again, run(zone)]


def test_an_error_is_named_once_and_counted_as_long_as_it_is_open(runs: list[CompletedRun]) -> None:
    first, again, more = (lines(one, "New error", "New since") for one in runs)
    assert [line.split(":")[1].strip() for line in first] == ["补报/一.csv D2"]
    assert again == []
    assert len(more) == 2
    assert more[0].startswith("New since the last run: 1 errors, 0 warnings")
    assert more[1].startswith("New error: 补报/二.csv D2: ")
    counts = [lines(one, "Problems")[0].split(",")[0] for one in runs]
    assert counts == ["Problems: 1 errors", "Problems: 1 errors", "Problems: 2 errors"]


def test_what_was_noticed_is_told_once(runs: list[CompletedRun]) -> None:
    _, again, more = runs
    found = pl.DataFrame(
        [{"period": PERIOD, "kind": "late", "series": "税收", "form": "output", "days": 3, "message": "迟报"}]
    )
    watch = WATCH.conform(found)
    noticed = replace(again, validated=replace(again.validated, watch=watch))
    assert lines(noticed, "Late") == [f"Late ({PERIOD}): 税收 (3 days)."]
    stored = more.validated.ingested.stored.with_frames({WATCH.qualified: watch})
    later = watch.with_columns(pl.lit(9).alias("days"))
    ingested = replace(more.validated.ingested, stored=stored)
    known = replace(more, validated=replace(more.validated, watch=later, ingested=ingested))
    assert lines(known, "Late") == []
    assert lines(known, "Noticed before") == ["Noticed before and still so: 1 late, missing or changed returns."]


def test_a_warning_of_the_month_before_is_counted_and_not_said_again(runs: list[CompletedRun]) -> None:
    one = runs[0].evaluations[0]

    def warned(period: str, *warnings: str) -> PeriodEvaluation:
        return replace(one, period=period, evaluation=replace(one.evaluation, warnings=list(warnings)))

    request = replace(runs[0].run.request, periods=("2026-09", "2026-10"))
    both = replace(
        runs[0],
        run=replace(runs[0].run, request=request),
        evaluations=(warned("2026-09", "甲", "乙"), warned("2026-10", "乙", "丙")),
        folders=(Path("2026-09"), Path("2026-10")),
    )
    assert lines(both, "Mind", "Said before") == [
        "Mind (2026-09): 甲",
        "Mind (2026-09): 乙",
        "Mind (2026-10): 丙",
        "Said before and still so (2026-10): 1 warnings, in the workbook.",
    ]


def test_what_is_to_be_verified_is_named_with_what_it_lacks_and_is_a_step(runs: list[CompletedRun]) -> None:
    completed = runs[0]
    one = completed.evaluations[0]
    listed = one.candidates.head(1).with_columns(
        list=pl.lit("verify"), would_be=pl.lit("shutdown"), missing=pl.lit("走访、能耗")
    )
    verifying = replace(completed, evaluations=(replace(one, candidates=listed),))
    name = listed["name"][0]
    assert lines(verifying, "To be verified") == [
        f"To be verified ({PERIOD}): 1 enterprises: {name}（关停：走访、能耗）."
    ]
    assert any("verify 1 enterprises" in line for line in lines(verifying, "Next"))
    assert not lines(completed, "To be verified")


def test_a_month_in_which_nobody_could_be_rated_goes_to_no_committee(runs: list[CompletedRun]) -> None:
    one = runs[0].evaluations[0]
    scores = one.evaluation.scores.with_columns(status=pl.lit("insufficient"), tier=pl.lit(None, pl.String))
    nobody = replace(runs[0], evaluations=(replace(one, evaluation=replace(one.evaluation, scores=scores)),))
    assert "nobody could be rated" in lines(nobody, "Next")[-1]
    assert not any("nobody could be rated" in line for line in lines(runs[0], "Next"))


def test_the_summary_stands_beside_the_reports_in_chinese(sample_run: SampleRun) -> None:
    text = (sample_run.reports / run_summary_file_name(PERIOD)).read_text(encoding="utf-8-sig")
    assert text.startswith("运行 ")
    for words in ("在册", "问题：错误", "名单：", "要退回的表格：", "下一步 1：把标了问题的表格退回各部门"):
        assert words in text
