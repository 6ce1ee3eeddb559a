"""The officials' workbook: what it says, that it prints, and that no text in it is ever anything but text."""

import itertools
import re
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import openpyxl.utils
import polars as pl
import pytest
from builders.reports import POLICY, code, of_nobody, renamed, sample_report
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from efficiency.errors import EfficiencyError
from efficiency.reports.content import efficiencies, score_changes, totals
from efficiency.reports.officials import write_officials
from efficiency.reports.officials.overview import _change
from efficiency.reports.palette import TIER_FILL
from efficiency.reports.report import Report
from efficiency.reports.text import clean_text, sheet_name, whole_percent
from efficiency.reports.text.cells import CELL_LIMIT, CUT_MARK
from schemas.results import MOVEMENT_PARTS

SHEETS = [
    "一页纸",
    "概览",
    "升级改造",
    "关停",
    "并转",
    "对接头部企业",
    "全部分级",
    "评分明细",
    "未参评与数据不足",
    "方法说明",
]
LISTS = SHEETS[2:6]


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report(120, unrated=9)


@pytest.fixture(scope="module")
def path(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("officials") / "能耗产出效益评价_2026-10.xlsx"
    write_officials(path, report)
    return path


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


def written(tmp_path: Path, report: Report, **options: Any) -> Workbook:
    path = tmp_path / "out.xlsx"
    write_officials(path, report, **options)
    return openpyxl.load_workbook(path)


def table(sheet: Worksheet) -> list[dict[str, Any]]:
    """The rows of a list as dicts by header, without totals, notes and signatures."""
    header = [str(cell.value).replace("\n", "") for cell in sheet[3]]
    # Lists begin with a running number, the details with a name and a code.
    data = (lambda row: row[1]) if sheet.title.startswith("评分明细") else (lambda row: isinstance(row[0], int))
    rows = itertools.takewhile(data, sheet.iter_rows(min_row=4, values_only=True))
    return [dict(zip(header, row, strict=True)) for row in rows]


def all_text(sheet: Worksheet) -> str:
    return "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)


def charts_of(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as package:
        return [
            package.read(name).decode()
            for name in sorted(package.namelist())
            if re.match(r"xl/charts/chart\d+\.xml", name)
        ]


def test_sheets_stand_in_the_promised_order(book: Workbook) -> None:
    assert book.sheetnames == SHEETS
    assert all(sheet.sheet_state == "visible" for sheet in book)


def test_same_report_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.xlsx"
    write_officials(again, sample_report(120, unrated=9))
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("title", [*LISTS, "全部分级", "评分明细", "未参评与数据不足"])
def test_lists_are_ready_to_print(book: Workbook, title: str) -> None:
    sheet = book[title]
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
    # One page wide is what a file means that does not say how wide.
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$3"
    assert sheet.oddFooter.right.text == "第&P页 共&N页"
    assert sheet.print_area
    (listed,) = sheet.tables.values()
    assert listed.autoFilter.ref.startswith("A3:")
    assert sheet.freeze_panes[-1] == "4"
    assert "2026年10月" in sheet["A1"].value
    assert "亩" in sheet["A2"].value or title == "评分明细"
    if title != "评分明细":
        assert "制表人" in all_text(sheet)


def test_list_rows_say_what_the_evaluation_says(book: Workbook, report: Report) -> None:
    scores = {row["uscc"]: row for row in report.scores.iter_rows(named=True)}
    shutdown = report.candidates.filter(pl.col("list") == "shutdown").sort("priority")
    rows = table(book["关停"])
    assert [row["统一社会信用代码"] for row in rows] == shutdown["uscc"].to_list()
    for row, candidate in zip(rows, shutdown.iter_rows(named=True), strict=True):
        score = scores[candidate["uscc"]]
        assert row["序号"] == candidate["priority"]
        assert row["入选理由"] == candidate["reason"]
        assert (row["名次"], row["镇办"], row["用地(亩)"], row["综合能耗(吨标准煤)"]) == (
            score["rank"],
            score["town"],
            score["land"],
            score["energy"],
        )
        assert (row["土地等级"], row["能源等级"], row["综合等级"], row["上期等级"], row["连续D类期数"]) == (
            score["land_tier"],
            score["energy_tier"],
            "D",
            score["previous_tier"],
            score["d_streak"],
        )
        assert row["亩均税收(万元/亩)"] == pytest.approx(score["tax"] / score["land"])


def test_every_candidate_stands_on_its_sheet(book: Workbook, report: Report) -> None:
    counts = dict(report.candidates.group_by("title").len().iter_rows())
    assert {title: len(table(book[title])) for title in LISTS} == counts


def test_codes_are_text_and_figures_are_numbers(book: Workbook) -> None:
    sheet = book["关停"]
    header = [str(cell.value).replace("\n", "") for cell in sheet[3]]
    by_title = dict(zip(header, sheet[4], strict=True))
    assert by_title["统一社会信用代码"].data_type == "s"
    assert by_title["统一社会信用代码"].number_format == "@"
    assert by_title["用地(亩)"].number_format.startswith("#,##0.00")
    assert by_title["综合能耗(吨标准煤)"].number_format.startswith("#,##0.00")
    # A tenth of a percent more or less than the 80 % that decide must be seen.
    assert by_title["稳健度(仅权重)"].number_format.startswith("0.0")
    assert by_title["用地(亩)"].data_type == "n"


def test_unfirm_tier_is_marked_for_review_and_a_firm_one_is_not(tmp_path: Path, report: Report) -> None:
    uscc = report.candidates.filter(pl.col("list") == "shutdown")["uscc"].to_list()[:2]
    confidence = pl.col("uscc").replace_strict({uscc[0]: 0.799, uscc[1]: 0.8}, default=pl.col("tier_confidence"))
    candidates = report.candidates.with_columns(tier_confidence=confidence)
    rows = {
        row["统一社会信用代码"]: row for row in table(written(tmp_path, replace(report, candidates=candidates))["关停"])
    }
    assert rows[uscc[0]]["复核提示"] == "临界,建议复核"
    assert rows[uscc[1]]["复核提示"] is None


def test_all_are_firm_only_where_nobody_is_unfirm(report: Report) -> None:
    ranked = report.scores.filter(pl.col("rank").is_not_null()).head(101)
    for unfirm, said in (
        (1, "99%的企业等级稳健，1户处于临界"),
        (0, "100%的企业等级稳健。"),
        (100, "1%的企业等级稳健，100户"),
    ):
        at = pl.when(pl.int_range(pl.len()) < unfirm).then(0.7).otherwise(1.0).alias("tier_confidence")
        assert said in totals.summary(replace(report, scores=ranked.with_columns(at)))
    assert whole_percent(1, 458) == "1%"
    assert whole_percent(457, 458) == "99%"


def leads_to(book: Workbook, sheet: Worksheet, row: int, formula: str) -> str:
    """The code in the row of the details to which the formula of a row leads, as a spreadsheet program finds it."""
    found = re.fullmatch(
        r"""=HYPERLINK\("#'(.+)'!A"&\(MATCH\(\$([A-Z]+)(\d+),'(.+)'!\$B\$4:\$B\$(\d+),0\)\+3\),"查看"\)""", formula
    )
    assert found is not None, formula
    target, key, own, looked_in, last = found.groups()
    assert (target, own) == (looked_in, str(row))
    codes = [book[target].cell(line, 2).value for line in range(4, int(last) + 1)]
    return str(book[target].cell(codes.index(sheet[f"{key}{row}"].value) + 4, 2).value)


def ways(sheet: Worksheet) -> dict[int, str]:
    """Row → the formula that leads into the details."""
    column = [str(cell.value) for cell in sheet[3]].index("明细") + 1
    cells = {row: sheet.cell(row, column).value for row in range(4, 4 + len(table(sheet)))}
    return {row: str(value) for row, value in cells.items() if value is not None}


@pytest.mark.parametrize("title", [*LISTS, "全部分级"])
def test_each_row_leads_to_the_enterprise_in_the_details_by_its_code(book: Workbook, title: str) -> None:
    sheet = book[title]
    codes = {at: row["统一社会信用代码"] for at, row in enumerate(table(sheet), start=4)}
    found = {row: leads_to(book, sheet, row, formula) for row, formula in ways(sheet).items()}
    assert found == codes


def test_totals_are_formulas_with_their_value_stored(path: Path, book: Workbook) -> None:
    values = openpyxl.load_workbook(path, data_only=True)
    for title in LISTS:
        sheet, rows = book[title], table(book[title])
        total = 4 + len(rows)
        column = [str(cell.value).replace("\n", "") for cell in sheet[3]].index("用地(亩)") + 1
        formula = sheet.cell(total, column).value
        letter = openpyxl.utils.get_column_letter(column)
        assert formula == f"=SUBTOTAL(109,{letter}4:{letter}{total - 1})"
        assert values[title].cell(total, column).value == pytest.approx(sum(row["用地(亩)"] for row in rows))


def test_partners_of_a_merger_are_named(book: Workbook, report: Report) -> None:
    best = report.scores.filter(pl.col("tier") == "A").sort("rank")["name"].to_list()[:3]
    lines = table(book["并转"])[0]["建议并转对象"].split("\n")
    assert [line.split("：")[0] for line in lines] == [f"{i}. {name}(A类)" for i, name in enumerate(best, 1)]


def test_upgrade_says_what_reaches_the_benchmark(report: Report) -> None:
    uscc = report.indicators["uscc"][0]
    figures = {"tax_per_mu": (50.0, 10.0, 15.0), "revenue_per_tce": (1000.0, 400.0, 4.0)}
    mine = (
        report.indicators.filter(pl.col("uscc") == uscc)
        .with_columns(
            pl.col("indicator")
            .replace_strict({key: value[i] for key, value in figures.items()}, default=pl.col(name))
            .alias(name)
            for i, name in enumerate(("numerator", "denominator", "benchmark"))
        )
        .with_columns(value=pl.col("numerator") / pl.col("denominator"))
    )
    row = efficiencies.headline_efficiencies(replace(report, indicators=mine)).row(0, named=True)
    # 15 万元 on each of 10 亩 is 150, 100 more than now; 50 ÷ 15 is 3.33 亩, 6.67 fewer.
    assert row["land_need"] == "增加实缴税金 100.0 万元(或节约用地 6.67 亩)"
    # 1000 万元 at 4 万元 a tonne allows 250 of the 400 tonnes; 400 tonnes ask for 1600 万元.
    assert row["energy_need"] == "节能 150.0 吨标准煤(或增加营业收入 600.0 万元)"


@pytest.mark.parametrize(
    ("tax", "said"),
    [
        (150.0, "已达基准"),
        (-5.0, "增加实缴税金 155.0 万元"),
        (-1500.04, "增加实缴税金 1,650.1 万元"),  # a little less would not do
        (-1_999_849.9, "增加实缴税金 1,999,999.9 万元"),
        (None, "数据不足，无法测算"),
    ],
)
def test_need_where_the_gap_is_closed_or_cannot_be_closed_by_saving(
    report: Report, tax: float | None, said: str
) -> None:
    first = (
        report.indicators.filter(pl.col("indicator") == "tax_per_mu")
        .head(1)
        .with_columns(
            numerator=pl.lit(tax, pl.Float64), denominator=10.0, benchmark=15.0, value=pl.lit(tax, pl.Float64) / 10.0
        )
    )
    assert efficiencies.headline_efficiencies(replace(report, indicators=first))["land_need"].to_list() == [said]


def test_lower_is_better_is_reached_by_less(report: Report) -> None:
    policy = POLICY.replace(
        'numerator = "revenue"\n  denominator = "energy"',
        'numerator = "energy"\n  denominator = "revenue"\n  better = "lower"',
    )
    first = (
        report.indicators.filter(pl.col("indicator") == "revenue_per_tce")
        .head(1)
        .with_columns(
            numerator_expression=pl.lit("energy"),
            denominator_expression=pl.lit("revenue"),
            numerator=400.0,
            denominator=1000.0,
            value=0.4,
            benchmark=0.25,
        )
    )
    need = efficiencies.headline_efficiencies(replace(report, policy_toml=policy, indicators=first))[
        "energy_need"
    ].to_list()
    assert need == ["节能 150.0 吨标准煤(或增加营业收入 600.0 万元)"]


def test_empty_list_says_so(tmp_path: Path, report: Report) -> None:
    none = report.candidates.filter(pl.col("list") != "shutdown")
    book = written(tmp_path, replace(report, candidates=none))
    assert book["关停"]["A4"].value == "本期无"
    assert "制表人" in all_text(book["关停"])


def test_list_of_the_policys_own_has_its_own_sheet(tmp_path: Path, report: Report) -> None:
    policy = POLICY + '[[candidate]]\nlist = "watch"\ntitle = "重点/关注[一]"\nwhen = "tier = \'C\'"\nreason = "C"\n'
    book = written(tmp_path, replace(report, policy_toml=policy))
    assert book.sheetnames[6] == "重点_关注_一_"
    assert book["重点_关注_一_"]["A4"].value == "本期无"


def test_a_promised_list_keeps_its_sheet_and_is_called_what_the_policy_calls_it(tmp_path: Path, report: Report) -> None:
    policy = report.policy_toml.replace('title = "关停"', 'title = "关停退出"')
    called = pl.when(pl.col("list") == "shutdown").then(pl.lit("关停退出")).otherwise("title").alias("title")
    changed = replace(report, policy_toml=policy, candidates=report.candidates.with_columns(called))
    book = written(tmp_path, changed)
    assert "关停退出建议名单" in book["关停"]["A1"].value
    count = changed.candidates.filter(pl.col("list") == "shutdown").height
    assert ["关停退出", count] in [
        [row[0].value, row[3].value] for row in book["概览"].iter_rows(max_col=4) if row[0].value == "关停退出"
    ]


NASTY = ('=HYPERLINK("http://x","y")', "+1+1", "-2", "@SUM(A1)", "{=1+1}", "http://example.org", "00123", "=1")


def test_names_that_look_like_formulas_stay_text_everywhere(tmp_path: Path, report: Report) -> None:
    listed = report.candidates["uscc"].to_list()[: len(NASTY)]
    book = written(tmp_path, renamed(report, dict(zip(listed, NASTY, strict=True))))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    ours = ("=SUM(", "=SUBTOTAL(109,", '="合计("&SUBTOTAL(103,', "=HYPERLINK(\"#'评分明细'!A\"&(MATCH($")
    assert all(str(cell.value).startswith(ours) for cell in cells if cell.data_type == "f")
    found = {cell.value for cell in cells if cell.data_type == "s"}
    assert set(NASTY) <= found
    assert all(cell.hyperlink.target is None for cell in cells if cell.hyperlink)


def test_illegal_characters_go_and_overlong_text_is_cut_with_a_mark(tmp_path: Path, report: Report) -> None:
    first, second = report.candidates["uscc"].to_list()[:2]
    book = written(tmp_path, renamed(report, {first: "甲\x00\x0b\x1f公司\ufffe", second: "长" * 40_000}))
    names = {cell.value for row in book["全部分级"].iter_rows(min_row=4) for cell in row if isinstance(cell.value, str)}
    assert "甲公司" in names
    cut = next(name for name in names if name.startswith("长长"))
    assert len(cut) == CELL_LIMIT
    assert cut.endswith(CUT_MARK)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_cleaned_text_is_legal_and_keeps_what_is_legal(text: str) -> None:
    cleaned = clean_text(text)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", cleaned)
    assert "".join(c for c in text if c.isalnum() and c < "\ufdd0") == "".join(
        c for c in cleaned if c.isalnum() and c < "\ufdd0"
    )


def test_characters_beyond_the_first_plane_count_two() -> None:
    cleaned = clean_text("𠮷" * 20_000)
    assert len(cleaned.encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert cleaned.endswith(CUT_MARK)
    assert clean_text("𠮷" * 16_000) == "𠮷" * 16_000


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.lists(st.text(max_size=31), max_size=3))
def test_sheet_names_are_accepted_by_excel_and_unique(title: str, taken: list[str]) -> None:
    name = sheet_name(title, taken)
    assert 1 <= len(name) <= 31
    assert not set(name) & set("[]:*?/\\")
    assert name[0] != "'"
    assert name[-1] != "'"
    assert name.casefold() not in {other.casefold() for other in taken}


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_figure_that_is_not_finite_is_refused_and_nothing_is_left_behind(
    tmp_path: Path, report: Report, bad: float
) -> None:
    path = tmp_path / "out.xlsx"
    path.write_text("the last one")
    scores = report.scores.with_columns(land=pl.when(pl.col("uscc") == code(3)).then(bad).otherwise("land"))
    with pytest.raises(ValueError, match=r"'land'.*91370303MA3"):
        write_officials(path, replace(report, scores=scores))
    assert [p.name for p in tmp_path.iterdir()] == ["out.xlsx"]
    assert path.read_text() == "the last one"


def test_a_target_that_cannot_be_replaced_is_a_plain_error(tmp_path: Path, report: Report) -> None:
    path = tmp_path / "out.xlsx"
    path.mkdir()
    with pytest.raises(EfficiencyError, match="Close it in Excel"):
        write_officials(path, report)
    assert [p.name for p in tmp_path.iterdir()] == ["out.xlsx"]


def test_a_folder_that_is_a_file_is_a_plain_error(tmp_path: Path, report: Report) -> None:
    (tmp_path / "folder").write_text("")
    with pytest.raises(EfficiencyError, match="folder"):
        write_officials(tmp_path / "folder" / "out.xlsx", report)


def test_a_long_table_goes_on_in_further_sheets_and_links_follow(tmp_path: Path, report: Report) -> None:
    book = written(tmp_path, report, rows_per_sheet=50)
    parts = [name for name in book.sheetnames if name.startswith("评分明细")]
    assert parts == ["评分明细", "评分明细 (2)", "评分明细 (3)"]
    assert sum(len(table(book[name])) for name in parts) == 120
    sheet = book["全部分级 (2)"]
    codes = {at: row["统一社会信用代码"] for at, row in enumerate(table(sheet), start=4)}
    assert {row: leads_to(book, sheet, row, formula) for row, formula in ways(sheet).items()} == codes


def test_enterprises_without_data_stand_apart_with_their_reason_and_no_tier(book: Workbook, report: Report) -> None:
    missing = report.scores.filter(pl.col("status") != "ranked")
    rows = table(book["未参评与数据不足"])
    assert {row["统一社会信用代码"] for row in rows} == set(missing["uscc"])
    assert all(row["原因"] for row in rows)
    ranked = {row["统一社会信用代码"] for row in table(book["全部分级"])}
    assert not ranked & set(missing["uscc"])


def test_score_parts_add_up_to_the_score(book: Workbook) -> None:
    for row in table(book["全部分级"]):
        assert row["指标合计得分"] + row["加减分"] == pytest.approx(row["综合得分"])


def test_details_hold_every_figure_of_every_indicator_in_one_row_an_enterprise(book: Workbook, report: Report) -> None:
    rows = {row["统一社会信用代码"]: row for row in table(book["评分明细"])}
    assert set(rows) == set(report.indicators["uscc"])
    assert len(rows) == len(table(book["评分明细"]))
    called = {
        "指标值": "value",
        "分子值": "numerator",
        "分母值": "denominator",
        "基准值": "benchmark",
        "权重": "weight",
    }
    for one in report.indicators.iter_rows(named=True):
        row = rows[one["uscc"]]
        own = {header.split("·")[1].split("(")[0]: header for header in row if header.startswith(f"{one['title']}·")}
        assert {words: row[own[words]] for words in called} == {words: one[name] for words, name in called.items()}
        assert row[own["得分"]] == pytest.approx(one["score"])
        assert (row[own["基准口径"]], row[own["计分说明"]]) == (one["benchmark_scope"], one["score_note"])


def test_details_begin_with_tier_d_and_print_nobody_else(book: Workbook, report: Report) -> None:
    worst = report.scores.filter(pl.col("tier") == "D")["uscc"].to_list()
    rows = table(book["评分明细"])
    assert {row["统一社会信用代码"] for row in rows[: len(worst)]} == set(worst)
    assert str(book["评分明细"].print_area).endswith(f"${3 + len(worst)}")


def test_overview_counts_agree_with_the_scores(book: Workbook, report: Report) -> None:
    text = all_text(book["概览"])
    counts = dict(report.scores.group_by("tier").len().drop_nulls().iter_rows())
    assert f"名录企业{report.scores.height}户，参评120户" in text
    assert f"A类(优先发展){counts['A']}户" in text
    for by in ("town", "industry_division"):
        groups = totals.group_table(report, by)
        assert groups["registered"].sum() == report.scores.height
        assert groups["ranked"].sum() == 120
        assert sum(groups[tier].sum() for tier in "ABCD") == 120


def test_overview_has_four_charts_drawn_from_visible_cells(path: Path, book: Workbook) -> None:
    charts = charts_of(path)
    assert len(charts) == 4
    quadrant = next(chart for chart in charts if "scatterChart" in chart)
    for title in LISTS:
        assert f"{title}!" in quadrant.replace("'", "")
    assert quadrant.count('<c:crossesAt val="100.0"') == 2


def test_quadrant_is_divided_by_medians_where_scores_have_no_line(tmp_path: Path, report: Report) -> None:
    policy = POLICY.replace('title = "规上工业"', 'title = "规上工业"\nformula = "minmax"')
    write_officials(tmp_path / "out.xlsx", replace(report, policy_toml=policy))
    quadrant = next(chart for chart in charts_of(tmp_path / "out.xlsx") if "scatterChart" in chart)
    assert "中位数" in quadrant
    assert '<c:crossesAt val="100.0"' not in quadrant


def test_without_an_earlier_period_nothing_is_compared(tmp_path: Path, report: Report) -> None:
    first = replace(report, previous=None, scores=report.scores.with_columns(previous_tier=pl.lit(None, pl.String)))
    book = written(tmp_path, first)
    assert "无上期评价" in all_text(book["概览"])
    assert len(charts_of(tmp_path / "out.xlsx")) == 3


def test_a_method_without_tiers_is_shown_without_them(tmp_path: Path, report: Report) -> None:
    untiered = report.scores.with_columns(
        pl.lit(None, pl.String).alias(name)
        for name in ("tier", "tier_initial", "land_tier", "energy_tier", "previous_tier")
    )
    policy = re.sub(r"  \[cohort\.tiers\]\n.*\n.*\n", "", POLICY)
    book = written(
        tmp_path,
        replace(report, scores=untiered, previous=None, candidates=report.candidates.clear(), policy_toml=policy),
    )
    assert "只排名，不划分等级" in all_text(book["概览"])
    assert len(charts_of(tmp_path / "out.xlsx")) == 1


def test_an_evaluation_of_nobody_can_be_written(tmp_path: Path, report: Report) -> None:
    book = written(tmp_path, of_nobody(report))
    assert book["全部分级"]["A4"].value == "本期无"


def test_movement_counts_every_enterprise_once(report: Report) -> None:
    moved = totals.tier_movement(report)
    assert sum(moved[state].sum() for state in ("A", "B", "C", "D", totals.UNRATED)) == report.scores.height


def test_movement_stands_at_the_tier_before_and_the_tier_now(report: Report) -> None:
    """Row by row as a person would count it."""
    before = dict(report.previous.select("uscc", "tier").iter_rows())
    counted = Counter(
        (before.get(uscc) or totals.UNRATED, tier or totals.UNRATED)
        for uscc, tier in report.scores.select("uscc", "tier").iter_rows()
    )
    found = {
        (row["before"], state): row[state]
        for row in totals.tier_movement(report).to_dicts()
        for state in ("A", "B", "C", "D", totals.UNRATED)
    }
    assert {cell: count for cell, count in found.items() if count} == dict(counted)


def moved(report: Report) -> Report:
    """`report` with the movement of everybody: the score of before is two points lower."""
    ranked = report.scores.filter(pl.col("score").is_not_null())
    parts = dict.fromkeys(MOVEMENT_PARTS, 0.0) | {"own": 3.0, "peers": -1.0}
    return replace(report, movements=ranked.select(
        "uscc", (pl.col("score") - 2.0).alias("score_before"), pl.lit(2.0).alias("change"),
        *(pl.lit(amount).alias(part) for part, amount in parts.items()), pl.lit(None, dtype=pl.String).alias("note"),
    ))  # fmt: skip


def test_why_scores_moved_stands_in_the_overview_and_on_a_sheet_of_its_own(tmp_path: Path, report: Report) -> None:
    book = written(tmp_path, moved(report))
    assert book.sheetnames == [*SHEETS[:8], "得分变动", *SHEETS[8:]]
    rows = table(book["得分变动"])
    assert len(rows) == report.scores["score"].count()
    for row in rows:
        assert row["得分变化"] == pytest.approx(sum(row[title] for title in MOVEMENT_PARTS.values()))
        assert row["本期得分"] == pytest.approx(row["上期得分"] + row["得分变化"])
    text = all_text(book["概览"])
    assert "首要原因：自身数据" in text
    assert "自身数据+3.00、同组基准-1.00" in text
    assert {row["较上期变化"] for row in table(book["全部分级"])} == {2.0}


def test_equally_frequent_causes_are_told_in_the_order_of_the_parts(report: Report) -> None:
    two = (
        moved(report)
        .movements.head(2)
        .with_columns(policy=pl.Series([0.0, 3.0]), own=pl.Series([3.0, 0.0]), peers=pl.lit(-1.0))
    )
    for movements in (two, two.reverse()):
        assert (
            "首要原因：自身数据1户、办法修订1户"
            in score_changes.score_change_lines(replace(report, movements=movements))[0]
        )


def test_scores_that_cannot_be_compared_are_not_said_to_be_unchanged(tmp_path: Path, report: Report) -> None:
    unknown = (pl.lit(None, pl.Float64).alias(name) for name in ("score_before", "change"))
    movements = moved(report).movements.with_columns(unknown)
    nobody = report.previous.with_columns(pl.lit(None, pl.String).alias("tier"), pl.lit("insufficient").alias("status"))
    text = all_text(written(tmp_path, replace(report, movements=movements, previous=nobody))["概览"])
    assert "没有两期均有得分的企业" in text
    assert "得分没有变化" not in text
    assert "上期无企业评级，不作比较" in text


def test_a_rise_from_below_zero_is_told_as_a_rise(report: Report) -> None:
    before = report.previous.with_columns(tax=pl.lit(-1.0), land=pl.lit(10.0))
    now = report.scores.with_columns(tax=pl.lit(2.0), land=pl.lit(10.0))
    tax_per_mu = totals.headline_figures(replace(report, previous=before, scores=now))[3]
    assert _change(tax_per_mu) == "较上期 +300.0%"
    assert _change(replace(tax_per_mu, value=None)) == "本期无数据"


def test_a_score_never_looks_better_than_its_tier(tmp_path: Path, report: Report) -> None:
    cuts = 'by = "score"\n  cuts = { A = 90, B = 60, C = 30 }'
    policy = re.sub(r'by = "rank"\n.*', cuts, POLICY)
    at = pl.when(pl.col("rank") == 1).then(59.996).when(pl.col("rank") == 2).then(60.0).otherwise("score")
    book = written(tmp_path, replace(report, policy_toml=policy, scores=report.scores.with_columns(at.alias("score"))))
    sheet = book["全部分级"]
    column = next(cell for cell in sheet[3] if cell.value == "综合得分").column
    below, reached = (sheet.cell(row, column) for row in (4, 5))
    assert (below.value, below.number_format) == (59.996, "0.000000_ ")
    assert (reached.value, reached.number_format) == (60.0, "0.00_ ")
    assert sheet.column_dimensions[openpyxl.utils.get_column_letter(column)].width >= len("59.996000")
    assert written(tmp_path, report)["全部分级"].cell(4, column).number_format == "0.00_ "


def test_an_enterprise_that_left_the_ranking_is_no_move_between_tiers(report: Report) -> None:
    assert totals.tier_changes(report).filter(pl.col("tier").is_null() | pl.col("before").is_null()).is_empty()


def test_yield_counts_only_enterprises_with_both_figures(report: Report) -> None:
    two = report.scores.head(2).with_columns(tax=pl.Series([10.0, 90.0]), land=pl.Series([5.0, None]))
    assert totals.total_or_ratio(replace(report, scores=two), "tax", "land") == 2.0


def test_method_says_how_and_from_what(book: Workbook, report: Report) -> None:
    text = all_text(book["方法说明"])
    for said in (
        "滚动12个月",
        "亩均税收",
        "固定值 15",
        "缺失记零分",
        "封顶 1.5 倍",
        "等级为D类，且连续D类期数不小于2",
        "不高于C类",
        "D类均依据企业已报送的数据得出，从不表示数据缺失",
        "经人工核实确认",
        "天然气 12.143",
        "应填数字",
        *(str(report.evaluation[key]) for key in ("evaluation_id", "policy_sha256", "inputs_sha256", "code_version")),
    ):
        assert said in text


def test_reconciliation_is_shown_per_form_and_balances(book: Workbook) -> None:
    rows: list[list[Any]] = [[cell.value for cell in row] for row in book["方法说明"].iter_rows()]
    header = next(i for i, row in enumerate(rows) if row[0] == "表式")
    forms = list(itertools.takewhile(lambda row: isinstance(row[1], int), rows[header + 1 :]))
    assert {row[0]: row[1] for row in forms}["产出"] == 2
    assert all(row[2] == sum(row[3:9]) and row[9] == 0 for row in forms)


def test_time_is_shown_as_in_beijing(tmp_path: Path, report: Report) -> None:
    late = replace(report, evaluation={**report.evaluation, "created_at": datetime(2026, 11, 4, 17, 0, tzinfo=UTC)})
    assert "2026-11-05 01:00" in all_text(written(tmp_path, late)["概览"])


def test_tier_cells_show_the_letter_on_its_colour(book: Workbook) -> None:
    sheet = book["全部分级"]
    column = [str(cell.value).replace("\n", "") for cell in sheet[3]].index("调档后等级") + 1
    for row in range(4, 4 + 120):
        cell = sheet.cell(row, column)
        assert cell.fill.fgColor.rgb == "FF" + TIER_FILL[str(cell.value)][1:]
