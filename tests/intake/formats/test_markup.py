"""Pages and XML under the name of a workbook read as the sheet that Excel shows; what they may expand to is bounded."""

import email.mime.multipart
import email.mime.text
from pathlib import Path

import pytest

from efficiency.intake.formats import Grid, UnreadableError, read_grids
from efficiency.intake.formats.markup import html

TABLE = """<tr><th rowspan=2>信用代码</th><th rowspan="2">企业<br>名称<th colspan=2>税收
<tr><th>实缴税金&nbsp;(万元)</th><th>营业收入</th></tr>
<tr style="display:none"><td>A&amp;1</td><td> 甲
公司 </td><td x:num="12.5678">12.57</td><td>&#49;,000</td></tr>"""
PAGE = f"""<html><head><meta http-equiv=Content-Type content="text/html; charset=gb2312"><title>不读</title>
<style>td {{}}</style></head><body><h3>2026年10月税收</h3><p>单位:万元</p>
<table border=1>{TABLE}</table><script>var a = "<td>不读</td>"</script><p>填表人:张三</p></body></html>"""
SHOWN = [
    ["2026年10月税收", "", "", ""],
    ["单位:万元", "", "", ""],
    ["信用代码", "企业\n名称", "税收", ""],
    ["", "", "实缴税金 (万元)", "营业收入"],
    ["A&1", "甲 公司", "12.5678", "1,000"],
    ["", "", "", ""],
    ["填表人:张三", "", "", ""],
]


def read(tmp_path: Path, data: bytes, name: str = "表.xls") -> Grid:
    path = tmp_path / name
    path.write_bytes(data)
    (grid,) = read_grids(path)
    return grid


@pytest.mark.parametrize("codec", ["gb2312", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_a_page_is_the_sheet_that_excel_shows_in_any_encoding(tmp_path: Path, codec: str) -> None:
    grid = read(tmp_path, PAGE.encode(codec))
    assert grid.rows(0, grid.height) == SHOWN
    assert list(grid.merges) == [(2, 0, 3, 0), (2, 1, 3, 1), (2, 2, 2, 3)]
    assert (grid.typed, grid.first_row, grid.first_column) == (False, 0, 0)


def test_a_table_within_a_cell_is_a_table_of_its_own(tmp_path: Path) -> None:
    page = f"<table><tr><td>外框<table>{TABLE}</table></td></tr><tr><td>页脚</td></tr></table>"
    rows = read(tmp_path, page.encode()).rows(0, 9)
    assert rows == [["外框", "", "", ""], *SHOWN[2:5], ["页脚", "", "", ""]]


def test_several_tables_stand_one_below_another(tmp_path: Path) -> None:
    rows = read(tmp_path, "<table><tr><td>一</table>说明<table><td>二</table>".encode()).rows(0, 9)
    assert rows == [["一"], [""], ["说明"], ["二"]]


def test_a_page_saved_in_one_file_is_read(tmp_path: Path) -> None:
    whole = email.mime.multipart.MIMEMultipart("related")
    whole.attach(email.mime.text.MIMEText(PAGE.replace("gb2312", "utf-8"), "html", "utf-8"))
    assert read(tmp_path, whole.as_bytes(), "表.mht").rows(0, 9) == SHOWN


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("<html><body>没有表</body></html>", "没有表格"),
        ("<table>" * 50, "20 层以上"),
        ("<table>" + "<tr><td colspan=1000>x" + "<td colspan=1000>" * 40, "16384 列"),
        ("<table>" + "<tr><td>" * 60, "50 格"),
        ("<table><tr>" + "<td rowspan=65000 colspan=1000>" * 5, "50 格"),
    ],
)
def test_what_a_page_may_expand_to_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, reason: str
) -> None:
    monkeypatch.setattr(html, "MOST_CELLS", 50)
    with pytest.raises(UnreadableError, match=reason):
        read(tmp_path, page.encode())


SPREADSHEETML = """<?xml version="1.0" encoding="{codec}"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel">
<Styles><Style ss:ID="s1"><NumberFormat ss:Format="0!.0,"/></Style></Styles>
<Worksheet ss:Name="税收"><Table>
<Row><Cell ss:MergeAcross="1"><Data ss:Type="String">2026年10月</Data></Cell>
<Cell><Data ss:Type="String">右</Data></Cell></Row>
<Row ss:Index="3"><Cell ss:StyleID="s1"><Data ss:Type="Number">1234567</Data></Cell>
<Cell ss:Index="3"><Data ss:Type="DateTime">2019-05-01T00:00:00.000</Data></Cell></Row>
<Row><Cell ss:Formula="=1/0"><Data ss:Type="Error">#DIV/0!</Data></Cell><Cell ss:Formula="=A3*2"/></Row>
</Table></Worksheet>
<Worksheet ss:Name="底稿"><Table><Row><Cell><Data ss:Type="Number">1</Data></Cell></Row></Table>
<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions>
</Worksheet>
</Workbook>"""


@pytest.mark.parametrize(("codec", "name"), [("UTF-8", "表.xls"), ("GB2312", "表.xls"), ("utf-8", "表.xml")])
def test_an_xml_spreadsheet_is_read_with_marks_formats_and_hidden_sheets(tmp_path: Path, codec: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(SPREADSHEETML.format(codec=codec).encode(codec))
    sheet, hidden = read_grids(path)
    assert (sheet.sheet, hidden.sheet, hidden.hidden) == ("税收", "底稿", True)
    assert sheet.rows(0, 4) == [
        ["2026年10月", "", "右"],
        ["", "", ""],
        ["1234567", "", "2019-05-01"],
        ["#DIV/0!", "=A3*2", ""],
    ]
    assert sheet.marked == {(3, 0), (3, 1)}
    assert list(sheet.merges) == [(0, 0, 0, 1)]
    assert [one.power for one in sheet.number_formats] == [4]
    assert sheet.formats[0].to_list() == [None, None, 0, None]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("</Worksheet></Workbook>", "不合规范"),
        ('<Row ss:Index="2000000"><Cell/></Row>', "使用区域过大"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>", "不合规范"),
    ],
)
def test_a_damaged_xml_spreadsheet_is_one_plain_reason(tmp_path: Path, written: str, reason: str) -> None:
    begin = SPREADSHEETML.format(codec="utf-8").partition("<Row>")[0]
    text = written + begin if "DOCTYPE" in written else begin + written
    with pytest.raises(UnreadableError, match=reason):
        read(
            tmp_path,
            text.replace(written, f'<?xml version="1.0"?>{written}').encode() if "DOC" in written else text.encode(),
        )


@pytest.mark.parametrize(
    ("stored", "shown", "figure"),
    [
        ("1234567", "123.5", "123.4567"),
        ("1234567.891", "1,234.57", "1234.567891"),
        ("12.5678", "12.57", "12.5678"),
        ("-1234567", "(123.5)", "-123.4567"),
        ("1.5E3", "1,500", "1.5E3"),
        ("0", "-", "0"),
        ("1234.5", "¥1,234.50", "1234.5"),
        ("1000", "1", "1.000"),
        ("46296", "2026-10-01", "2026-10-01"),
        ("0.125", "12.5%", "12.5%"),
        ("46296", "7", "7"),
    ],
)
def test_a_stored_figure_is_taken_in_the_scale_in_which_the_page_shows_it(
    tmp_path: Path, stored: str, shown: str, figure: str
) -> None:
    page = f"<table><tr><td>营业收入(万元)</td></tr><tr><td x:num='{stored}'>{shown}</td></tr></table>"
    assert read(tmp_path, page.encode()).rows(1, 2) == [[figure]]
