"""申诉: what a correction would change is shown before it is accepted, and is what it then changes."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from builders.small_inbox import CODES, NAMES, PERIOD, ledger, run, small_inbox, tax, warehouse, write
from conftest import efficiency

from efficiency.errors import UsageError
from efficiency.evaluation.changes import Trial
from efficiency.job.evaluate import profile_at
from efficiency.job.ingest import kept_facts
from efficiency.policy.load import load_policy
from efficiency.reports.comparison import objection_as_text
from efficiency.review.as_of import resolved_now, warehouse_at
from efficiency.review.objections import objection
from efficiency.warehouse.read import load
from schemas.objections import STATES

SPAN = "2026年1-10月"
ASKED = (CODES[3], SPAN, "实缴税金(元)", "", tax(3, 10) * 16_000, "完税证明", "", "")
DATED = ("审批意见", "依据文号", "申诉日期", "办理期限")


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published month with a group that the correction cannot touch: enterprises below scale."""
    folder = tmp_path_factory.mktemp("month")
    small_inbox(folder / "inbox")
    write(folder / "inbox" / "规下名录.csv", [
        ("统一社会信用代码", "企业名称", "行业代码", "规模"),
        *((CODES[at], NAMES[at], "3071", "规下") for at in (10, 11, 12)),
    ])  # fmt: skip
    run(folder)
    return folder


def tried(month: Path, tmp_path: Path, *corrections: Sequence[Any]) -> Trial:
    return objection(ledger(tmp_path / "申诉.csv", *corrections), PERIOD, warehouse(month))


def current(folder: Path) -> str:
    return load(warehouse(folder))["results.evaluations"].filter(current=True, period=PERIOD)["evaluation_id"].item()


def scores(folder: Path) -> pl.DataFrame:
    contents, chosen = load(warehouse(folder)), current(folder)
    own = contents["results.scores"].filter(evaluation_id=chosen)
    listed = contents["results.candidates"].filter(evaluation_id=chosen).select("uscc", pl.col("list").alias("list_id"))
    return own.join(listed, on="uscc", how="left").sort("uscc")


@pytest.mark.long
def test_what_is_shown_is_what_happens_when_it_is_accepted(month: Path, tmp_path: Path) -> None:
    trial = tried(month, tmp_path, ASKED)
    names = ["status", "score", "rank", "tier", "land_tier", "energy_tier", "list_id"]
    before, after = (
        trial.enterprises.select("uscc", *(f"{name}_{side}" for name in names)) for side in ("before", "after")
    )
    assert_same(before, scores(month).select("uscc", *names))
    shutil.copytree(month / "inbox", tmp_path / "inbox")
    ledger(tmp_path / "inbox" / "更正.csv", (*ASKED[:6], "王局", "2026-11-20"))
    run(tmp_path)
    assert_same(after, scores(tmp_path).select("uscc", *names))


@pytest.mark.long
def test_a_corrected_month_is_tried_as_it_counts_once_it_is_approved(month: Path, tmp_path: Path) -> None:
    asked = (CODES[3], "2026年3月", "实缴税金", 29, 29 + tax(3, 10) * 0.6, "完税证明", "", "")
    trial = tried(month, tmp_path, asked)
    assert trial.problems["rule"].to_list() == ["correction_carried"]
    assert "2026年1-10月 290+174" in objection_as_text(trial)
    tried_score = trial.enterprises.filter(uscc=CODES[3]).row(0, named=True)
    assert tried_score["score_after"] > tried_score["score_before"]
    shutil.copytree(month / "inbox", tmp_path / "inbox")
    ledger(tmp_path / "inbox" / "更正.csv", (*asked[:6], "王局", "2030-01-01"))
    run(tmp_path, reports=False)
    counted = scores(tmp_path).filter(uscc=CODES[3])["score"].item()
    assert tried_score["score_after"] == pytest.approx(counted, abs=1e-6)


def assert_same(shown: pl.DataFrame, published: pl.DataFrame) -> None:
    assert shown.rename(dict(zip(shown.columns, published.columns, strict=True))).equals(
        published.with_columns(pl.col("score").round(6))
    )


def test_others_who_move_and_others_who_do_not_are_distinguished(month: Path, tmp_path: Path) -> None:
    enterprises = tried(month, tmp_path, ASKED).enterprises
    own, others = enterprises.filter("own"), enterprises.filter(~pl.col("own"))
    assert own.select("uscc", "movement", "effect").rows() == [(CODES[3], "up", "tier")]
    assert others.filter(effect="tier")["movement"].to_list() == ["down"]
    assert set(others.filter(pl.col("effect").is_null())["uscc"]) == {CODES[10], CODES[11], CODES[12]}


def test_nothing_is_published_or_written(month: Path, tmp_path: Path) -> None:
    before = warehouse(month).read_bytes(), sorted(month.rglob("*"))
    tried(month, tmp_path, ASKED)
    assert (warehouse(month).read_bytes(), sorted(month.rglob("*"))) == before


def test_the_figure_that_counts_now_is_shown_beside_the_one_asked_for(month: Path, tmp_path: Path) -> None:
    asked = tried(month, tmp_path, ASKED).asked.row(0, named=True)
    assert (asked["current"], asked["new"], asked["unit"]) == (tax(3, 10), pytest.approx(tax(3, 10) * 1.6), "万元")
    assert asked["approved_by"] is None


def test_areas_and_carriers_are_tried_too(month: Path, tmp_path: Path) -> None:
    area, power = (
        (CODES[0], "2026年10月", "自有用地面积", "", 5, "", "", ""),
        (CODES[1], SPAN, "电力", "", 1, "", "", ""),
    )
    asked = tried(month, tmp_path, area, power).asked
    assert asked.select("current", "new", "unit").rows() == [(20.0, 5.0, "亩"), (50.0, 1.0, "万千瓦时")]


def test_the_area_that_counts_now_is_that_in_force_at_the_end_of_the_span(month: Path, tmp_path: Path) -> None:
    before_any = (CODES[0], "2025年10月", "自有用地面积", "", 5, "", "", "")
    assert tried(month, tmp_path, before_any).asked["current"].to_list() == [None]


def test_a_declined_row_is_not_tried_and_one_that_cannot_be_is_a_problem(month: Path, tmp_path: Path) -> None:
    head = ("统一社会信用代码", "所属期", "更正指标", "更正值", "审批人", "审批意见")
    path = write(tmp_path / "申诉.csv", [
        head, (CODES[0], SPAN, "实缴税金", 9, "王局", "不同意"), (CODES[1], SPAN, "企业形象", 9, "", ""),
        ("91370303MA3C99999X", SPAN, "实缴税金", 9, "", ""),
    ])  # fmt: skip
    trial = objection(path, PERIOD, warehouse(month))
    assert trial.asked.is_empty()
    assert trial.enterprises["effect"].null_count() == trial.enterprises.height
    assert set(trial.problems["rule"]) == {"correction_declined", "correction_field_unknown", "uscc_invalid"}
    assert "没有可以试算的更正" in objection_as_text(trial)


def test_what_is_already_approved_otherwise_gives_way_to_what_is_asked_now(month: Path, tmp_path: Path) -> None:
    asked = tried(month, tmp_path, (*ASKED[:4], 999_999, "", "", ""), (*ASKED[:4], 10_000, "", "王局", "2026-11-01"))
    assert asked.asked["new"].to_list() == [pytest.approx(99.9999)]


def test_the_text_has_counts_in_chinese(month: Path, tmp_path: Path) -> None:
    text = objection_as_text(tried(month, tmp_path, ASKED))
    assert "其他企业(13户)：等级变化1户" in text
    assert "完全不变3户" in text
    assert "待审批" in text
    assert "不改动已发布的结果" in text


def test_the_command_writes_a_workbook_only_when_asked_to(month: Path, tmp_path: Path) -> None:
    ledger(tmp_path / "申诉.csv", ASKED)
    command = ("objection", "申诉.csv", "--period", PERIOD, "--warehouse", warehouse(month))
    printed = json.loads(efficiency(*command, "--json", "--output", "output", cwd=tmp_path).stdout)
    assert printed["others"]["unchanged"] == 3
    assert printed["own"][0]["tier_after"] == "B"
    book = openpyxl.load_workbook(tmp_path / printed["workbook"])
    assert book.sheetnames == ["申诉事项", "受影响企业", "全部企业对照", "未能试算"]
    assert any("完全不变3户" in str(cell.value) for row in book["受影响企业"].iter_rows() for cell in row)
    efficiency(*command, cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["output"]


@pytest.mark.parametrize(
    ("name", "period", "message"),
    [("产出/2025年产出.csv", PERIOD, "no sheet of the form 申诉更正"), ("none.csv", PERIOD, "no file"),
     ("更正.csv", "2026-09", r"no evaluation of 2026-09; it has 2026-10 \(zibo-jkq\)"),
     ("更正.csv", "2026", "YYYY-MM")],
)  # fmt: skip
def test_wrong_usage_is_refused(month: Path, tmp_path: Path, name: str, period: str, message: str) -> None:
    path = month / "inbox" / name if "/" in name else tmp_path / name
    if name == "更正.csv":
        ledger(path, ASKED)
    with pytest.raises(UsageError, match=message):
        objection(path, period, warehouse(month))


def row(at: int, value: float, approver: str, *, decision: str = "", document: str = "") -> tuple[Any, ...]:
    """A row of a ledger with every column."""
    return (CODES[at], SPAN, "实缴税金", tax(at, 10), value, "完税证明", approver, "2026-11-06" if approver else "",
            decision, document, "2026-11-02", "2026-11-12")  # fmt: skip


def book(path: Path, *rows: Sequence[Any]) -> None:
    head = ("统一社会信用代码", "所属期", "更正指标", "原值", "更正值", "更正依据", "审批人", "审批日期", *DATED)
    write(path, [head, *rows])


@pytest.mark.long
def test_the_register_follows_an_objection_from_being_asked_to_its_effect(month: Path, tmp_path: Path) -> None:
    inbox = small_inbox(tmp_path / "inbox")
    run(tmp_path)
    book(inbox / "台账.csv", row(3, 464, ""), row(4, 500, ""), row(5, 600, "王局", decision="不同意"), row(6, 1, ""))
    run(tmp_path)
    entries = register(tmp_path)
    assert states(entries) == {3: "pending", 4: "pending", 5: "declined", 6: "pending"}
    assert entries["evaluation_after"].null_count() == 4
    asked_at = entries["received"][0]

    book(inbox / "台账.csv", row(3, 464, "王局", decision="同意", document="淄经开〔2026〕9号"), row(4, 500, ""),
         row(5, 600, "王局", decision="不同意"))  # fmt: skip
    run(tmp_path)
    entries = register(tmp_path)
    assert states(entries) == {3: "accepted", 4: "pending", 5: "declined", 6: "withdrawn"}
    accepted = entries.filter(state="accepted").row(0, named=True)
    assert accepted["received"] == asked_at
    assert (accepted["approved_by"], accepted["document"]) == ("王局", "淄经开〔2026〕9号")
    assert str(accepted["deadline"]) == "2026-11-12"
    assert accepted["evaluation_before"] != accepted["evaluation_after"] == current(tmp_path)
    assert (accepted["tier_before"], accepted["tier_after"]) == ("C", "B")
    assert accepted["rank_after"] < accepted["rank_before"]
    assert accepted["others_moved"] == 1

    book(inbox / "撤销.csv", row(3, 464, "王局", decision="不同意"))
    run(tmp_path)
    assert states(register(tmp_path))[3] == "declined"
    (inbox / "撤销.csv").unlink()
    book(inbox / "恢复.csv", row(3, 464, "王局", decision="同意"))
    run(tmp_path)
    assert states(register(tmp_path))[3] == "accepted"

    book(inbox / "再次更正.csv", (*row(3, 480, "王局")[:7], "2026-11-20", *row(3, 480, "王局")[8:]))
    run(tmp_path)
    assert sorted(register(tmp_path).filter(uscc=CODES[3])["state"]) == ["accepted", "replaced"]
    assert set(register(tmp_path)["state"]) <= set(STATES)


@pytest.mark.long
def test_the_register_has_values_in_the_canonical_unit(tmp_path: Path) -> None:
    inbox = small_inbox(tmp_path / "inbox")
    ledger(inbox / "台账.csv", (CODES[0], SPAN, "营业收入(千元)", 90_000, 95_000, "", "", ""),
           (CODES[1], SPAN, "企业形象", 1, 2, "", "王局", "2026-11-01"))  # fmt: skip
    run(tmp_path)
    assert sorted(register(tmp_path).select("state", "old", "new").rows()) == [
        ("pending", 9000.0, 9500.0),
        ("refused", 1.0, 2.0),
    ]


def test_what_is_pending_in_the_register_is_an_open_objection_of_the_profile(tmp_path: Path) -> None:
    inbox = small_inbox(tmp_path / "inbox")
    book(inbox / "台账.csv", row(3, 464, ""), row(4, 500, "王局"), row(5, 600, "王局", decision="不同意"),
         row(6, 1, ""), row(6, 2, "王局"), row(7, 3, ""), (CODES[8], SPAN, "企业形象", 1, 2, *[""] * 7))  # fmt: skip
    book(inbox / "台账二.csv", row(7, 3, "王局", decision="不同意"))
    run(tmp_path)
    pending = sorted(register(tmp_path).filter(state="pending")["uscc"])
    assert pending == sorted([CODES[3], CODES[6]])
    contents = warehouse_at(warehouse(tmp_path))
    for facts in (
        kept_facts(warehouse(tmp_path), tmp_path / "scratch"),
        resolved_now(warehouse(tmp_path), contents, tmp_path / "scratch").facts,
    ):
        frame = profile_at(
            facts, load_policy("zibo-jkq"), PERIOD, contents, submissions=contents["intake.submissions"]
        ).frame
        assert sorted(frame.filter("open_objection")["uscc"]) == pending
    book(inbox / "台账.csv", row(3, 464, "王局", decision="同意"), row(4, 500, ""))
    run(tmp_path)
    assert register(tmp_path).filter(state="pending")["uscc"].to_list() == [CODES[4]], "approved no longer: asked again"


def register(folder: Path) -> pl.DataFrame:
    return load(warehouse(folder))["intake.objections"]


def states(entries: pl.DataFrame) -> dict[int, str]:
    return {CODES.index(uscc): state for uscc, state in entries.select("uscc", "state").iter_rows()}
