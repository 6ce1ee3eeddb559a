"""What lists, notice and overview say of verdicts: names per policy, letters, protection, what is to be verified."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from builders.reports import VERDICTS, sample_report, verdict_report
from openpyxl import Workbook

from efficiency.reports.content import efficiencies, lists, partners, rules, totals
from efficiency.reports.officials import write_notice, write_officials
from efficiency.reports.officials.towns import of_enterprises
from efficiency.reports.page.data import page_data
from efficiency.reports.report import Report


@pytest.fixture(scope="module")
def report() -> Report:
    return verdict_report()


@pytest.fixture(scope="module")
def book(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    path = tmp_path_factory.mktemp("verdicts") / "officials.xlsx"
    write_officials(path, report)
    return openpyxl.load_workbook(path)


def texts(book: Workbook, title: str) -> list[str]:
    return [str(cell.value) for row in book[title].iter_rows() for cell in row if cell.value is not None]


def header(book: Workbook, title: str) -> list[str]:
    return [str(cell.value).replace("\n", "") for cell in book[title][3]]


def column(book: Workbook, title: str, name: str) -> list[object]:
    at = header(book, title).index(name)
    return [row[at] for row in book[title].iter_rows(min_row=4, values_only=True) if isinstance(row[0], int)]


def test_tiers_are_called_what_the_policy_calls_them(book: Workbook, report: Report, tmp_path: Path) -> None:
    write_notice(tmp_path / "notice.xlsx", report)
    notice = openpyxl.load_workbook(tmp_path / "notice.xlsx")
    said = "\n".join(texts(notice, "公示名单"))
    assert "A 鼓励类" in said
    assert "优先发展" not in said
    assert "鼓励类" in texts(book, "概览")
    assert "A类(鼓励类)" in totals.summary(report)
    data = page_data(report, limit=1000)
    assert data["tiers"][0]["name"] == "鼓励类"


def test_a_letter_is_published_by_name_after_the_tiers(report: Report, tmp_path: Path) -> None:
    write_notice(tmp_path / "notice.xlsx", report)
    sheet = openpyxl.load_workbook(tmp_path / "notice.xlsx")["公示名单"]
    rows: list[tuple[Any, ...]] = list(sheet.iter_rows(min_row=4, max_col=3, values_only=True))
    excluded = report.scores.filter(pl.col("letter") == "T")["name"].to_list()
    assert sorted(row[0] for row in rows if row[2] == "T 暂不评价类") == sorted(excluded)
    published = [(row[1] is None, row[1] or "", row[2][0]) for row in rows if row[2]]
    assert published == sorted(published)  # town by town, the letter after the tiers
    assert any("T类企业本期不参加评级" in str(row[0]) for row in rows)


def test_without_a_letter_nobody_but_the_rated_is_published(tmp_path: Path) -> None:
    plain = sample_report(60, unrated=9)
    write_notice(tmp_path / "notice.xlsx", plain)
    book = openpyxl.load_workbook(tmp_path / "notice.xlsx")
    names = set(texts(book, "公示名单"))
    assert not names & set(plain.scores.filter(pl.col("status") != "ranked")["name"])
    assert not any("T类" in text for text in names)


def test_a_letter_is_counted_on_the_overview_and_shown_beside_the_status(book: Workbook, report: Report) -> None:
    assert "另：T 暂不评价类" in texts(book, "概览")
    assert set(filter(None, column(book, "未参评与数据不足", "类别"))) == {"T 暂不评价类"}
    assert "另有T类(暂不评价类)3户不参加评级" in totals.summary(report)
    assert page_data(report, limit=1000)["letters"][0]["enterprises"] == 3


def test_who_is_to_be_verified_stands_on_a_sheet_of_its_own(book: Workbook, report: Report) -> None:
    unsure = report.candidates.filter(pl.col("list") == "verify").row(0, named=True)
    assert column(book, "待核实", "统一社会信用代码") == [unsure["uscc"]]
    assert column(book, "待核实", "拟列清单") == ["关停"]
    assert column(book, "待核实", "待核实事项") == [unsure["missing"]]
    assert column(book, "待核实", "入选理由") == [unsure["reason"]]
    assert unsure["uscc"] not in column(book, "关停", "统一社会信用代码")


def test_the_sheet_of_who_is_to_be_verified_is_there_when_nobody_is(report: Report) -> None:
    nobody = replace(report, candidates=report.candidates.filter(pl.col("list") != "verify"))
    assert "verify" in {one.id for one in lists.candidate_lists(nobody)}
    assert "verify" not in {one.id for one in lists.candidate_lists(sample_report(60))}


def test_every_list_has_a_column_of_what_changed_the_tier(book: Workbook) -> None:
    for title in ("升级改造", "关停", "并转", "对接头部企业", "待核实"):
        assert "调档事由" in header(book, title)
    assert column(book, "待核实", "调档事由") == ["一票否决"]


def test_the_protected_are_marked_in_the_full_results(book: Workbook) -> None:
    assert column(book, "全部分级", "受保护").count("是") == 1


@pytest.mark.parametrize(
    ("revenue", "tax", "said"),
    [
        (0.0, 5.0, "本期营业收入为零，先核实是否停产"),
        (0.0, 0.0, "本期营业收入为零，先核实是否停产"),
        (100.0, 0.0, "本期实缴税金为零，先核实数据"),
        (None, 5.0, "增加实缴税金 145.0 万元(或节约用地 9.67 亩)"),
    ],
)
def test_nobody_without_revenue_is_told_to_earn_more(
    report: Report, revenue: float | None, tax: float, said: str
) -> None:
    first = report.indicators.filter(pl.col("indicator") == "tax_per_mu").head(1)
    changed = first.with_columns(numerator=tax, denominator=10.0, benchmark=15.0, value=tax / 10)
    scores = report.scores.with_columns(
        revenue=pl.when(pl.col("uscc") == first["uscc"][0]).then(pl.lit(revenue, pl.Float64)).otherwise("revenue")
    )
    found = efficiencies.headline_efficiencies(replace(report, indicators=changed, scores=scores))
    assert found["land_need"].to_list() == [said]


def pair(report: Report, **changed: pl.Expr) -> tuple[str, str]:
    """Long and short words of the first partner of the first merger, whose indicator rows are `changed`."""
    merger = report.candidates.filter(pl.col("list") == "merger").head(1)
    uscc, partner = merger["uscc"][0], merger["partner_1"][0]
    rows = report.indicators.filter(pl.col("uscc").is_in([uscc, partner])).with_columns(
        pl.when(pl.col("uscc") == partner).then(expression).otherwise(pl.col(name)).alias(name)
        for name, expression in changed.items()
    )
    own = pl.col("uscc") == uscc
    land = pl.col("indicator") == "tax_per_mu"
    rows = rows.with_columns(
        numerator=pl.when(land & own).then(21.0).when(land).then(80.0).otherwise("numerator"),
        denominator=pl.when(land).then(10.0).otherwise("denominator"),
        value=pl.when(land & own).then(2.1).when(land).then(8.0).otherwise("value"),
        benchmark=pl.when(land).then(5.0).otherwise("benchmark"),
    )
    found = partners.partner_words(merger, rows, report.scores.select("uscc", "tier"), report.policy)
    return found["words"][0], found["short"][0]


def test_a_partner_comes_with_the_efficiency_of_both_together(report: Report) -> None:
    # (21 + 80) ÷ (10 + 10), not the mean of two ratios of other sizes.
    words, short = pair(report)
    assert "合并后亩均税收5.05万元/亩(本企业2.1、对方8)，达到本企业基准5" in words
    assert "合并后土地效率5.05(对方8)达基准" in short


def test_figures_of_unlike_indicators_are_not_added_up(report: Report) -> None:
    words, short = pair(report, numerator_expression=pl.lit("value_added"))
    assert "亩均税收双方评价指标不同，不合并计算" in words
    assert "土地指标不同" in short


def test_a_towns_copy_tells_no_figures_of_another_town(report: Report) -> None:
    merger = report.candidates.filter(pl.col("list") == "merger").head(1)
    copy = of_enterprises(report, merger.select("uscc"), "某镇")
    (own,) = [one for one in lists.candidate_lists(copy) if one.id == "merger"]
    assert "合并后" not in own.frame["partners"][0]
    assert copy.verifications["uscc"].unique().to_list() == merger["uscc"].to_list()


def test_the_method_says_protection_verification_partners_and_what_confidence_is(
    report: Report, book: Workbook
) -> None:
    entries = dict([*rules.tier_entries(report), *rules.list_entries(report), *rules.firmness_entries(report)])
    assert "受保护" in entries["调档"]
    assert "以T类“暂不评价类”公布" in entries["不纳入排名"]
    assert "1. 已走访(已走访)：列入关停、并转前须核实" in entries["核查事项"]
    assert "均不小于被并转企业的1倍" in entries["并转对象"]
    assert "不反映基准、窗口等方法选择" in entries["等级稳健度(仅权重)"]
    assert entries["本企业占基准比重"].startswith("1户企业的自身数据在至少一项基准中的比重超过10%，最高42%(")
    method = "\n".join(texts(book, "方法说明"))
    assert all(text in method for text in entries.values())
    assert "按不封顶的维度得分排名" in method


def test_a_benchmark_without_the_enterprise_itself_says_so() -> None:
    policy = VERDICTS.replace("min_group = 5 }", "min_group = 5, leave_one_out = true }")
    made = replace(verdict_report(), policy_toml=policy)
    sections = page_data(made, limit=1000)["method"]
    assert any("不含本企业" in str(row) for section in sections for row in section.get("rows", ()))


def test_the_page_has_ticks_shares_and_uncapped_scores(report: Report) -> None:
    data = page_data(report, limit=1000)
    unsure = report.candidates.filter(pl.col("list") == "verify")["uscc"][0]
    assert [row[0] for row in data["verifications"][unsure]] == ["☐", "☐", "☑"]
    best = report.scores["uscc"][0]
    at = data["enterprises"]["uscc"].to_list().index(best)
    own = [one["rows"].filter(pl.col("who") == at).to_dicts()[0] for one in data["indicators"]]
    assert [row.get("benchmark_own_share") for row in own] == [None, None, 0.42]
    shown, full = (data["enterprises"][name][at] for name in ("land_score", "land_score_uncapped"))
    assert full == pytest.approx(shown + 100, abs=1e-4)
    (view,) = (view for view in data["views"] if view["id"] == "list-verify")
    assert {"override_labels", "would_be_title", "missing"} <= {name for name, *_ in view["columns"]}
