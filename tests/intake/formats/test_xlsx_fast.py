"""Worksheets read by the fast reader: the same cells as openpyxl, the reference, gives, or none at all."""

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import openpyxl.utils
import pytest
import xlsxwriter
from builders.mutants import zipped
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.formats import Grid, UnreadableError, read_grids, xlsx
from efficiency.intake.formats.xlsx_fast import fast_reader, worksheet

SAMPLE = Path(__file__).parents[3] / "sample_data" / "inbox"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def cells_of(grids: list[Grid]) -> list[tuple[Any, ...]]:
    """Everything that grids hold, in values that can be compared."""
    return [
        (
            (
                grid.sheet,
                grid.position,
                grid.hidden,
                grid.refusal,
                grid.first_row,
                grid.first_column,
                grid.marks_unknown,
            ),
            list(grid.merges),
            grid.marked,
            [column.to_list() for column in grid.numbers],
            [column.to_list() for column in grid.texts],
            {
                column: [None if place is None else grid.number_formats[place] for place in places.to_list()]
                for column, places in grid.formats.items()
            },
        )
        for grid in grids
    ]


def both_ways(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Grid], int]:
    """The grids, which are those of the reference, and how many sheets the fast reader took."""
    taken: list[bool] = []

    def counting(*parts: Callable[[], bytes], **about: Any) -> Callable[..., Any]:
        read = fast_reader(*parts, **about)

        def one(xml: io.BytesIO) -> object:
            found = read(xml)
            taken.append(found is not None)
            return found

        return one

    def outcome() -> list[Grid] | str:
        try:
            return read_grids(path)
        except UnreadableError as error:
            return str(error)

    with monkeypatch.context() as patch:
        patch.setattr(xlsx, "fast_reader", counting)
        fast = outcome()
        patch.setattr(xlsx, "fast_reader", lambda *parts, **about: lambda xml: None)
        slow = outcome()
    if isinstance(slow, str):
        assert fast == slow
        return [], 0
    assert isinstance(fast, list)
    assert cells_of(fast) == cells_of(slow)
    return fast, sum(taken)


def taken_alone(sheet: bytes) -> bool:
    """Whether the fast reader takes a worksheet that refers to no other part."""
    read = fast_reader(lambda: b"", lambda: b"", recalculates=False, since_1904=False)
    return read(io.BytesIO(sheet)) is not None


Compare = Callable[[bytes], tuple[list[Grid], int]]


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], tuple[list[Grid], int]]:
    def one(data: bytes) -> tuple[list[Grid], int]:
        path = tmp_path / "表.xlsx"
        path.write_bytes(data)
        return both_ways(path, monkeypatch)

    return one


# --- what programs write ----------------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=12),
    st.sampled_from(
        ["企业名称", " 前后 ", "a&b<c>", "1,234.5", "12", "TRUE", "#N/A", "　", "\n", "甲\n乙", "_x000D_", "-", "\t"]
    ),
)
NUMBERS = st.one_of(
    st.floats(-1e12, 1e12), st.integers(-(10**15), 10**15), st.sampled_from([0, 1e-300, 1e300, 1e99, 0.1, 45_000, 1])
)
DATES = st.datetimes(datetime(1901, 1, 1), datetime(2099, 1, 1)) | st.dates(
    datetime(1901, 1, 1).date(), datetime(2099, 1, 1).date()
)
CELLS = st.one_of(st.none(), TEXTS, NUMBERS, st.booleans(), DATES, st.sampled_from(["=A1", "=1/0", "=0", '="x"']))
SHEETS = st.tuples(
    st.integers(0, 60), st.integers(0, 30), st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=6)
)
FORMATS = ["General", "0.00", "#,##0", "yyyy-mm-dd", 'yyyy"年"m"月"', "yyyy/m/d;@", "@", "h:mm", "0.0%", "d", '0"天"']
FORMATS += ["0!.0,"]


def by_xlsxwriter(sheets: list[Any], *, constant_memory: bool = False, styled: bool = True) -> bytes:
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"constant_memory": constant_memory, "in_memory": True})
    formats = [book.add_format({"num_format": code}) for code in FORMATS]
    for number, (top, left, rows) in enumerate(sheets):
        sheet = book.add_worksheet()
        if number == 1:
            sheet.hide()
        for row, cells in enumerate(rows, start=top):
            for column, value in enumerate(cells, start=left):
                style = formats[(row * 7 + column) % len(formats)] if styled and row % 2 else None
                if isinstance(value, str) and value.startswith("="):
                    sheet.write_formula(row, column, value, style, "#DIV/0!" if "/" in value else row % 3 or "")
                elif value is None:
                    sheet.write_blank(row, column, None, style)
                elif isinstance(value, str):
                    sheet.write_string(row, column, value, style)
                elif isinstance(value, bool | int | float):
                    sheet.write(row, column, value, style)
                else:
                    sheet.write_datetime(row, column, value, formats[3 + row % 3])
        if len(rows) > 2 and not constant_memory:
            sheet.merge_range(top, left, top + 1, left + 1, "并")
    book.close()
    return memory.getvalue()


def by_openpyxl(sheets: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for number, (top, left, rows) in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.sheet_state = "veryHidden" if number == 1 else "visible"
        for row, cells in enumerate(rows, start=top + 1):
            for column, value in enumerate(cells, start=left + 1):
                cell = sheet.cell(row, column)
                cell.value = value
                if row % 2 and not isinstance(value, str):
                    cell.number_format = FORMATS[(row * 7 + column) % len(FORMATS)]
        if len(rows) > 2:
            sheet.merge_cells(start_row=top + 1, end_row=top + 2, start_column=left + 1, end_column=left + 2)
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


WRITERS = {
    "XlsxWriter": by_xlsxwriter,
    "XlsxWriter, texts in the cells": lambda sheets: by_xlsxwriter(sheets, constant_memory=True),
    "openpyxl": by_openpyxl,
}


@pytest.mark.parametrize("writer", WRITERS)
@given(sheets=st.lists(SHEETS, min_size=1, max_size=3))
def test_whatever_programs_write_comes_in_as_the_reference_gives_it(
    compare: Compare, writer: str, sheets: list[Any]
) -> None:
    compare(WRITERS[writer](sheets))


# --- ways of writing the XML ------------------------------------------------------------------------------------------

PLAIN_CELLS = (
    "<c{at}><v>1.5</v></c>",
    '<c{at} s="1"><v>45000</v></c>',
    '<c{at} s="0" t="n"><v>-2E-3</v></c>',
    '<c{at} s="2"><v>45000</v></c>',
    '<c{at} s="3"><v>45000</v></c>',
    '<c{at} t="s"><v>0</v></c>',
    '<c{at} t="s" s="1"><v>3</v></c>',
    '<c{at} t="inlineStr"><is><t>甲&amp;乙</t></is></c>',
    '<c{at} t="inlineStr"><is><t xml:space="preserve"> 丙 </t></is></c>',
    '<c{at} t="inlineStr"><is><t> </t></is></c>',
    '<c{at} t="inlineStr"><is><t></t></is></c>',
    '<c{at} t="str"><v>a&lt;b</v></c>',
    '<c{at} t="str"><f>A1&amp;"x"</f><v>文</v></c>',
    '<c{at} t="str"><f>A1</f><v></v></c>',
    '<c{at} t="b"><v>1</v></c>',
    '<c{at} t="b"><v>0</v></c>',
    '<c{at} t="e"><v>#N/A</v></c>',
    '<c{at} t="e"><f>1/0</f><v>#DIV/0!</v></c>',
    "<c{at}><f>SUM(A1:A9)</f><v>0</v></c>",
    "<c{at}><f>SUM(A1:A9)</f><v>12.5</v></c>",
    "<c{at}><f>SUM(A1:A9)</f></c>",
    "<c{at}><f>SUM(A1:A9)</f><v/></c>",
    "<c{at}><f>SUM(A1:A9)</f><v></v></c>",
    '<c{at}><f t="shared" ref="A1:A9" si="0">B1*2</f><v>3</v></c>',
    '<c{at}><f t="shared" si="0"/><v>4</v></c>',
    '<c{at} s="1"/>',
    '<c{at} s="1" />',
    '<c{at} s="1"></c>',
    "<c{at}/>",
    '<c{at} t="n"><v /></c>',
)
ODD_CELLS = (
    "<c{at}><v></v></c>",
    "<c{at}><v> 1.5 </v></c>",
    "<c{at}><v>1_0</v></c>",
    "<c{at}><v>inf</v></c>",
    "<c{at}><v>1<!-- 2 --></v></c>",
    "<c{at}><v><![CDATA[7]]></v></c>",
    "<c{at}>\n<v>1</v>\n</c>",
    "<!-- <c{at}><v>1</v></c> -->",
    "<!-- --><c{at}><v>8</v></c>",
    '<c t="n"{at}><v>1</v></c>',
    "<c{at} t='s'><v>1</v></c>",
    '<c{at} s="9"><v>1</v></c>',
    '<c{at} s="4"><v>0.5</v></c>',
    '<c{at} s="2"><v>45000.75</v></c>',
    '<c{at} s="2"><v>12</v></c>',
    '<c{at} t="d"><v>2026-10-31</v></c>',
    '<c{at} t="s"><v>99</v></c>',
    '<c{at} t="s"><v>1.0</v></c>',
    '<c{at} t="str"><v>&#20013;&#x6587;</v></c>',
    '<c{at} t="str"><v>a > b</v></c>',
    '<c{at} t="str"><v>_x000D_</v></c>',
    '<c{at} t="str"><v>甲\r\n乙</v></c>',
    '<c{at} t="inlineStr"><is><r><t>甲</t></r><r><rPr><b/></rPr><t>乙</t></r></is></c>',
    '<c{at} t="inlineStr"><is><t>甲</t><rPh sb="0" eb="1"><t>jia</t></rPh></is></c>',
    '<c{at} t="inlineStr"><v>5</v></c>',
    '<c{at} t="s"><is><t>丁</t></is></c>',
    '<c{at} cm="1"><v>1</v><extLst><ext uri="x"/></extLst></c>',
    '<c{at}><v>1</v><f>A1</f></c>',
    "<c><v>1</v></c>",
)  # fmt: skip
ROWS = ('<row r="{row}">', '<row r="{row}" spans="1:9" ht="15" customHeight="1">', '<row r="{row}" x=">">')
SHARED = (
    f'<?xml version="1.0"?><sst xmlns="{MAIN}" count="4"><si><t>企业名称</t></si>'
    '<si><t xml:space="preserve"> 1 </t></si>'
    '<si><t>电&amp;力</t><phoneticPr fontId="1" type="noConversion"/></si><si><t></t></si></sst>'
)
RICH = SHARED.replace("<si><t></t></si>", "<si><r><t>富</t></r><r><rPr><b/></rPr><t>文本</t></r></si>")
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/>'
    '<numFmt formatCode="[h]:mm" numFmtId="165"/></numFmts><cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="4"/>'
    '<xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>'
)
AFTER = (
    "",
    '<mergeCells count="1"><mergeCell ref="A1:B2"/></mergeCells>',
    '<mergeCells count="2"><mergeCell ref="B2:D2" /><mergeCell ref="A3:A4" /></mergeCells><pageMargins left="1"/>',
)


def package(sheet: str, *, shared: str = SHARED, state: str = "visible", calculated: str = "") -> bytes:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = "".join(
        f'<Relationship Id="r{number}" Type="{office}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(
            [("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")]
        )
    )
    packages = "http://schemas.openxmlformats.org/package/2006"
    root = f'<Relationship Id="r0" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{packages}/relationships">{root}</Relationships>',
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types"/>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships">{relations}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{office}"><sheets>'
        f'<sheet name="表" sheetId="1" state="{state}" r:id="r0"/></sheets>{calculated}</workbook>',
        "xl/sharedStrings.xml": shared,
        "xl/styles.xml": STYLES,
        "xl/worksheets/sheet1.xml": sheet,
    }
    return zipped([(name, text.encode()) for name, text in parts.items()])


def letters(column: int) -> str:
    return openpyxl.utils.get_column_letter(column + 1)


def sheet_of(rows: list[Any], after: str = "", *, row_tags: tuple[str, ...] = ROWS) -> str:
    """A worksheet of rows of (column, cell), each row as far below the last as its first value gives."""
    written, number = "", 0
    for place, (gap, cells) in enumerate(rows):
        number += gap
        by_column = dict(cells)
        inner = "".join(by_column[column].format(at=f' r="{letters(column)}{number}"') for column in sorted(by_column))
        tag = row_tags[place % len(row_tags)].format(row=number)
        written += f"{tag}{inner}</row>" if inner or place % 2 else f'<row r="{number}"/>'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="{MAIN}"><dimension ref="A1"/>'
        f"<sheetData>{written}</sheetData>{after}</worksheet>"
    )


def rows_of(cells: tuple[str, ...]) -> st.SearchStrategy:
    columns = st.integers(0, 4) | st.sampled_from([25, 26, 27, 701, 702, 703])
    cell = st.tuples(columns, st.sampled_from(cells))
    return st.lists(
        st.tuples(st.integers(1, 3) | st.sampled_from([9, 90, 900]), st.lists(cell, max_size=5)), max_size=6
    )


@given(
    rows=rows_of(PLAIN_CELLS),
    after=st.sampled_from(AFTER),
    calculated=st.sampled_from(["", '<calcPr fullCalcOnLoad="1"/>']),
)
def test_every_common_way_of_writing_a_cell_is_read_by_the_fast_reader(
    compare: Compare, rows: list[Any], after: str, calculated: str
) -> None:
    _, plain = compare(package(sheet_of(rows, after, row_tags=ROWS[:2]), calculated=calculated))
    assert plain == 1


@given(rows=rows_of(PLAIN_CELLS + 2 * ODD_CELLS), shared=st.sampled_from([SHARED, RICH]))
def test_uncommon_ways_of_writing_cells_change_nothing(compare: Compare, rows: list[Any], shared: str) -> None:
    compare(package(sheet_of(rows), shared=shared))


@pytest.mark.parametrize("cell", PLAIN_CELLS + ODD_CELLS)
@pytest.mark.parametrize("shared", [SHARED, RICH])
def test_each_way_of_writing_a_cell_comes_in_as_the_reference_gives_it(
    compare: Compare, cell: str, shared: str
) -> None:
    beside = "<c{at}><v>1</v></c>"
    compare(package(sheet_of([(1, [(0, cell)])]), shared=shared))
    compare(package(sheet_of([(1, [(0, beside)]), (1, [(0, beside), (1, cell), (2, beside)])]), shared=shared))


# --- what is refused, and what is left to the reference ---------------------------------------------------------------


def test_a_sheet_is_the_same_in_however_many_chunks_it_is_read(
    compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[f"企业{row}&", row * 1.1, None, "1,2", row % 2 == 0, "=A1"][: 2 + row % 5] for row in range(400)]
    whole = by_xlsxwriter([(3, 2, rows)], styled=False)
    for chunk in (worksheet.CHUNK, 20_000, 3_001, 1_024):
        monkeypatch.setattr(worksheet, "CHUNK", chunk)
        _, plain = compare(whole)
        assert plain == 1


def test_days_counted_from_1904_are_left_to_the_reference(compare: Compare) -> None:
    sheet = sheet_of([(1, [(0, PLAIN_CELLS[3]), (1, PLAIN_CELLS[0])])])
    (usual,), plain = compare(package(sheet))
    (mac,), left = compare(package(sheet, calculated='<workbookPr date1904="1"/>'))
    assert (plain, left) == (1, 0)
    assert usual.texts[0].to_list() == ["2023-03-15"]
    assert mac.texts[0].to_list() == ["2027-03-16"]


def test_shared_texts_in_another_encoding_are_left_to_the_reference(compare: Compare) -> None:
    shared = SHARED.replace('version="1.0"', 'version="1.0" encoding="GBK"')
    _, plain = compare(package(sheet_of([(1, [(0, PLAIN_CELLS[5])])]), shared=shared))
    assert plain == 0


def test_texts_that_are_no_utf_8_are_left_to_the_reference() -> None:
    sheet = sheet_of([(1, [(0, '<c{at} t="str"><v>好</v></c>')])]).encode()
    assert taken_alone(sheet)
    assert not taken_alone(sheet.replace("好".encode(), b"\xe5\xa5"))


@pytest.mark.parametrize(
    ("sound", "damaged"),
    [("<worksheet ", "<worksheet a=1 "), ("</worksheet>", "<cols></worksheet>"), ("甲", "甲\x01")],
    ids=["before the cells", "behind them", "in a text"],
)
def test_a_sheet_that_is_no_xml_is_declined_whatever_its_cells_hold(sound: str, damaged: str) -> None:
    sheet = sheet_of([(1, [(0, PLAIN_CELLS[7])])])
    assert sound in sheet
    assert taken_alone(sheet.encode())
    assert not taken_alone(sheet.replace(sound, damaged, 1).encode())


def test_two_far_cells_are_refused_before_a_box_is_made_for_them(compare: Compare) -> None:
    rows = "".join(
        f'<row r="{row}"><c r="{column}{row}"><v>1</v></c></row>' for row, column in ((1, "A"), (1_048_576, "XFD"))
    )
    (grid,), plain = compare(package(f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'))
    assert plain == 1
    assert grid.refusal is not None
    assert "1048576 行 × 16384 列" in grid.refusal


def test_blank_cells_far_away_do_not_make_a_sheet_large(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row>'
    (tmp_path / "a.xlsx").write_bytes(package(f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'))
    (grid,) = read_grids(tmp_path / "a.xlsx")
    assert (grid.refusal, grid.height, grid.width) == (None, 1, 1)


@pytest.mark.parametrize("state", ["visible", "hidden", "veryHidden"])
def test_hidden_sheets_are_not_looked_at(compare: Compare, state: str) -> None:
    (grid,), plain = compare(package(sheet_of([(1, [(0, PLAIN_CELLS[0])])]), state=state))
    assert (grid.hidden, grid.height, plain) == ((False, 1, 1) if state == "visible" else (True, 0, 0))


def test_the_samples_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for path in sorted(SAMPLE.rglob("*.xlsx"))[::8]:
        if zipfile.is_zipfile(path):
            grids, plain = both_ways(path, monkeypatch)
            assert plain == sum(not grid.hidden for grid in grids), path
