"""一企一单: one page that shows the whole chain from the cell to the list, for the enterprise to sign."""

import itertools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from conftest import SampleRun, efficiency
from openpyxl.worksheet.worksheet import Worksheet

from efficiency.evaluation.explanation import FIGURES, JUDGED, Explanation, explain, explain_all
from efficiency.reports.card import card_as_dict, card_as_text, card_file_names, write_card
from efficiency.warehouse.read import load
from efficiency.warehouse.schema import Contents


@pytest.fixture(scope="module")
def contents(sample_run: SampleRun) -> Contents:
    return load(sample_run.warehouse)


@pytest.fixture(scope="module")
def scores(contents: Contents) -> pl.DataFrame:
    return contents["results.scores"]


def written(folder: Path, explanation: Explanation) -> Worksheet:
    path = folder / card_file_names([explanation])[0]
    write_card(path, explanation)
    return openpyxl.load_workbook(path).active


def texts(sheet: Worksheet) -> list[str]:
    return [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]


@pytest.fixture(scope="module")
def merger(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> tuple[Explanation, Worksheet]:
    """The first merger candidate with a partner, and its card."""
    candidates = contents["results.candidates"].filter(pl.col("partner_1").is_not_null(), list="merger")
    uscc = candidates.sort("priority")["uscc"][0]
    explanation = explain(contents, uscc, "2026-10")
    return explanation, written(tmp_path_factory.mktemp("card"), explanation)


def test_the_card_is_one_a4_page_upright(merger: tuple[Explanation, Worksheet]) -> None:
    _, sheet = merger
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "portrait")
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    # What is left out means one.
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight or 1) == (1, 1)
    assert sheet.print_area
    assert "第&P页" in sheet.oddFooter.right.text


def test_the_page_for_the_enterprise_names_partners_and_not_their_figures(
    merger: tuple[Explanation, Worksheet],
) -> None:
    explanation, sheet = merger
    said = "\n".join(texts(sheet))
    assert explanation.candidate is not None
    assert explanation.candidate["partner_1_name"] in said
    assert "合并后" not in said
    assert "对方" not in said


def test_the_card_for_officials_says_what_both_have_together(merger: tuple[Explanation, Worksheet]) -> None:
    explanation, _ = merger
    said = card_as_text(explanation)
    assert explanation.candidate is not None
    assert f"{explanation.candidate['partner_1_name']}(" in said
    assert re.search(r"合并后\S+\(本企业", said)


def test_each_verification_of_the_list_stands_in_the_card_with_its_cell(merger: tuple[Explanation, Worksheet]) -> None:
    explanation, sheet = merger
    assert explanation.verifications.height
    for said in ("\n".join(texts(sheet)), card_as_text(explanation)):
        for row in explanation.verifications.iter_rows(named=True):
            assert f"☑ {row['label']}" in said
            assert row["source_cell"] is None or row["source_cell"] in said
    assert card_as_dict(explanation)["verifications"]


def test_protection_own_share_and_uncapped_scores_are_said(
    merger: tuple[Explanation, Worksheet], tmp_path: Path
) -> None:
    explanation, _ = merger
    score = explanation.score | {
        "protected": True,
        "open_incidents": 0,
        "land_score": 150.0,
        "land_score_uncapped": 261.5,
    }
    share = pl.when(pl.int_range(pl.len()) == 0).then(0.37).alias("benchmark_own_share")
    changed = replace(explanation, score=score, indicators=explanation.indicators.with_columns(share))
    for said in ("\n".join(texts(written(tmp_path, changed))), card_as_text(changed)):
        assert "261.5" in said
        assert "本企业占基准37%" in said
        assert "不列入关停、并转、改造类清单" in said


def test_who_has_no_revenue_is_not_told_to_earn_more(merger: tuple[Explanation, Worksheet], tmp_path: Path) -> None:
    explanation, _ = merger
    changed = replace(explanation, score=explanation.score | {"revenue": 0.0})
    for said in ("\n".join(texts(written(tmp_path, changed))), card_as_text(changed)):
        assert "本期营业收入为零，先核实是否停产" in said
        assert "仅靠一项指标" not in said


def test_the_whole_chain_stands_in_the_card(merger: tuple[Explanation, Worksheet]) -> None:
    explanation, sheet = merger
    said = "\n".join(texts(sheet))
    score = explanation.score
    for value in (
        score["name"],
        score["uscc"],
        f"第{score['rank']}名",
        explanation.candidate["reason"],
        "建议清单",
        "并转对象",
    ):
        assert value in said
    for row in explanation.indicators.iter_rows(named=True):
        assert row["title"] in said
        assert row["benchmark_scope"] in said
        if row["place"] is not None:
            assert f"{row['place']}/{row['places']}" in said
    for part in explanation.composition.iter_rows(named=True):
        if part["submission_id"]:
            assert f"{part['file_name']} [{part['sheet']}]" in said
            assert re.search(rf"\b{part['cell']}\b", said), part["cell"]
    for words in ("升至", "异议请于______年____月____日前书面提出", "企业(盖章)", "日期：______年"):
        assert words in said


def test_sums_are_formulas_that_give_what_was_evaluated(merger: tuple[Explanation, Worksheet]) -> None:
    explanation, sheet = merger
    cells = {cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row}
    formulas = [value for value in cells.values() if isinstance(value, str) and value.startswith("=")]
    assert all(re.fullmatch(r"=SUM\([A-Z]+\d+:[A-Z]+\d+\)|=[A-Z]+\d+\*[\d.]+\+-?[\d.]+", one) for one in formulas)
    total = next(name for name in cells if str(cells[name]).startswith("=SUM(K") and energy_row(sheet, name))
    first, last = map(int, re.fullmatch(r"=SUM\(K(\d+):K(\d+)\)", str(cells[total])).groups())
    assert sum(float(str(cells[f"K{row}"])) for row in range(first, last + 1)) == pytest.approx(
        explanation.score["energy"]
    )
    made = next(value for value in formulas if "*" in value)
    sums = str(cells[re.match(r"=([A-Z]+\d+)\*", made)[1]])
    column, top, bottom = re.fullmatch(r"=SUM\(([A-Z]+)(\d+):[A-Z]+(\d+)\)", sums).groups()
    summed = sum(float(str(cells[f"{column}{row}"] or 0)) for row in range(int(top), int(bottom) + 1))
    assert summed == pytest.approx(explanation.indicators["score"].sum())
    assert summed * explanation.score["factor"] + explanation.score["adjustments"] == pytest.approx(
        explanation.score["score"]
    )


def energy_row(sheet: Worksheet, cell: str) -> bool:
    """Whether the row of `cell` is that of the energy total."""
    return sheet.cell(sheet[cell].row, 1).value == "综合能耗(吨标准煤)"


def test_what_is_lacking_is_told_to_the_decimal_that_decides_a_tie(
    tmp_path: Path, merger: tuple[Explanation, Worksheet]
) -> None:
    explanation, _ = merger
    score = explanation.score["score"]
    tied = replace(explanation, target=replace(explanation.target, score_needed=round(score + 1e-6, 6)))
    assert any(f"须达到 {score + 1e-6:.6f}，尚差 0.000001" in text for text in texts(written(tmp_path, tied)))


def test_the_formula_told_is_that_of_the_cohort(tmp_path: Path, merger: tuple[Explanation, Worksheet]) -> None:
    explanation, sheet = merger
    assert any("与基准值之比" in text for text in texts(sheet))
    said = texts(written(tmp_path, replace(explanation, formula="minmax")))
    assert any("最大值 − 最小值" in text for text in said)
    assert not any("与基准值之比" in text for text in said)


@pytest.mark.parametrize("status", ["insufficient", "excluded"])
def test_who_has_no_tier_gets_a_card_that_says_why(
    tmp_path: Path, contents: Contents, scores: pl.DataFrame, status: str
) -> None:
    row = scores.filter(status=status).row(0, named=True)
    said = texts(written(tmp_path, explain(contents, row["uscc"], "2026-10")))
    assert row["status_reason"] in said
    assert not any("升至" in text for text in said)


@pytest.mark.long
def test_no_name_becomes_a_formula_or_another_file(tmp_path: Path, contents: Contents) -> None:
    explanation = explain(contents, contents["results.scores"]["uscc"][0], "2026-10")
    for name in ('=HYPERLINK("x")', "+1", "@a", "../../x", "长" * 60, "a/b\\c:d"):
        explanation.score["name"] = name
        sheet = written(tmp_path, explanation)
        cell = next(c for row in sheet.iter_rows() for c in row if c.value == name)
        assert cell.data_type == "s"
    assert all(path.parent == tmp_path for path in tmp_path.rglob("*.xlsx"))
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.long
def test_a_card_for_each_enterprise_is_the_same_as_its_own(contents: Contents, scores: pl.DataFrame) -> None:
    order = scores.sort("cohort", "rank", "uscc", nulls_last=True)["uscc"].to_list()
    some = list(itertools.islice(explain_all(contents, "2026-10"), 40))
    assert [e.score["uscc"] for e in some] == order[:40]
    for among in some[::13]:
        alone = explain(contents, among.score["uscc"], "2026-10")
        assert among.target.what_it_takes.equals(alone.target.what_it_takes)
        assert among.composition.equals(alone.composition)
        assert among.indicators.equals(alone.indicators)
        assert (among.score, among.candidate, among.movement) == (alone.score, alone.candidate, alone.movement)


def test_file_names_differ_where_names_and_codes_do_not(merger: tuple[Explanation, Worksheet]) -> None:
    assert len(set(card_file_names([merger[0]] * 3))) == 3


def test_places_count_the_better_values_of_the_cohort(contents: Contents) -> None:
    ranked = contents["results.scores"].filter(status="ranked")
    values = contents["results.indicators"].join(ranked, on="uscc", how="semi").drop_nulls("value")
    (indicator,) = values.sort("weight", "indicator")["indicator"].tail(1)
    own = values.filter(indicator=indicator)
    for row in own.sort("value").gather_every(150).iter_rows(named=True):
        shown = explain(contents, row["uscc"], "2026-10").indicators.filter(indicator=indicator).row(0, named=True)
        peers = own.filter(cohort=row["cohort"])["value"]
        assert shown["place"] == 1 + sum(value > row["value"] for value in peers)
        assert shown["places"] == peers.len()


def test_the_command_writes_a_card(tmp_path: Path, sample_run: SampleRun, scores: pl.DataFrame) -> None:
    key = scores.filter(rank=1)["uscc"][0]
    done = efficiency(
        "explain", key, "--period", "2026-10", "--warehouse", sample_run.warehouse, "--output", "cards", cwd=tmp_path
    )
    (path,) = (tmp_path / "cards").iterdir()
    assert done.stdout == f"Card: cards/{path.name}\n"
    assert path.name.startswith(f"一企一单_2026-10_{key}_")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Name one enterprise"),
        (("--all",), "--output DIR"),
        (("x", "--all", "--output", "o"), "Name one enterprise"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_read(tmp_path: Path, arguments: tuple[Any, ...], told: str) -> None:
    done = efficiency("explain", *arguments, "--period", "2026-10", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert told in done.stderr


@pytest.mark.long
def test_a_figure_that_is_zero_throughout_is_told_without_a_hole(
    contents: Contents, scores: pl.DataFrame, tmp_path: Path
) -> None:
    idle = scores.filter(rd_expense=0.0, status="ranked").sort("uscc")["uscc"]
    for uscc in idle.head(3):
        explanation = explain(contents, uscc, "2026-10")
        said = card_as_text(explanation)
        assert "填报数均计0" in said
        assert "None" not in said
        assert not [text for text in texts(written(tmp_path, explanation)) if "None" in text]


def test_one_card_reads_of_the_long_tables_the_rows_of_its_enterprise(
    sample_run: SampleRun, contents: Contents
) -> None:
    uscc = contents["results.scores"]["uscc"].sort()[7]
    own = load(sample_run.warehouse, FIGURES, uscc=uscc)
    assert all(own[table].height and set(own[table]["uscc"]) == {uscc} for table in FIGURES)
    few = explain(load(sample_run.warehouse, JUDGED), uscc, "2026-10", figures_of=lambda code: own)
    assert card_as_text(few) == card_as_text(explain(contents, uscc, "2026-10"))
