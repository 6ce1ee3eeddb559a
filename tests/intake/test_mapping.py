"""An odd layout is taught by a mapping file, and drafted for the clerk who has to write one."""

import json
import tomllib
from pathlib import Path

import openpyxl
import pytest
from conftest import efficiency

from efficiency.errors import UsageError
from efficiency.intake.files import inbox_file
from efficiency.intake.formats import cells_of_rows, grid_of_cells
from efficiency.intake.layout import NO_MAPPING, MappingFile, draft_mapping, load_mapping
from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult
from efficiency.review.check import check_paths

LAYOUT = """
[[sheet]]
file = "供电*.xlsx"
form = "energy"
header_row = 2
period = "2026年10月"
[[sheet.column]]
header = "用户"
field = "name"
[[sheet.column]]
header = "抄见"
field = "consumption"
carrier = "电力"
unit = "千瓦时"
"""


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A sheet in a power company's own words."""
    book = openpyxl.Workbook()
    book.active.title = "抄表"
    for row in (
        ["十月抄表结果"],
        ["户号", "用户", "抄见", "备用"],
        ["001", "甲公司", 123_450, 1],
        ["002", "乙公司", 80_000, 2],
        ["003", "丙公司", 70_000, 3],
    ):
        book.active.append(row)
    path = tmp_path / "供电十月.xlsx"
    book.save(path)
    return path


def mapping(text: str) -> MappingFile:
    return MappingFile.model_validate(tomllib.loads(text))


def energy(path: Path, by: MappingFile) -> ReadResult:
    return read_file(inbox_file(path, path.name), by)


def test_without_a_mapping_the_sheet_is_refused_with_the_reason(odd: Path) -> None:
    assert energy(odd, NO_MAPPING).problems["rule"].to_list() == ["form_unknown"]


def test_mapped_sheet_comes_in_exactly(odd: Path) -> None:
    parsed = energy(odd, mapping(LAYOUT))
    rows = parsed.rows["energy"].select("name", "carrier", "consumption", "row", "span_start")
    assert [(name, carrier, value, row, str(start)) for name, carrier, value, row, start in rows.rows()] == [
        ("甲公司", "电力", 12.345, 3, "2026-10-01"),
        ("乙公司", "电力", 8.0, 4, "2026-10-01"),
        ("丙公司", "电力", 7.0, 5, "2026-10-01"),
    ]
    column = parsed.columns.filter(field="consumption").select("column", "header", "unit")
    assert column.rows() == [("C", "抄见", "千瓦时")]
    assert parsed.submissions.select("form", "rows_total", "rows_rejected").rows() == [("energy", 3, 0)]


def test_mapping_for_another_file_changes_nothing(odd: Path) -> None:
    assert energy(odd, mapping(LAYOUT.replace("供电*", "供水*"))).problems["rule"].to_list() == ["form_unknown"]


def test_header_that_is_gone_refuses_the_sheet_and_is_named(odd: Path) -> None:
    found = energy(odd, mapping(LAYOUT.replace("抄见", "抄见电量"))).problems
    assert found["rule"].to_list() == ["form_unknown"]
    assert "抄见电量" in found["message"][0]


def test_column_may_be_named_by_its_letters(odd: Path) -> None:
    by = mapping(LAYOUT.replace('header = "抄见"', 'column = "C"'))
    assert energy(odd, by).rows["energy"]["consumption"].to_list() == [12.345, 8.0, 7.0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('form = "energy"', 'form = "enrgy"'), "enrgy"),
        (('field = "name"', 'field = "naem"'), "naem"),
        (('unit = "千瓦时"', 'unit = "千瓦"'), "千瓦"),
        (('carrier = "电力"', 'carrier = "电流"'), "电流"),
        (("header_row = 2", "header_row = 0"), "header_row"),
        (('period = "2026年10月"', 'period = "上月"'), "上月"),
        (('header = "用户"\n', ""), "column"),
        (('header = "用户"', 'hedaer = "用户"'), "hedaer"),
    ],
)
def test_faulty_mapping_is_refused_with_its_place(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(LAYOUT.replace(*change), encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        load_mapping(path)


def test_check_drafts_a_mapping_that_works_once_its_fields_are_named(odd: Path, tmp_path: Path) -> None:
    draft = check_paths([odd], None).draft
    filled = draft.replace('form = "output"', 'form = "energy"').replace("# period", "period")
    tables = filled.split("[[sheet.column]]\n")
    named = [tables[0]]
    for table in tables[1:]:
        if '"用户"' in table:
            named.append(table.replace('field = ""', 'field = "name"'))
        if '"抄见"' in table:
            named.append(table.replace('field = ""', 'field = "consumption"\ncarrier = "电力"\nunit = "千瓦时"'))
    assert energy(odd, mapping("[[sheet.column]]\n".join(named))).rows["energy"].height == 3


def test_a_layout_without_a_folder_is_meant_for_its_file_in_any_folder() -> None:
    layout = mapping(LAYOUT)
    assert layout.for_sheet("供电公司/10月/供电十月.xlsx", "抄表") is not None
    assert layout.for_sheet("供电公司/十月.xlsx", "抄表") is None
    assert mapping(LAYOUT.replace("供电*", "供电公司/*")).for_sheet("供电十月.xlsx", "抄表") is None


def test_a_draft_names_its_own_file_whatever_signs_its_name_holds() -> None:
    grid = grid_of_cells(cells_of_rows([["甲", "乙", "丙"], [1.0, 2.0, 3.0]]), '抄"表', 1)
    draft = draft_mapping(grid, "用电[1].xlsx").replace('field = ""', 'field = "revenue"')
    assert mapping(draft).for_sheet("用电[1].xlsx", '抄"表') is not None


def test_a_draft_takes_the_lowest_of_several_header_rows_and_shows_the_headings_above() -> None:
    rows: list[list[float | str | None]] = [
        ["用能情况", None, None, None, None],
        [None, "用能", None, "产出", None],
        ["户名\x07", "数量", "单位", "数量", "税\n额"],
        ["甲公司", 1.0, "吨", 2.0, 3.0],
    ]
    lines = draft_mapping(grid_of_cells(cells_of_rows(rows), "", 1), "表.csv").splitlines()
    assert "header_row = 3" in lines
    assert [line for line in lines if line.startswith(("header =", "column ="))] == [
        'header = "户名"  # column A',
        'column = "B"  # column B: 用能 数量',
        'header = "单位"  # column C',
        'column = "D"  # column D: 产出 数量',
        'header = "税 额"  # column E',
    ]


@pytest.mark.long
def test_sheet_refused_in_an_earlier_run_is_read_again_once_it_is_mapped(odd: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    odd.rename(inbox / odd.name)
    register = openpyxl.Workbook()
    for row in (["统一社会信用代码", "企业名称", "行业代码"], ["91350100M000100Y43", "甲公司", "3071"]):
        register.active.append(row)
    register.save(inbox / "名录.xlsx")
    (tmp_path / "own.toml").write_text(LAYOUT, encoding="utf-8")
    run = ["run", "--inbox", "inbox", "--period", "2026-10", "--json"]
    before = json.loads(efficiency(*run, cwd=tmp_path).stdout)
    after = json.loads(efficiency(*run, "--mapping", "own.toml", cwd=tmp_path).stdout)
    assert [told["counts"]["rows_accepted"] for told in (before, after)] == [1, 2]
    assert [told["counts"]["rows_rejected"] for told in (before, after)] == [4, 2]


def test_a_mapping_file_may_begin_with_a_mark_as_some_editors_write_it(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text("sheet = []\n", encoding="utf-8-sig")
    assert load_mapping(path).sheet == NO_MAPPING.sheet
    path.write_text("sheet = " + "[" * 5_000, encoding="utf-8")
    with pytest.raises(UsageError, match="is not TOML"):
        load_mapping(path)
