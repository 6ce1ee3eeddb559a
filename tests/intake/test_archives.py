"""Archives: their spreadsheets are files of the inbox, one level deep, within bounds; the rest is named."""

import io
import resource
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from builders.mutants import encrypted
from builders.sheets import HEAD, stated, write

from efficiency.errors import EfficiencyError
from efficiency.intake import archives
from efficiency.intake.files import list_inbox
from efficiency.intake.read import read_file
from efficiency.reports.submitters import write_all_returned

SHEET = "企业名称,营业收入(万元),实缴税金(万元)\n甲公司,1,5\n".encode()


def packed(members: Mapping[str, bytes], codec: str = "") -> bytes:
    """A zip of `members`, their names in `codec` and without the mark of UTF-8 where one is given."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, data) in enumerate(members.items()):
            raw = name.encode(codec) if codec else name.encode()
            # A name of as many bytes, written over below: zipfile would mark any other as UTF-8.
            archive.writestr(f"{number:04d}".ljust(len(raw), "_") if codec else name, data)
    made = target.getvalue()
    for number, name in enumerate(members if codec else ()):
        raw = name.encode(codec)
        made = made.replace(f"{number:04d}".ljust(len(raw), "_").encode(), raw)
    return made


@pytest.mark.parametrize("codec", ["", "gb18030", "utf-8"])
def test_the_spreadsheets_of_an_archive_are_files_of_the_inbox_under_its_name(tmp_path: Path, codec: str) -> None:
    members = {"一季度/2026年10月.csv": SHEET, "联系人照片.png": b"\x89PNG\r\n", "__MACOSX/._2026年10月.csv": b"x"}
    (tmp_path / "报送.zip").write_bytes(packed(members, codec))
    files, problems = list_inbox(tmp_path)
    assert [file.name for file in files] == ["报送.zip/一季度/2026年10月.csv"]
    assert stated(read_file(files[0]), "output", "name", "tax") == [("甲公司", 5.0)]
    assert problems.select("file_name", "rule", "value").rows() == [
        ("报送.zip/联系人照片.png", "not_a_spreadsheet", "图片(PNG)")
    ]


def test_a_member_is_given_back_marked(tmp_path: Path) -> None:
    sheet = write(tmp_path / "a.xlsx", {"产出": [["2026年10月"], HEAD, ["甲公司", "约1200", 5]]}).path.read_bytes()
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "报送.zip").write_bytes(packed({"2026年10月.xlsx": sheet}))
    files, _ = list_inbox(tmp_path / "inbox")
    problems = read_file(files[0]).problems
    assert problems["file_name"].to_list() == ["报送.zip/2026年10月.xlsx"]
    (one,) = write_all_returned([(file.path, file.name) for file in files], problems, tmp_path / "退回")
    assert (one.kind, one.path) == ("workbook", tmp_path / "退回" / "报送.zip" / "2026年10月.xlsx")
    assert one.path.is_file()


def test_names_within_an_archive_lead_nowhere_else(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    members = {
        "../../外面.csv": SHEET,
        "/etc/表.csv": SHEET + b"\n",
        "C:\\a\\表.csv": SHEET + b"\n\n",
        "a\x1b[31m.csv": b"1",
    }
    (inbox / "报送.zip").write_bytes(packed(members))
    files, _ = list_inbox(inbox)
    assert {file.name for file in files} == {
        "报送.zip/外面.csv",
        "报送.zip/etc/表.csv",
        "报送.zip/C:/a/表.csv",
        "报送.zip/a%1B[31m.csv",
    }
    assert not any(inbox in file.path.parents for file in files)
    assert [path.name for path in tmp_path.rglob("*")] == ["inbox", "报送.zip"]


@pytest.mark.parametrize(
    ("members", "value"),
    [
        ({"里面.zip": packed({"表.csv": SHEET})}, "压缩包里的压缩包"),
        ({"里面.rar": b"Rar!\x1a\x07\x01\0"}, "RAR 压缩包"),
        ({}, "空的压缩包"),
    ],
)
def test_what_an_archive_holds_beside_spreadsheets_is_named(
    tmp_path: Path, members: dict[str, bytes], value: str
) -> None:
    (tmp_path / "报送.zip").write_bytes(packed(members))
    files, problems = list_inbox(tmp_path)
    assert files == []
    assert problems.select("rule", "severity", "value").rows() == [("archive_unread", "warning", value)]


def lying(members: Mapping[str, bytes], size: int) -> bytes:
    """An archive whose directory declares another size of its first member."""
    made = bytearray(packed(members))
    struct.pack_into("<I", made, made.rfind(b"PK\x01\x02") + 24, size)
    return bytes(made)


def locked() -> bytes:
    made = bytearray(packed({"表.csv": SHEET}))
    made[made.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packed({f"{number}.csv": SHEET for number in range(9)}), "超过 8 个"),
        (lying({"表.csv": SHEET}, 600 << 20), "解压后超过 512 MiB"),
        (locked(), "压缩包已加密"),
        (packed({"表.csv": SHEET})[:60], "损坏"),
        (lying({"表.csv": SHEET}, 5), "大小与声明不符|损坏"),
        (lying({"表.csv": SHEET}, 5_000), "大小与声明不符|损坏"),
    ],
    ids=["many", "large", "locked", "cut", "larger than said", "smaller than said"],
)
def test_an_archive_that_cannot_be_opened_is_one_plain_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, reason: str
) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 8)
    (tmp_path / "报送.zip").write_bytes(data)
    (file,) = list_inbox(tmp_path)[0]
    parsed = read_file(file)
    assert parsed.problems["rule"].to_list() == ["unreadable"]
    assert any(part in parsed.problems["message"][0] for part in reason.split("|")), parsed.problems["message"]


@pytest.mark.parametrize(
    ("name", "data", "rule", "value"),
    [
        ("附件.pdf", b"%PDF-1.7", "not_a_spreadsheet", "PDF 文件"),
        ("照片", b"\xff\xd8\xff\xe0", "not_a_spreadsheet", "图片(JPEG)"),
        ("旧.wps", b"?", "not_a_spreadsheet", "WPS 文字文档"),
        ("说明.txt", "请于5日前报送,谢谢\n联系人,张三\n".encode(), "not_a_spreadsheet", "没有分列的文本文件"),
        ("打包.7z", b"7z\xbc\xaf\x27\x1c\0", "archive_unread", "7z 压缩包"),
        ("产出.xlsx.bak", encrypted(), "ending_unknown", "加密的 Office 文件"),
        ("文件.docx", packed({"word/document.xml": b"<x/>"}), "not_a_spreadsheet", "Word 文档"),
    ],
)
def test_a_file_that_is_left_aside_is_named_by_what_it_holds(
    tmp_path: Path, name: str, data: bytes, rule: str, value: str
) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "~$产出.xlsx").write_bytes(b"x")
    files, problems = list_inbox(tmp_path)
    assert files == []
    assert problems.select("file_name", "rule", "value").rows() == [(name, rule, value)]
    assert value in problems["message"][0]


TEXT = "2026年10月\n企业名称\t营业收入(万元)\t实缴税金(万元)\n甲公司\t1,234,567.00\t1,000.50\n乙公司\t2,000.00\t3\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["表.txt", "表.tsv", "表.csv", "表.xls"])
def test_tables_as_text_are_read_in_every_encoding_with_grouped_numbers(tmp_path: Path, codec: str, name: str) -> None:
    (tmp_path / name).write_bytes(TEXT.encode(codec))
    (file,) = list_inbox(tmp_path)[0]
    assert stated(read_file(file), "output", "name", "revenue", "tax") == [
        ("甲公司", 1_234_567.0, 1000.5),
        ("乙公司", 2000.0, 3.0),
    ]


@pytest.mark.parametrize("separator", [";", "|", ",", "\t"])
def test_a_separator_is_the_one_that_all_lines_have_alike(tmp_path: Path, separator: str) -> None:
    rows = [["企业名称", "营业收入(万元)", "备注"], ["甲公司", "1.5", "一,二"], ["乙公司", "2", '"三,四,五"']]
    text = "2026年10月\n" + "\n".join(separator.join(row) for row in rows).replace("一,二", '"一,二"')
    (tmp_path / "表.csv").write_text(text, encoding="utf-8")
    (file,) = list_inbox(tmp_path)[0]
    assert stated(read_file(file), "output", "name", "revenue") == [("甲公司", 1.5), ("乙公司", 2.0)]


def test_traditional_chinese_is_named_for_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "表.csv").write_bytes("企業名稱,營業收入(萬元)\n甲公司,2\n".encode("big5"))
    (file,) = list_inbox(tmp_path)[0]
    assert "Big5" in read_file(file).problems["message"][0]


def test_an_archive_that_lists_far_too_much_is_refused_by_the_size_of_its_list(tmp_path: Path) -> None:
    """No object is made of its entries, of which 100 MB may hold two million."""
    made = bytearray(packed({"甲.csv": b"\0" * 16}) + bytes(22))
    made[:0] = bytes(5 << 20)  # what stands before an archive is passed over
    end = made.rfind(b"PK\x05\x06")
    struct.pack_into("<I", made, end + 12, 4_500_000)
    (tmp_path / "多.zip").write_bytes(b"PK\x03\x04" + made)
    (file,), _ = list_inbox(tmp_path)
    assert "部件过多" in (file.refusal or "")


def test_a_full_folder_for_temporary_files_is_named_and_the_archive_is_not_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, full = tmp_path / "inbox", tmp_path / "full"
    inbox.mkdir()
    full.mkdir()
    (inbox / "报送.zip").write_bytes(packed({"2026年10月.csv": SHEET}))
    monkeypatch.setattr(tempfile, "tempdir", str(full))
    monkeypatch.setattr(archives, "temporary_folder", lambda: full)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        with pytest.raises(EfficiencyError, match=f"{full}.* cannot be written .*TMPDIR"):
            list_inbox(inbox)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
