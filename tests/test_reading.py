"""Sheets as departments lay them out read back as the same facts; every row and refused cell is accounted for."""

import hashlib
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from mutants import xlsb

from efficiency.intake.files import InboxFile
from efficiency.intake.mapping import NO_MAPPING
from efficiency.intake.problems import PARSE_PROBLEMS
from efficiency.intake.read import SUBMISSION, Parsed, concat, read_file
from efficiency.readers import read_files
from schemas import COLUMN_MAP, FORMS, STATED
from schemas.energy import TOTAL_CARRIER

Rows = Sequence[Sequence[object]]
MONTH = (date(2026, 10, 1), date(2026, 10, 1))
TO_DATE = (date(2026, 1, 1), date(2026, 10, 1))
CODE = "91350100M000100Y43"
DAMAGED = "913501000000100000"


def write(
    path: Path, sheets: dict[str, Rows], merges: Sequence[tuple[int, int, int, int]] = (), hidden: str = ""
) -> InboxFile:
    """A workbook; a text that begins with `=` is an idle formula, one that begins with `#` an error cell."""
    book = xlsxwriter.Workbook(path)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for row, cells in enumerate(rows):
            for column, value in enumerate(cells):
                if isinstance(value, str) and value.startswith("#"):
                    sheet.write_formula(row, column, "=1/0", None, value)
                elif isinstance(value, str) and value.startswith("="):
                    sheet.write_formula(row, column, value, None, "")
                elif value is not None:
                    sheet.write(row, column, value)
        for merge in merges:
            sheet.merge_range(*merge, rows[merge[0]][merge[1]])
        if name == hidden:
            sheet.hide()
    book.close()
    return inbox_file(path)


def inbox_file(path: Path, name: str = "") -> InboxFile:
    return InboxFile(path, name or path.name, hashlib.sha256(path.read_bytes()).hexdigest(), 0.0)


@pytest.fixture
def read(tmp_path: Path):
    def reader(rows: Rows, *, merges=(), sheet: str = "Sheet1", name: str = "表.xlsx") -> Parsed:
        return balanced(read_file(write(tmp_path / name, {sheet: rows}, merges)))

    return reader


def balanced(parsed: Parsed) -> Parsed:
    """`parsed`, whose every source row is exactly one of: stated, rejected, total, note, blank."""
    for row in parsed.submissions.iter_rows(named=True):
        stated = {
            number
            for rows in parsed.rows.values()
            for number in rows.filter(pl.col("submission_id") == row["submission_id"])["row"]
        }
        counted = sum(row[f"rows_{kind}"] for kind in ("totals", "notes", "blank", "rejected"))
        assert row["rows_total"] == len(stated) + counted, row
    return parsed


def problems(parsed: Parsed, *leave_out: str) -> list[tuple[str | None, str, str | None]]:
    kept = parsed.problems.filter(~pl.col("rule").is_in(["unit_assumed", *leave_out]))
    return kept.select("cell", "rule", "value").rows()


def stated(parsed: Parsed, form: str, *columns: str) -> list[tuple[object, ...]]:
    return parsed.rows[form].select(columns).rows()


def counts(parsed: Parsed) -> tuple[int, ...]:
    return parsed.submissions.select("rows_total", "rows_totals", "rows_notes", "rows_blank", "rows_rejected").row(0)


# --- layouts ---------------------------------------------------------------------------------------------------------

FIGURES = [("甲公司", 1000.5, 25.0), ("乙公司", 2000.0, -3.5), ("丙公司", 0.0, 7.25)]


@settings(max_examples=40)
@given(
    down=st.integers(0, 4),
    right=st.integers(0, 3),
    title=st.sampled_from(["title", "sheet", "file", "column"]),
    header=st.sampled_from(["one", "merged", "unmerged", "unit row"]),
    unit=st.sampled_from(["bracket", "line", "title"]),
    gap=st.booleans(),
    serial=st.booleans(),
    foot=st.booleans(),
    dashes=st.sampled_from("-—~至"),
)
def test_a_table_reads_the_same_however_it_is_laid_out(  # noqa: PLR0917  # hypothesis names its arguments
    down, right, title, header, unit, gap, serial, foot, dashes
) -> None:
    period = f"2026年1{dashes}10月"
    rows: list[list[object]] = [[] for _ in range(down)]
    if title == "title" or unit == "title":
        rows.append(
            [(period if title == "title" else "") + "工业企业产出情况表" + ("(单位：千元)" if unit == "title" else "")]
        )
    if unit == "line":
        rows.append(["填报单位:统计局", None, "单位:千元"])
    head = ["企业名称", "营业收入", "实缴税金"]
    if unit == "bracket" and header != "unit row":
        head = ["*企业名称", "营业收入（千元）", "实缴税金\n(千元)"]
    lead = ["序号"] if serial else []
    first = len(rows)
    merges: list[tuple[int, int, int, int]] = []
    if header in ("merged", "unmerged"):
        rows += [
            [*lead, head[0], "经济指标", None if header == "merged" else ""],
            [*([None] * len(lead)), None, *head[1:]],
        ]
        if header == "merged":
            places = range(right, right + len(lead) + 1)
            merges = [(first, place, first + 1, place) for place in places]
            merges.append((first, right + len(lead) + 1, first, right + len(lead) + 2))
    else:
        rows.append([*lead, *head])
    if header == "unit row":
        rows.append([*([None] * len(lead)), None, "千元", "千元"])
    if title == "column":
        rows[first] = [*rows[first], "报告期"]
        if header == "merged":
            merges.append((first, right + len(lead) + 3, first + 1, right + len(lead) + 3))
    for number, (name, revenue, tax) in enumerate(FIGURES, 1):
        period_cell = [period] if title == "column" else []
        rows.append([*([number] if serial else []), name, revenue, f"{tax:,.2f}", *period_cell])
        if gap:
            rows.append([])
    if foot:
        rows += [
            [*([None] * len(lead)), "合计", sum(f[1] for f in FIGURES), sum(f[2] for f in FIGURES)],
            [],
            ["注:本表为快报数。"],
            ["填报日期：2026-11-03"],
        ]
    shifted = [[*([None] * right), *row] for row in rows]
    sheet = period if title == "sheet" else "Sheet1"
    name = f"{period}产出.xlsx" if title == "file" else "产出.xlsx"
    with tempfile.TemporaryDirectory() as folder:
        parsed = balanced(read_file(write(Path(folder) / name, {sheet: shifted}, merges)))
    assert stated(parsed, "output", "name", "revenue", "tax", "span_start", "span_end") == [
        (name, revenue / 10, tax / 10, *TO_DATE) for name, revenue, tax in FIGURES
    ]
    assert parsed.problems.filter(pl.col("rule") != "unit_assumed").is_empty()
    expected_rows = first + down * 0 + (2 if header != "one" else 1)
    assert parsed.rows["output"]["row"].to_list() == [
        expected_rows + 1 + place * (2 if gap else 1) for place in range(len(FIGURES))
    ]


def test_month_and_cumulative_columns_side_by_side_are_two_spans(read) -> None:
    parsed = read(
        [
            ["2026年10月产出表"],
            ["企业名称", "营业收入(千元)", None, "平均用工人数(人)"],
            [None, "本月", "本月止累计"],
            ["甲公司", 10, 100, 5],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 1, 2), (1, 3, 2, 3)],
    )
    assert stated(parsed, "output", "revenue", "employees", "span_start", "span_end", "block") == [
        (1.0, None, *MONTH, 0),
        (10.0, None, *TO_DATE, 1),
        (None, 5.0, *MONTH, 2),
    ]
    places = parsed.columns.select("block", "field", "column", "unit", "factor").rows()
    assert (0, "revenue", "B", "千元", 0.1) in places
    assert (1, "revenue", "C", "千元", 0.1) in places
    assert (1, "name", "A", None, None) in places


def test_a_wide_energy_sheet_gives_one_row_for_each_carrier_that_is_not_blank(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "用电量(度)", "天然气(立方米)", "原煤(吨)", "综合能耗(千克标准煤)"],
            ["甲公司", 20_000, 5000, None, 9000],
            ["乙公司", 0, "-", 3, "/"],
        ]
    )
    assert stated(parsed, "energy", "name", "carrier", "unit", "consumption", "row") == [
        ("甲公司", "电力", "度", 2.0, 3),
        ("甲公司", "天然气", "立方米", 0.5, 3),
        ("甲公司", TOTAL_CARRIER, "千克标准煤", 9.0, 3),
        ("乙公司", "电力", "度", 0.0, 4),
        ("乙公司", "原煤", "吨", 3.0, 4),
    ]


def test_a_long_energy_sheet_reads_merged_names_carriers_units_and_own_coefficients(read) -> None:
    parsed = read(
        [
            ["能源购进、消费与库存(2026年1-10月)"],
            ["单位详细名称", "能源名称", "计量单位", "代码", "消费量", None, "采用折标系数"],
            [None, None, None, None, "合计", "其中:用于原材料"],
            ["甲", "乙", "丙", "丁", 1, 2, 3],
            ["甲公司", "煤炭", "千克", 1, 5000, 1000, 0.7],
            [None, "电力", "万千瓦时", 2, 3],
            [None, "汽油", "吨", 3],
            [None, "能源合计", "吨标准煤", 40, 7.2],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 2, 1), (1, 2, 2, 2), (1, 3, 2, 3), (1, 4, 1, 5), (1, 6, 2, 6), (4, 0, 7, 0)],
    )
    assert stated(parsed, "energy", "name", "carrier", "consumption", "feedstock", "coefficient", "span_end") == [
        ("甲公司", "原煤", 5.0, 1.0, 0.7, TO_DATE[1]),
        ("甲公司", "电力", 3.0, None, None, TO_DATE[1]),
        ("甲公司", TOTAL_CARRIER, 7.2, None, None, TO_DATE[1]),
    ]
    assert counts(parsed) == (4, 0, 0, 1, 0)  # the pre-printed carrier without a figure is blank
    assert problems(parsed) == []


LONG = [
    ["2026年10月能源消费"],
    ["单位详细名称", "能源名称", "计量单位", "消费量"],
    ["甲公司", "电力", "万千瓦时", 3.0],
    [None, "原煤", "吨", 5.0],
    [None, "汽油", "吨", 7.0],
    ["乙公司", "电力", "万千瓦时", 4.0],
]
OF_LONG = [
    ("甲公司", "电力", 3.0),
    ("甲公司", "原煤", 5.0),
    ("甲公司", "汽油", 7.0),
    ("乙公司", "电力", 4.0),
]


def ods(path: Path, rows: Rows, merges: Sequence[tuple[int, int, int, int]] = (), idle: tuple[int, int] = (-1, -1)):
    """An OpenDocument spreadsheet of one sheet; `idle` is a formula without a result."""

    def cell(row: int, column: int, value: object) -> str:
        spans = [(r1 - r0 + 1, c1 - c0 + 1) for r0, c0, r1, c1 in merges if (r0, c0) == (row, column)]
        merged = "".join(
            f' table:number-rows-spanned="{down}" table:number-columns-spanned="{right}"' for down, right in spans
        )
        if (row, column) == idle:
            return f'<table:table-cell table:formula="of:=1+1"{merged}/>'
        if isinstance(value, float):
            return f'<table:table-cell office:value-type="float" office:value="{value}"{merged}/>'
        kind = ' office:value-type="string"' if value else ""
        return f"<table:table-cell{kind}{merged}><text:p>{value or ''}</text:p></table:table-cell>"

    body = "".join(
        f"<table:table-row>{''.join(cell(row, column, value) for column, value in enumerate(cells))}</table:table-row>"
        for row, cells in enumerate(rows)
    )
    names = "".join(
        f' xmlns:{kind}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in ("office", "table", "text")
    )
    content = (
        f"<office:document-content{names}><office:body><office:spreadsheet>"
        f'<table:table table:name="能源">{body}</table:table>'
        f"</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return inbox_file(path)


@pytest.mark.parametrize("ending", [".xlsx", ".ods", ".xlsb"])
def test_an_enterprise_merged_over_its_carriers_is_read_alike_in_every_format(tmp_path: Path, ending: str) -> None:
    merges, path = [(2, 0, 4, 0)], tmp_path / f"表{ending}"
    if ending == ".xlsx":
        file = write(path, {"能源": LONG}, merges)
    elif ending == ".ods":
        file = ods(path, LONG, merges)
    else:
        path.write_bytes(xlsb({"能源": LONG}, merges))
        file = inbox_file(path)
    parsed = balanced(read_file(file))
    assert stated(parsed, "energy", "name", "carrier", "consumption") == OF_LONG
    assert problems(parsed) == []


def test_rows_without_a_period_that_are_not_merged_are_of_no_month(read) -> None:
    rows: Rows = [["报告期", "企业名称", "营业收入(万元)"], ["2026年10月", "甲公司", 1], [None, "乙公司", 2]]
    assert stated(read(rows, merges=[(1, 0, 2, 0)]), "output", "name", "span_end") == [
        ("甲公司", MONTH[1]),
        ("乙公司", MONTH[1]),
    ]
    apart = read(rows)
    assert stated(apart, "output", "name") == [("甲公司",)]
    assert problems(apart) == [("A3", "period_unknown", None)]
    assert "空白" in apart.problems["message"][0]


def test_rows_without_a_name_that_are_not_merged_belong_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "表.csv"
    path.write_text("\n".join(",".join(str(cell or "") for cell in row) for row in LONG), encoding="utf-8")
    for file in (inbox_file(path), ods(tmp_path / "表.ods", LONG)):
        parsed = balanced(read_file(file))
        assert stated(parsed, "energy", "name", "carrier", "consumption") == [
            (None if carrier in ("原煤", "汽油") else name, carrier, figure) for name, carrier, figure in OF_LONG
        ]


def test_an_ods_formula_without_a_result_is_refused(tmp_path: Path) -> None:
    parsed = balanced(read_file(ods(tmp_path / "表.ods", LONG, idle=(5, 3))))
    assert problems(parsed) == [("D6", "formula_uncached", "=1+1")]


def test_a_format_that_hides_whether_formulas_were_calculated_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "表.xlsb"
    path.write_bytes(xlsb({"能源": [*LONG, ["丙公司", "电力", "万千瓦时", "=idle"]], "又": LONG}))
    parsed = read_file(inbox_file(path))
    told = parsed.problems.filter(pl.col("rule") == "formula_idle")
    assert told.select("sheet", "value", "severity").rows() == [("", "1", "note")]
    assert ".xlsb" in told["message"][0]


def test_the_statistical_form_205_1_is_read_as_it_is_printed(read) -> None:
    head: Rows = [
        ["能源购进、消费与库存"],
        [f"统一社会信用代码:{CODE}", None, "205-1表"],
        ["单位详细名称:甲公司", None, None, None, "2026年1—10月"],
        ["能源名称", "计量单位", "代码", "年初库存量", "1—本月", None, None, None, None],
        [None, None, None, None, "购进量", None, "消费量", None, None],
        [None, None, None, None, "实物量", "金额(千元)", "合计", "工业生产消费", "#用于原材料"],
        ["甲", "乙", "丙", 1, 2, 3, 4, 5, 6],
    ]
    merges = [*((3, column, 5, column) for column in range(4)), (3, 4, 3, 8), (4, 4, 4, 5), (4, 6, 4, 8)]
    rows: Rows = [["原煤", "吨", "01", 0, 100, 50, 90, 80, 10], ["电力", "万千瓦时", "35", None, None, None, 20, 20]]
    for layout in (merges, []):
        parsed = read([*head, *rows, ["单位负责人：", "王", "填表人：", "李"]], merges=layout)
        assert stated(parsed, "energy", "uscc", "carrier", "consumption", "feedstock", "span_start", "span_end") == [
            (CODE, "原煤", 90.0, 10.0, *TO_DATE),
            (CODE, "电力", 20.0, None, *TO_DATE),
        ]
        assert problems(parsed) == []


def test_a_subheading_makes_a_column_another_quantity_or_the_whole_of_it(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "税收(万元)", None, "研发费用(万元)", "平均用工人数"],
            [None, "上年同期", "合计", "增值税", "(快报数)", None],
            ["甲公司", 1, 3, 2, 4, 5],
        ],
        merges=[(1, 0, 2, 0), (1, 2, 1, 3), (1, 5, 2, 5)],
    )
    assert stated(parsed, "output", "revenue", "tax", "rd_expense", "employees") == [(None, 3.0, 4.0, 5.0)]
    assert problems(parsed) == []


def test_a_header_is_as_tall_as_the_name_is_merged(read) -> None:
    parsed = read(
        [
            ["2026年10月工业企业主要经济指标"],
            ["企业名称", "主要经济指标", None, None, None],
            [None, "营业收入", None, "实缴税金", None],
            [None, "(千元)", None, "(万元)", None],
            [None, "本月", "1-10月", "上年同期", "1-10月"],
            ["甲公司", 120, 1200, 8, 9],
        ],
        merges=[(1, 0, 4, 0), (1, 1, 1, 4), (2, 1, 2, 2), (2, 3, 2, 4), (3, 1, 3, 2), (3, 3, 3, 4)],
    )
    assert stated(parsed, "output", "revenue", "tax", "span_start", "span_end") == [
        (12.0, None, *MONTH),
        (120.0, 9.0, *TO_DATE),
    ]
    assert problems(parsed) == []


def test_carriers_and_products_by_rows_may_have_a_month_and_a_cumulative_column(read) -> None:
    energy = read(
        [
            ["2026年10月"],
            ["企业名称", "能源名称", "计量单位", "消费量", None, "采用折标系数"],
            [None, None, None, "本月", "累计"],
            ["甲公司", "原煤", "吨", 5, 50, 0.7],
            ["甲公司", "神油", "吨", 1, 1],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 2, 1), (1, 2, 2, 2), (1, 3, 1, 4), (1, 5, 2, 5)],
    )
    figures = stated(energy, "energy", "carrier", "consumption", "coefficient", "span_start", "span_end")
    assert figures[:2] == [("原煤", 5.0, 0.7, *MONTH), ("原煤", 50.0, 0.7, *TO_DATE)]
    assert set(problems(energy)) == {("B5", "carrier_unknown", "神油")}
    products = read(
        [
            ["2026年10月"],
            ["企业名称", "产品名称", "产量(吨)", None, "产品能耗(吨标准煤)", None],
            [None, None, "本月", "累计", "本月", "累计"],
            ["甲公司", "水泥熟料", 5, 50, 1, 10],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 2, 1), (1, 2, 1, 3), (1, 4, 1, 5)],
    )
    assert stated(products, "products", "product", "quantity", "energy_tce", "span_start") == [
        ("水泥熟料", 5.0, 1.0, MONTH[0]),
        ("水泥熟料", 50.0, 10.0, TO_DATE[0]),
    ]


def test_a_sheet_about_one_enterprise_takes_its_name_from_the_head(read) -> None:
    parsed = read(
        [
            ["2026年10月能源消费"],
            [f"统一社会信用代码:{CODE}", None, "单位详细名称:甲公司"],
            ["能源名称", "计量单位", "消费量"],
            ["电力", "万千瓦时", 3],
            ["能源合计", "吨标准煤", 4],
        ]
    )
    assert stated(parsed, "energy", "uscc", "name", "carrier") == [
        (CODE, "甲公司", "电力"),
        (CODE, "甲公司", TOTAL_CARRIER),
    ]


@pytest.mark.parametrize(
    ("title", "sheet"), [("2026年企业用电量(万千瓦时)", "Sheet1"), ("", "2026年企业用电量(万千瓦时)")]
)
def test_twelve_months_of_one_carrier_are_twelve_spans(read, title: str, sheet: str) -> None:
    months = [f"{month}月" for month in range(1, 13)]
    parsed = read(
        [
            [title],
            ["企业名称", *months, "合计"],
            ["甲公司", *range(1, 11), None, None, 55],
            ["乙公司", *range(1, 11), None, "—", 66],
        ],
        sheet=sheet,
    )
    assert stated(parsed, "energy", "name", "carrier", "consumption", "span_start", "span_end")[:10] == [
        ("甲公司", "电力", float(month), date(2026, month, 1), date(2026, month, 1)) for month in range(1, 11)
    ]
    assert parsed.rows["energy"].height == 20
    assert problems(parsed) == [("N4", "control_total", "66")]


def test_twelve_months_of_a_measure_go_into_output(read) -> None:
    months = [f"{month}月份" for month in range(1, 13)]
    parsed = read([["2026年实缴税金(单位:元)"], ["企业名称", *months], ["甲公司", *([10_000] * 12)]])
    assert stated(parsed, "output", "tax") == [(1.0,)] * 12


@pytest.mark.parametrize(
    ("heads", "cells", "span"),
    [
        (["年份", "月份"], [2026, 10], MONTH),
        (["年份", "月份"], ["2026年", "1-10月"], TO_DATE),
        (["报告期"], [202610], MONTH),
        (["所属期"], ["2026年1—10月"], TO_DATE),
        (["年份"], [2026], (date(2026, 1, 1), date(2026, 12, 1))),
        (["税款所属期起", "税款所属期止"], ["2026-01-01", "2026-10-31"], TO_DATE),
        (["月份"], ["10月"], MONTH),
        (["年份", "季度"], [2026, 2], (date(2026, 4, 1), date(2026, 6, 1))),
        (["年份", "季度"], ["2026年", "第一季度"], (date(2026, 1, 1), date(2026, 3, 1))),
        (["报告期"], ["2026年前三季度"], (date(2026, 1, 1), date(2026, 9, 1))),
        (["报告期"], ["2026年下半年"], (date(2026, 7, 1), date(2026, 12, 1))),
        (["所属期"], ["2026.10"], MONTH),
        (["税款所属期起", "税款所属期止"], ["2026-04-01", "2026-06-30"], (date(2026, 4, 1), date(2026, 6, 1))),
        (["税款所属期起", "税款所属期止"], ["2025-11", "2026-10"], (date(2025, 11, 1), MONTH[1])),
    ],
)
def test_period_columns_go_before_the_title(read, heads: list[str], cells: list[object], span) -> None:
    title = "2026年产出" if heads == ["月份"] else "2025年3月产出"
    parsed = read([[title], ["企业名称", *heads, "营业收入(万元)"], ["甲公司", *cells, 1]])
    assert stated(parsed, "output", "span_start", "span_end") == [span]
    assert parsed.submissions["period_label"].to_list() == [None]


@pytest.mark.parametrize(
    ("title", "sheet", "name"),
    [
        ("2026年二季度产出", "Sheet1", "表.xlsx"),
        ("产出", "2026年4-6月", "表.xlsx"),
        ("产出", "Sheet1", "2026年第二季度.xlsx"),
        ("产出", "二季度", "2026年.xlsx"),
    ],
)
def test_a_quarter_is_read_wherever_it_is_said(read, title: str, sheet: str, name: str) -> None:
    parsed = read([[title], ["企业名称", "营业收入(万元)"], ["甲公司", 1]], sheet=sheet, name=name)
    assert stated(parsed, "output", "span_start", "span_end") == [(date(2026, 4, 1), date(2026, 6, 1))]


def test_four_quarters_side_by_side_are_four_spans(read) -> None:
    quarters = ["一季度", "二季度", "三季度", "四季度"]
    parsed = read([["2026年营业收入(万元)"], ["企业名称", *quarters, "合计"], ["甲公司", 1, 2, 3, 4, 11]])
    spans = [(date(2026, first, 1), date(2026, first + 2, 1)) for first in (1, 4, 7, 10)]
    assert stated(parsed, "output", "revenue", "span_start", "span_end") == [
        (float(number), *span) for number, span in enumerate(spans, 1)
    ]
    assert problems(parsed) == [("F3", "control_total", "11")]
    part = read([["2026年营业收入(万元)"], ["企业名称", *quarters[:3]], ["甲公司", 1, 2, 3]])
    assert part.submissions["period_label"].to_list() == ["2026-01..2026-09"]


def test_a_column_of_half_written_octobers_is_read_by_its_neighbours_or_refused(read) -> None:
    head = ["企业名称", "报告期", "营业收入(万元)"]
    padded = read([head, *(["甲公司", number, 1] for number in (2026.08, 2026.09, 2026.1, 2026.11))])
    assert [span.month for (span,) in stated(padded, "output", "span_end")] == [8, 9, 10, 11]
    open_ = read([head, *(["甲公司", number, 1] for number in (2026.8, 2026.9, 2026.1))])
    assert [span.month for (span,) in stated(open_, "output", "span_end")] == [8, 9]
    assert problems(open_) == [("B4", "period_unknown", "2026.1")]
    assert "可能是 1 月，也可能是 10 月" in open_.problems["message"].str.join("")[0]
    typed = read([head, ["甲公司", "2026.1", 1], ["甲公司", "2026.10", 2]])
    assert [span.month for (span,) in stated(typed, "output", "span_end")] == [1, 10]


def test_headings_that_are_numbers_are_months_only_where_that_is_sure(read) -> None:
    def months(*numbers: object) -> list[int]:
        parsed = read([["营业收入(万元)"], ["企业名称", *numbers], ["甲公司", *range(1, len(numbers) + 1)]])
        return [span.month for (span,) in stated(parsed, "output", "span_end")]

    assert months(2026.08, 2026.09, 2026.1, 2026.11) == [8, 9, 10, 11]
    assert months("2026.1", "2026.2", "2026.10") == [1, 2, 10]
    assert months(2026.8, 2026.9, 2026.1) == [8, 9]


def test_a_cell_of_a_table_that_is_read_as_several_forms_is_told_once(read) -> None:
    parsed = read(
        [
            ["2026年"],
            ["统一社会信用代码", "企业名称", "月份", "营业收入(万元)", "电力(万千瓦时)", "自有用地面积(亩)"],
            [float(DAMAGED), "甲公司", "10月", 1, 2, 3],
            [CODE, "乙公司", "上月", 1, 2, 3],
        ]
    )
    assert set(parsed.submissions["form"]) == {"output", "land", "energy"}
    assert sorted(problems(parsed)) == [("A3", "uscc_damaged", DAMAGED), ("C4", "period_unknown", "上月")]


def test_stacked_tables_and_side_by_side_forms_are_each_read(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "综合能耗(吨标准煤)"],
            ["甲公司", 1, 2],
            [],
            ["企业名称", "自有用地面积(亩)"],
            ["甲公司", 30],
        ]
    )
    assert stated(parsed, "output", "revenue") == [(1.0,)]
    assert stated(parsed, "energy", "carrier", "consumption") == [(TOTAL_CARRIER, 2.0)]
    assert stated(parsed, "land", "owned", "row") == [(30.0, 6)]
    assert parsed.submissions["submission_id"].n_unique() == 3


def test_the_same_table_below_with_another_title_is_another_month(read) -> None:
    head = ["企业名称", "营业收入", "实缴税金"]
    parsed = read(
        [
            ["2026年9月产出", None, "单位:千元"],
            head,
            ["甲公司", 10, 20],
            ["乙公司"],
            [],
            ["2026年10月产出"],
            [],
            head,
            ["甲公司", 30, 40],
            ["合计", 30, 40],
            head,
            ["乙公司", 50, 60],
            ["2026年8月(单位:元)"],
            head,
            ["甲公司", 70_000, 80_000],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "span_end", "row") == [
        ("甲公司", 1.0, date(2026, 9, 1), 3),
        ("甲公司", 3.0, date(2026, 10, 1), 9),
        ("乙公司", 5.0, date(2026, 10, 1), 12),
        ("甲公司", 7.0, date(2026, 8, 1), 15),
    ]
    assert problems(parsed, "control_total") == [("A4", "row_empty", None)]
    assert parsed.submissions["period_label"].to_list() == ["2026-09", "2026-10", "2026-08"]


def test_a_table_below_without_a_title_of_its_own_is_of_the_time_and_unit_of_the_one_above(read) -> None:
    parsed = read(
        [
            ["2026年10月", None, "单位:千元"],
            ["企业名称", "营业收入"],
            ["甲公司2025", 10],
            [],
            ["企业名称", "实缴税金"],
            ["甲公司2025", 20],
        ],
        sheet="2024年",
    )
    assert stated(parsed, "output", "revenue", "tax", "span_end") == [(1.0, None, MONTH[1]), (None, 2.0, MONTH[1])]


def test_a_month_typed_into_a_cell_of_its_own_has_become_a_date_and_is_still_that_month(read) -> None:
    table: Rows = [["企业名称", "营业收入(万元)"], ["甲公司", 1]]

    def spans(*head: list[object], name: str = "表.xlsx", sheet: str = "Sheet1") -> list[tuple[object, ...]]:
        return stated(read([*head, *table], name=name, sheet=sheet), "output", "span_start", "span_end")

    assert spans(["工业产出"], ["2026-10-01"]) == [MONTH]
    assert spans(["工业产出(本月止累计)"], ["2026-10-01"]) == [TO_DATE]
    assert spans(["2026-10-01"], name="2026年产出.xlsx") == [MONTH]
    assert spans(["2026-10-01", None, "单位:万元"]) == [MONTH]
    assert spans(["2026-11-03"]) == []
    assert spans(["填报日期", "2026-11-01"]) == []
    assert spans(["产出"], [2026, "年", 10, "月"]) == [MONTH]
    assert spans(["2026-11-01"], sheet="2026年10月") == [MONTH]


def test_twelve_months_without_a_unit_are_noted_once(read) -> None:
    parsed = read([["2026年入库税收"], ["企业名称", *(f"{month}月" for month in range(1, 13))], ["甲公司", *[1] * 12]])
    assert parsed.problems.select("cell", "rule").rows() == [("B2", "unit_assumed")]


def test_areas_without_a_date_of_their_own_take_the_one_above_the_table(read) -> None:
    parsed = read(
        [
            ["工业用地(截止日期：2026年9月30日)"],
            ["企业名称", "登记用地面积(平方米)", "承租面积"],
            ["甲公司", 2000, 1],
            ["乙公司"],
        ]
    )
    assert stated(parsed, "land", "owned", "leased_in", "as_of") == [(3.0, 1.0, date(2026, 9, 30))]
    assert problems(parsed) == [("A4", "row_empty", None)]


def test_figures_of_another_year_or_kind_beside_ours_keep_apart(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", None, None, None],
            [None, "本月", "上年同期", "增长(%)", "1—本月"],
            ["甲公司", 10, 9, 11.1, 100],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 1, 4)],
    )
    assert stated(parsed, "output", "revenue", "span_start") == [(10.0, MONTH[0]), (100.0, TO_DATE[0])]
    years = read([["1-10月产出 单位:万元"], ["企业名称", "2026年营业收入", "2025年营业收入"], ["甲公司", 10, 9]])
    assert stated(years, "output", "revenue", "span_end") == [(10.0, MONTH[1]), (9.0, date(2025, 10, 1))]


def test_rows_of_a_table_that_is_none_of_ours_are_not_those_of_the_table_above(read) -> None:
    parsed = read(
        [
            ["表一 2026年10月营业收入(万元)"],
            ["企业名称", "营业收入"],
            ["甲公司", 100],
            [],
            ["表二 2026年10月利润(万元)"],
            ["企业名称", "利润总额"],
            ["乙公司", 9],
            [],
            ["丙公司", 8],
            ["表三 2026年10月税收(万元)"],
            ["企业名称", "税收"],
            ["乙公司", 3],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "tax", "row") == [
        ("甲公司", 100.0, None, 3),
        ("乙公司", None, 3.0, 12),
    ]
    assert problems(parsed) == [("A6", "form_unknown", None)]
    assert parsed.submissions.select("form", "rows_total", "rows_rejected", "rows_blank").rows() == [
        ("output", 1, 0, 0),
        ("output", 1, 0, 0),
        (None, 3, 2, 1),
    ]


def test_rows_below_a_lone_mark_of_time_are_not_of_the_title_s_time(read) -> None:
    head = ["企业名称", "营业收入(万元)"]
    parsed = read([["2026年9月"], head, ["甲公司", 1], ["2026年10月"], ["甲公司", 2], ["乙公司", 3]])
    assert stated(parsed, "output", "revenue", "row") == [(1.0, 3)]
    assert problems(parsed) == [("A4", "period_unknown", "2026年10月")]
    assert counts(parsed) == (4, 0, 1, 0, 2)
    own = read([[*head, "报告期"], ["2026年9月"], ["甲公司", 1, "2026年9月"], ["10月"], ["甲公司", 2, "2026年10月"]])
    assert stated(own, "output", "revenue") == [(1.0,), (2.0,)]
    assert problems(own) == []


def test_a_table_that_is_none_of_ours_is_told_above_one_of_ours_too(read) -> None:
    parsed = read([["2026年10月"], ["企业名称", "利润总额"], ["甲公司", 9], HEAD[:2], ["乙公司", 1]])
    assert stated(parsed, "output", "name", "revenue") == [("乙公司", 1.0)]
    assert problems(parsed) == [("A2", "form_unknown", None)]
    head = ["能源名称", "计量单位", "消费量"]
    about_one = read([["2026年10月"], ["企业名称", "甲公司"], ["企业名称:甲公司"], [*head], ["原煤", "吨", 1]])
    assert problems(about_one) == []


def test_a_figure_merged_over_several_enterprises_is_nobody_s(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "实缴税金(万元)"],
            ["甲公司", 100, 1],
            ["乙公司", None, 2],
            ["丙公司", 5, 6],
            ["丙公司", None, None],
        ],
        merges=[(2, 1, 3, 1), (4, 1, 5, 1)],
    )
    assert stated(parsed, "output", "name", "revenue", "tax") == [
        ("甲公司", None, 1.0),
        ("乙公司", None, 2.0),
        ("丙公司", 5.0, 6.0),
    ]
    assert problems(parsed) == [("B3", "merged_figure", "100"), ("A6", "row_empty", None)]
    assert "第 4 行" in parsed.problems["message"][0]


def test_a_year_beside_a_title_of_months_is_those_months(read) -> None:
    rows = [["年份", "企业名称", "营业收入(万元)"], [2026, "甲公司", 1], [2025, "甲公司", 2]]
    parsed = read([["2026年1-10月产出"], *rows])
    assert stated(parsed, "output", "revenue", "span_start", "span_end") == [(1.0, *TO_DATE)]
    assert problems(parsed) == [("A4", "period_unknown", "2025")]
    assert "年份" in parsed.problems["message"][0]
    years = read([["产出"], *rows])
    assert {end for _, end in stated(years, "output", "span_start", "span_end")} == {
        date(2026, 12, 1),
        date(2025, 12, 1),
    }


def test_a_header_printed_again_is_a_note_row(read) -> None:
    head = ["企业名称", "营业收入(万元)"]
    parsed = read([["2026年10月"], head, ["甲公司", 1], head, ["乙公司", 2]])
    assert stated(parsed, "output", "name", "revenue") == [("甲公司", 1.0), ("乙公司", 2.0)]
    assert counts(parsed) == (3, 0, 1, 0, 0)


def test_a_register_reads_codes_flags_dates_and_lost_zeros(read) -> None:
    parsed = read(
        [
            [
                "统一社会信用代码",
                "单位详细名称",
                "国民经济行业代码",
                "镇(街道)",
                "企业规模",
                "投产时间",
                "是否在建",
                "资质荣誉",
            ],
            [" 91350100m000100y43 ", "甲公司", 3071, "北郊镇", "规模以上", 2019.5, "否", "高新技术企业、专精特新"],
            [CODE, "乙公司", 6, "南定镇", "规下", 43_586, "√", "-"],
        ]
    )
    assert stated(parsed, "register", "uscc", "industry", "scale", "commissioned", "under_construction", "honours") == [
        (CODE, "3071", "规上", date(2019, 5, 1), False, "高新技术企业、专精特新"),
        (CODE, "06", "规下", date(2019, 5, 1), True, None),
    ]
    assert problems(parsed) == []


def test_a_department_s_table_with_code_industry_and_town_is_no_register(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["统一社会信用代码", "企业名称", "行业代码", "镇办", "实缴税金(万元)"],
            [CODE, "甲公司", "3071", "北郊镇", 5],
        ]
    )
    assert parsed.submissions["form"].to_list() == ["output"]
    assert stated(parsed, "output", "tax") == [(5.0,)]


def test_csv_is_read_like_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "2026-10.csv"
    path.write_bytes('企业名称,用水量(立方米),备注\n甲公司,"1,500",x\n\n合计,1500,\n'.encode("gb18030"))
    parsed = balanced(read_file(inbox_file(path)))
    assert stated(parsed, "output", "water", "span_end", "sheet", "row") == [(1500.0, MONTH[1], "", 2)]
    assert counts(parsed) == (3, 1, 0, 1, 0)


# --- one planted case for each rule ----------------------------------------------------------------------------------

HEAD = ["企业名称", "营业收入(万元)", "实缴税金(万元)"]


@pytest.mark.parametrize(
    ("value", "rule"),
    [("约1200", "not_a_number"), ("#DIV/0!", "error_cell"), ("=A1*2", "formula_uncached"), ("12万", "not_a_number")],
)
def test_a_refused_cell_is_named_and_the_row_s_other_figures_count(read, value: str, rule: str) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", value, 5]])
    assert problems(parsed) == [("B3", rule, value)]
    assert parsed.problems.filter(pl.col("rule") == rule).select("name", "field", "row").row(0) == (
        "甲公司",
        "revenue",
        3,
    )
    assert stated(parsed, "output", "revenue", "tax") == [(None, 5.0)]


def test_a_percentage_in_an_amount_counts_with_a_warning(read) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", "12.5%", 5]])
    assert problems(parsed) == [("B3", "percent_in_amount", "12.5%")]
    assert stated(parsed, "output", "revenue") == [(0.125,)]


def test_a_row_without_figures_is_rejected_with_a_reason(read) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", "-", None], ["乙公司", "x", "y"]])
    assert problems(parsed) == [("B4", "not_a_number", "x"), ("C4", "not_a_number", "y"), ("A3", "row_empty", None)]
    assert counts(parsed) == (2, 0, 0, 0, 2)


def test_a_code_typed_as_a_number_is_damaged_and_the_name_still_counts(read) -> None:
    parsed = read([["2026年10月"], ["统一社会信用代码", *HEAD], [float(DAMAGED), "甲公司", 1, 2]])
    assert problems(parsed) == [("A3", "uscc_damaged", DAMAGED)]
    assert stated(parsed, "output", "uscc", "name", "revenue") == [(None, "甲公司", 1.0)]


@pytest.mark.parametrize(
    ("head", "cell", "rule"),
    [
        ("行业代码", "ZZ", "industry_invalid"),
        ("企业规模", "中型", "not_a_choice"),
        ("投产日期", "三月份", "not_a_date"),
        ("是否在建", "也许", "not_a_choice"),
    ],
)
def test_refused_attributes_are_null_and_named(read, head: str, cell: str, rule: str) -> None:
    heads = ["统一社会信用代码", "企业名称", "行业代码", "镇办", "企业规模", "投产日期", "是否在建"]
    values = [CODE, "甲公司", "3071", "北郊镇", "规上", "2019-05", "否"]
    values[heads.index(head)] = cell
    parsed = read([heads, values])
    assert problems(parsed) == [(f"{'ABCDEFG'[heads.index(head)]}2", rule, cell)]
    assert parsed.rows["register"].height == 1


def test_an_unknown_unit_refuses_the_column_and_is_never_guessed(read) -> None:
    parsed = read(
        [["2026年10月"], ["企业名称", "营业收入(万美元)", "实缴税金(万元)"], ["甲公司", 1, 2], ["乙公司", 3, None]]
    )
    assert problems(parsed) == [("B2", "unit_unknown", "万美元")]
    assert stated(parsed, "output", "name", "revenue", "tax") == [("甲公司", None, 2.0)]
    assert counts(parsed) == (2, 0, 0, 0, 1)


@pytest.mark.parametrize(
    "unit", ["亿", "万", "百万", "L", "瓶", "元/年", "千元不含税", "10万元"], ids=str
)
def test_a_magnitude_a_rate_and_a_single_letter_are_units_that_are_not_known(read, unit: str) -> None:
    parsed = read([["2026年10月"], ["企业名称", f"营业收入({unit})"], ["甲公司", 5]])
    assert stated(parsed, "output", "revenue") == []
    assert [(cell, rule) for cell, rule, _ in problems(parsed)] == [("B2", "unit_unknown")]


def test_an_unknown_unit_in_the_unit_row_does_not_hide_the_others(read) -> None:
    parsed = read(
        [["2026年10月"], ["企业名称", "电力", "柴油", "原煤"], [None, "千瓦时", "升", "吨"], ["甲公司", 10_000, 5, 7]]
    )
    assert stated(parsed, "energy", "carrier", "consumption") == [("电力", 1.0), ("柴油", None), ("原煤", 7.0)]
    assert problems(parsed) == [("C2", "unit_unknown", "升")]
    assert "改为吨或" in parsed.problems["message"][0]


@pytest.mark.parametrize("where", ["title", "no colon", "sheet", "file", "column"])
def test_a_unit_is_found_wherever_it_is_said(read, where: str) -> None:
    title = {"title": "2026年10月营业收入(千元)", "no colon": "2026年10月 单位 千元"}.get(where, "2026年10月营业收入")
    parsed = read(
        [
            [title],
            ["企业名称", "营业收入", *(["计量单位"] if where == "column" else [])],
            ["甲公司", 50, *(["千元"] if where == "column" else [])],
        ],
        sheet="收入(千元)" if where == "sheet" else "Sheet1",
        name="收入（千元）.xlsx" if where == "file" else "表.xlsx",
    )
    assert stated(parsed, "output", "revenue") == [(5.0,)]
    assert parsed.problems.is_empty()


def test_a_unit_may_stand_below_the_table(read) -> None:
    for line in ("单位：千元", "注：1.单位：千元；2.快报数"):
        parsed = read([["2026年10月"], ["企业名称", "营业收入"], ["甲公司", 50], [], [line, None, "填表人：张三"]])
        assert stated(parsed, "output", "revenue") == [(5.0,)]
        assert parsed.problems.is_empty()
    for line in ("填报单位：千元集团", "2026年11月5日"):
        parsed = read([["2026年10月"], ["企业名称", "营业收入"], ["甲公司", 50], [line]])
        assert (stated(parsed, "output", "revenue"), parsed.problems["rule"].to_list()) == ([(50.0,)], ["unit_assumed"])


def test_rows_in_different_units_refuse_a_column_without_one(read) -> None:
    parsed = read(
        [["2026年10月"], ["企业名称", "营业收入", "单位"], ["甲公司", 50, "千元"], ["乙公司", 5, "万元"]]
    )
    assert stated(parsed, "output", "revenue") == []
    assert [rule for _, rule, _ in problems(parsed)] == ["unit_unknown"]


def test_an_assumed_unit_is_noted(read) -> None:
    parsed = read([["2026年10月"], ["企业名称", "营业收入"], ["甲公司", 1]])
    note = parsed.problems.row(0, named=True)
    assert (note["rule"], note["severity"], note["cell"], note["field"]) == ("unit_assumed", "note", "B2", "revenue")
    assert parsed.columns.filter(pl.col("field") == "revenue").select("unit", "unit_assumed").row(0) == ("万元", True)


def test_who_sells_all_that_it_makes_consumes_none_of_it(read) -> None:
    head = ["企业名称", "能源名称", "计量单位", "消费量", "加工转换产出"]
    heat = [["甲公司", "原煤", "吨", 1000, None], ["甲公司", "热力", "百万千焦", None, 3000]]
    refused = [["乙公司", "热力", "百万千焦", "待报", 3000]]
    parsed = read([["2026年1-10月"], head, *heat, *refused])
    assert stated(parsed, "energy", "name", "carrier", "consumption", "transformed") == [
        ("甲公司", "原煤", 1000.0, None),
        ("甲公司", "热力", 0.0, 3000.0),
        ("乙公司", "热力", None, 3000.0),
    ]
    assert problems(parsed) == [("D5", "not_a_number", "待报")]


def test_steam_by_weight_and_refused_energy_cells_poison_the_total(read) -> None:
    parsed = read([["2026年10月"], ["企业名称", "蒸汽(吨)", "电力(万千瓦时)"], ["甲公司", 5, "待定"]])
    assert {rule for _, rule, _ in problems(parsed)} == {"unit_unknown", "not_a_number"}
    assert stated(parsed, "energy", "carrier", "consumption") == [("热力", None), ("电力", None)]


def test_unknown_carriers_and_units_that_do_not_fit_stay_as_poison(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "能源名称", "计量单位", "消费量"],
            ["甲公司", "生物质颗粒", "吨", 5],
            ["甲公司", "天然气", "吨", 5],
            ["甲公司", "汽油", "车", 5],
        ]
    )
    assert problems(parsed) == [
        ("B3", "carrier_unknown", "生物质颗粒"),
        ("C4", "unit_unknown", "吨"),
        ("C5", "unit_unknown", "车"),
    ]
    assert stated(parsed, "energy", "carrier", "consumption") == [
        ("生物质颗粒", None),
        ("天然气", None),
        ("汽油", None),
    ]


def test_a_line_of_coal_equivalent_over_carriers_is_not_overruled_by_their_form_units(read) -> None:
    parsed = read([["2026年10月 单位:吨标准煤"], ["企业名称", "电力", "天然气"], ["甲公司", 5, 6]])
    assert [rule for _, rule, _ in problems(parsed)] == ["unit_unknown", "unit_unknown"]


@pytest.mark.parametrize("title", ["产出表", "2026年10月上旬", "2026年三季度累计"])
def test_a_sheet_without_a_period_is_refused(read, title: str) -> None:
    parsed = read([[title], HEAD, ["甲公司", 1, 2]])
    assert [rule for _, rule, _ in problems(parsed)] == ["period_unknown"]
    assert parsed.rows["output"].is_empty()
    assert counts(parsed)[4] == 1


def test_a_row_whose_period_is_not_understood_is_refused_alone(read) -> None:
    parsed = read(
        [
            ["产出"],
            ["企业名称", "年份", "月份", "营业收入(万元)"],
            ["甲公司", 2026, 10, 1],
            ["乙公司", 2026, "上月", 1],
            ["丙公司", 2026, None, 1],
        ]
    )
    assert problems(parsed) == [("B4", "period_unknown", "2026 上月"), ("B5", "period_unknown", "2026")]
    assert stated(parsed, "output", "name") == [("甲公司",)]


@pytest.mark.parametrize(
    "heads",
    [
        ["企业名称", "营业收入(万元)", "营业收入(万元)"],
        ["企业名称", "企业名称", "营业收入(万元)"],
        ["企业名称", "热力(吉焦)", "蒸汽(吉焦)"],
    ],
)
def test_a_header_that_occurs_twice_refuses_the_table(read, heads: list[str]) -> None:
    parsed = read([["2026年10月"], heads, ["甲公司", 1, 2]])
    assert [rule for _, rule, _ in problems(parsed)] == ["header_duplicate"]
    assert all(rows.is_empty() for rows in parsed.rows.values())
    assert counts(parsed) == (1, 0, 0, 0, 1)


def test_a_title_goes_before_its_aliases_and_a_part_is_no_duplicate(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "其中:主营业务收入(万元)", "销售收入(万元)"],
            ["甲公司", 3, 2, 1],
        ]
    )
    assert stated(parsed, "output", "revenue") == [(3.0,)]
    assert problems(parsed) == []


@pytest.mark.parametrize(
    ("total", "found"), [(300, []), (301, []), (310, [("B5", "control_total", "310")]), ("=SUM(B3:B4)", []), (None, [])]
)
def test_a_total_that_differs_by_more_than_half_a_percent_is_a_warning(
    read, total: object, found: list[object]
) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", 100, 1], ["乙公司", 200, 2], ["合  计", total, 3]])
    assert problems(parsed) == found
    assert counts(parsed) == (3, 1, 0, 0, 0)


def test_a_quarter_s_sum_among_the_months_is_not_their_sum(read) -> None:
    head = ["企业名称", "1月", "2月", "3月", "一季度小计", "4月", "合计"]
    parsed = read([["2026年用电量(度)"], head, ["甲公司", 1, 2, 3, 6, 4, 10]])
    assert parsed.rows["energy"].height == 4
    assert problems(parsed) == []


def test_headings_of_groups_and_marks_of_need_are_no_data(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            HEAD,
            ["必填", "选填", "*"],
            ["一、规上企业"],
            ["甲公司", 1, 2],
            ["(二)规下企业", None, None],
            ["乙公司", 3, 4],
            ["三、戊公司", 5, 6],
            ["*丙五金", 7, 8],
            ["*为新增企业"],
        ]
    )
    assert stated(parsed, "output", "name") == [("甲公司",), ("乙公司",), ("三、戊公司",), ("*丙五金",)]
    assert problems(parsed) == []
    assert counts(parsed) == (7, 0, 3, 0, 0)


def test_subtotals_sum_their_own_rows(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            HEAD,
            ["甲公司", 100, 1],
            ["北郊镇小计", 100, 1],
            ["乙公司", 200, 2],
            ["南定镇小计", 250, 2],
            ["合计", 300, 3],
        ]
    )
    assert problems(parsed) == [("B6", "control_total", "250")]


@pytest.mark.parametrize(
    "text",
    ["注:快报数", "备注", "填表人:张三", "审核人(签字):", "说明:口径为规上", "以下空白", "单位负责人:李四 填表人:张三"],
)
def test_rows_of_notes_are_no_data(read, text: str) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", 1, 2], [text], ["2.数据来源于统计快报。"]])
    assert counts(parsed) == (3, 0, 2, 0, 0)
    assert problems(parsed) == []


def test_serial_numbers_alone_are_blank_rows(read) -> None:
    parsed = read([["2026年10月"], ["序号", *HEAD], [1, "甲公司", 1, 2], [2], ["3"]])
    assert counts(parsed) == (3, 0, 0, 2, 0)


def test_the_date_of_filing_is_read_from_text_or_column(read) -> None:
    by_text = read([["2026年10月"], HEAD, ["甲公司", 1, 2], ["填报日期：", "2026年11月3日"]])
    by_column = read(
        [["2026年10月"], [*HEAD, "填报日期"], ["甲公司", 1, 2, "2026-11-03"], ["乙公司", 1, 2, "2026-11-01"]]
    )
    assert (
        by_text.submissions["filled_on"].to_list()
        == by_column.submissions["filled_on"].to_list()
        == [date(2026, 11, 3)]
    )


def test_sheets_that_are_no_forms_are_errors_only_where_they_could_be_data(tmp_path: Path) -> None:
    form: Rows = [["2026年10月"], HEAD, ["甲公司", 1, 2]]
    guide: Rows = [["填报说明"], ["1、企业名称请填写全称"]]
    data: Rows = [["名字", "数", "数2"], ["甲", 1, 2], ["乙", 3, 4], ["丙", 5, 6]]
    file = write(tmp_path / "a.xlsx", {"产出": form, "说明": guide, "底稿": data, "空": [], "藏": form}, hidden="藏")
    parsed = balanced(read_file(file))
    assert sorted(parsed.problems.select("sheet", "rule", "severity").rows()) == [
        ("底稿", "form_unknown", "error"),
        ("空", "sheet_empty", "note"),
        ("藏", "hidden_sheet", "note"),
        ("说明", "sheet_empty", "note"),
    ]
    assert stated(parsed, "output", "sheet") == [("产出",)]
    alone = balanced(read_file(write(tmp_path / "b.xlsx", {"说明": guide})))
    assert alone.problems["rule"].to_list() == ["form_unknown"]
    beside = balanced(read_file(write(tmp_path / "d.xlsx", {"说明": guide, "底稿": data})))
    assert sorted(beside.problems.select("sheet", "rule").rows()) == [
        ("底稿", "form_unknown"),
        ("说明", "sheet_empty"),
    ]
    near = balanced(read_file(write(tmp_path / "c.xlsx", {"x": [["企业名称", "科技含量"], ["甲公司", "高"]]})))
    assert "发展意愿" in near.problems["message"][0]


def test_names_with_a_figure_each_are_data_and_numbered_notes_are_none(tmp_path: Path) -> None:
    form: Rows = [["2026年10月"], HEAD, ["甲公司", 1, 2]]
    pairs: Rows = [["户名", "本期量"], ["甲公司", 100.5], ["乙公司", 200], ["丙公司", 300]]
    notes: Rows = [["序号", "说明"], [1, "按表填写"], [2, "单位为万元"], [3, "加盖公章"]]
    parsed = balanced(read_file(write(tmp_path / "a.xlsx", {"产出": form, "用量": pairs, "说明": notes})))
    assert sorted(parsed.problems.select("sheet", "rule").rows()) == [("用量", "form_unknown"), ("说明", "sheet_empty")]
    lost = parsed.submissions.filter(pl.col("sheet") == "用量")
    assert lost["rows_rejected"].to_list() == [3]


def test_a_date_that_could_be_two_months_says_so(read) -> None:
    parsed = read([["统一社会信用代码", "企业名称", "行业代码", "投产日期"], [CODE, "甲公司", "3071", 2018.1]])
    assert problems(parsed) == [("D2", "not_a_date", "2018.1")]
    assert "可能是 1 月，也可能是 10 月" in parsed.problems["message"][0]


def test_a_name_that_begins_like_a_formula_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "2026-10.csv"
    path.write_text('企业名称,营业收入(万元)\n"=HYPERLINK(""http://x"")",1\n', encoding="utf-8")
    assert stated(read_file(inbox_file(path)), "output", "name") == [('=HYPERLINK("http://x")',)]


def test_an_unreadable_file_is_one_problem_and_the_others_go_on(tmp_path: Path) -> None:
    broken = tmp_path / "坏.xlsx"
    broken.write_bytes(b"PK\x03\x04 truncated")
    good = write(tmp_path / "好.xlsx", {"2026年10月": [HEAD, ["甲公司", 1, 2]]})
    parsed = balanced(read_files([inbox_file(broken), good], NO_MAPPING, lambda done, total: None))
    assert parsed.problems.filter(pl.col("severity") == "error").select("file_name", "rule").rows() == [
        ("坏.xlsx", "unreadable")
    ]
    assert parsed.submissions.select("file_name", "order").rows() == [("坏.xlsx", 1), ("好.xlsx", 2)]
    assert stated(parsed, "output", "revenue") == [(1.0,)]


def test_every_frame_has_its_declared_shape_even_when_nothing_was_read(tmp_path: Path) -> None:
    for parsed in (concat([]), read_file(write(tmp_path / "a.xlsx", {"2026年10月": [HEAD, ["甲公司", 1, "x"]]}))):
        assert dict(parsed.submissions.schema) == SUBMISSION
        assert dict(parsed.columns.schema) == COLUMN_MAP.polars_schema
        assert dict(parsed.problems.schema) == PARSE_PROBLEMS
        assert {form: dict(rows.schema) for form, rows in parsed.rows.items()} == {
            form: STATED[form].polars_schema for form in FORMS
        }


@settings(max_examples=30)
@given(
    st.lists(
        st.lists(
            st.one_of(
                st.none(),
                st.floats(allow_nan=False, allow_infinity=False),
                st.text(max_size=6),
                st.sampled_from(["企业名称", "营业收入", "2026年10月", "合计", "注:", "电力", "1月", "2月"]),
            ),
            min_size=1,
            max_size=5,
        ),
        max_size=8,
    )
)
def test_whatever_a_sheet_holds_every_row_is_accounted_for(rows: list[list[object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        lines = [
            ",".join('"' + ("" if value is None else str(value)).replace('"', '""') + '"' for value in row)
            for row in rows
        ]
        path.write_text("\n".join(lines), encoding="utf-8", errors="replace", newline="")
        balanced(read_file(inbox_file(path)))


def test_a_header_with_a_slip_of_the_pen_is_told_and_not_taken(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收人(万元)", "实缴税金(万元)", "联系电话", "工业总产(万元)"],
            ["甲公司", 100, 1, 13800000000, 7],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "tax", "gross_output") == [("甲公司", None, 1.0, None)]
    assert problems(parsed) == [
        ("B2", "header_near", "营业收人(万元)"),
        ("E2", "header_near", "工业总产(万元)"),
    ]
    assert "与“营业收入”只差一个字" in parsed.problems["message"][0]


def test_a_column_near_a_name_is_not_told_where_it_is_empty_or_the_name_is_there(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "营业收人(万元)", "实缴税金(万元)", "工业总产量(万元)"],
            ["甲公司", 100, 90, 1, None],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "tax") == [("甲公司", 100.0, 1.0)]
    assert problems(parsed) == []


def test_a_carrier_with_a_slip_of_the_pen_is_told(read) -> None:
    parsed = read(
        [["2026年10月能源消费"], ["企业名称", "电力(万千瓦时)", "液化石油汽(吨)"], ["甲公司", 10, 3]],
    )
    assert stated(parsed, "energy", "name", "carrier") == [("甲公司", "电力")]
    assert problems(parsed) == [("C2", "header_near", "液化石油汽(吨)")]


@pytest.mark.parametrize("below", [["", "上年同期", ""], ["", "上年同期", "本期"], ["", "同比增长", "本月"]])
def test_an_unmerged_subheading_of_another_time_takes_its_column_out(read, below) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "实缴税金(万元)"],
            below,
            ["甲公司", 90, 5],
            ["乙公司", 150, 6],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "tax") == [("甲公司", None, 5.0), ("乙公司", None, 6.0)]
    assert problems(parsed) == []


@pytest.mark.parametrize(
    "head", ["石油焦(吨)", "其他能源(吨标准煤)", "自发电(万千瓦时)", "光伏发电自用", "生物质气(万立方米)"]
)
def test_a_carrier_that_is_not_in_the_catalogue_is_told_and_not_taken(read, head: str) -> None:
    parsed = read([["2026年10月 单位:万千瓦时"], ["企业名称", "电力", head], ["甲公司", 10, 3]])
    assert stated(parsed, "energy", "carrier", "consumption") == [("电力", 10.0)]
    assert problems(parsed) == [("C2", "carrier_unread", head)]


@pytest.mark.parametrize(
    "head",
    ["产量(吨)", "用水量(吨)", "其中:光伏", "折标煤(吨标准煤)", "电费(万元)", "上年同期(万千瓦时)", "上网电量", "户数"],
)
def test_what_is_no_carrier_beside_carriers_is_passed_over(read, head: str) -> None:
    parsed = read([["2026年10月 单位:万千瓦时"], ["企业名称", "电力", head], ["甲公司", 10, 3], ["乙公司", 7, 0]])
    assert problems(parsed) == []


def test_parts_of_a_carrier_and_blank_columns_are_no_carriers_of_their_own(read) -> None:
    heads: Rows = [["企业名称", "用电量", None, None, "石油焦(吨)"], [None, "尖峰", "谷", "合计", None]]
    parsed = read([["2026年10月(万千瓦时)"], *heads, ["甲公司", 4, 6, 10, 0]], merges=[(1, 0, 2, 0), (1, 1, 1, 3)])
    assert (stated(parsed, "energy", "consumption"), problems(parsed)) == ([(10.0,)], [])


def test_a_heading_and_its_subheading_name_a_field_in_either_order(read) -> None:
    heads: Rows = [["企业名称", "用地面积(亩)", None, None, None], [None, "自有", "承租", "出租", "合计"]]
    merges = [(0, 0, 1, 0), (0, 1, 0, 4)]
    parsed = read([*heads, ["甲公司", 30, 15, 5, 40]], merges=merges)
    assert stated(parsed, "land", "owned", "leased_in", "leased_out") == [(30.0, 15.0, 5.0)]
    whole = read([heads[0], [None, "合计", "其中:闲置", None, None], ["甲公司", 30, 4]], merges=merges)
    assert stated(whole, "land", "owned", "idle") == [(30.0, 4.0)]


def test_the_amount_of_a_carrier_is_its_consumption(read) -> None:
    for amount, rest in (("实物量", "折标量(tce)"), ("数量", "金额"), ("消费量", "金额(万元)")):
        heads: Rows = [["企业名称", "电力(万千瓦时)", None], [None, amount, rest]]
        parsed = read([["2026年10月"], *heads, ["甲公司", 12, 14.7]], merges=[(1, 0, 2, 0), (1, 1, 1, 2)])
        assert (stated(parsed, "energy", "carrier", "consumption"), problems(parsed)) == ([("电力", 12.0)], [])


def test_months_of_carriers_by_rows_are_consumption_where_the_title_says_so(read) -> None:
    table: Rows = [
        ["企业名称", "能源名称", "计量单位", "9月", "10月", "合计"],
        ["甲公司", "电力", "度", 10_000, 20_000, 30_000],
    ]
    parsed = read([["2026年企业分品种能源消费量"], *table])
    assert stated(parsed, "energy", "carrier", "consumption", "span_end") == [
        ("电力", 1.0, date(2026, 9, 1)),
        ("电力", 2.0, MONTH[1]),
    ]
    assert problems(parsed) == []
    for title in ("2026年能源购进、消费与库存", "2026年能源消费计划", "2026年企业能源统计表"):
        assert [rule for _, rule, _ in problems(read([[title], *table]))] == ["form_unknown"]


def test_the_preferred_title_of_an_enterprise_goes_before_other_names_of_it(read) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["纳税人识别号", "统一社会信用代码", "用户名称", "企业名称", "入库税收(元)"],
            ["X", CODE, "甲公司一期", "甲公司", 10_000],
        ]
    )
    assert stated(parsed, "output", "uscc", "name", "tax") == [(CODE, "甲公司", 1.0)]
    assert problems(parsed) == []
    again = read([["2026年10月"], ["纳税人识别号", "纳税人名称", "入库税收(元)"], [CODE, "甲公司", 10_000]])
    assert stated(again, "output", "uscc", "name", "tax") == [(CODE, "甲公司", 1.0)]


def test_a_slip_of_the_pen_is_told_beside_the_name_it_resembles(read) -> None:
    parsed = read([["2026年10月"], ["企业名称", "实缴税金(万元)", "从业人员平均人娄"], ["甲公司", 1, 5]])
    assert "与“从业人员平均人数”只差一个字" in parsed.problems["message"][0]


def test_a_sheet_without_a_form_is_told_what_it_lacks(read) -> None:
    nobody = read([["2026年10月"], ["能源名称", "计量单位", "消费量"], ["电力", "万千瓦时", 5], ["柴油", "吨", 1]])
    assert "未找到“企业名称”" in nobody.problems["message"][0]
    rows: Rows = [["甲公司", 5, 1], ["乙公司", 5, 1], ["丙公司", 5, 1]]
    nothing = read([["2026年10月"], ["企业名称", "网购电量", "户数"], *rows])
    assert "没有一列的表头是" in nothing.problems["message"][0]
    assert "企业名录" not in nothing.problems["message"][0]
