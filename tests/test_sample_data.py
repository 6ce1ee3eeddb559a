"""The sample inbox: the same again from its seed, small, of the stated size, and invented in a valid form."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from efficiency.intake.parsing.uscc import is_valid

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data"
INBOX = SAMPLE / "inbox"
VISITS = "经济发展局/走访台账"


def content(path: Path) -> object:
    """The bytes of a file; of a workbook the names and checksums of its parts, which no zlib version changes."""
    if path.suffix == ".xlsx" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parts:
            return [(part.filename, part.CRC, part.file_size, part.date_time) for part in parts.infolist()]
    return path.read_bytes()


def tree(folder: Path) -> dict[str, Any]:
    """Path below `folder` → content, of every file."""
    return {path.relative_to(folder).as_posix(): content(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def table(file: str, sheet: str, header: str) -> list[dict[str, Any]]:
    """Numbered rows of a sheet as dictionaries by header; the header row begins with `header`."""
    rows = CalamineWorkbook.from_path(INBOX / file).get_sheet_by_name(sheet).to_python()
    start = next(i for i, row in enumerate(rows) if row[0] == header)
    data = [dict(zip(map(str, rows[start]), row, strict=True)) for row in rows[start + 1 :]]
    return [row for row in data if isinstance(row[header], float)]


@pytest.fixture(scope="module")
def register() -> dict[str, list[dict[str, Any]]]:
    return {sheet: table("经济发展局/工业企业名录.xlsx", sheet, "序号") for sheet in ("规上", "规下")}


@pytest.mark.long
def test_the_generator_writes_the_same_inbox_again(tmp_path: Path) -> None:
    command = [sys.executable, str(SAMPLE / "generate.py"), "--output", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "1"})
    assert tree(tmp_path / "inbox") == tree(INBOX)
    assert (tmp_path / "mistakes.csv").read_bytes() == (SAMPLE / "mistakes.csv").read_bytes()


def test_the_inbox_stays_small() -> None:
    assert sum(path.stat().st_size for path in INBOX.rglob("*") if path.is_file()) < 6_000_000


def test_there_are_458_enterprises_above_scale_and_30_below(register: dict[str, list[dict[str, Any]]]) -> None:
    assert {sheet: len(rows) for sheet, rows in register.items()} == {"规上": 458, "规下": 30}


def test_names_and_codes_are_unique_and_every_code_is_valid_and_marked_as_a_sample(
    register: dict[str, list[dict[str, Any]]],
) -> None:
    rows = [row for part in register.values() for row in part]
    codes = pl.DataFrame({"uscc": [row["统一社会信用代码"] for row in rows]})
    assert codes["uscc"].n_unique() == len({row["企业名称"] for row in rows}) == len(rows)
    assert codes.select(is_valid(pl.col("uscc")).all()).item()
    assert codes.select(pl.col("uscc").str.contains(r"^913703(03|06)YL").all()).item()


def test_80_projects_add_up_to_about_24_hundred_million(register: dict[str, list[dict[str, Any]]]) -> None:
    projects = [
        row
        for file in sorted((INBOX / VISITS).glob("*走访台账.xlsx"))
        for row in table(f"{VISITS}/{file.name}", "走访台账", "序号")
        if row["拟建项目"]
    ]
    amounts = [row.get("计划总投资(万元)", row.get("计划总投资")) for row in projects]
    assert len({row["统一社会信用代码"] for row in projects}) == len(projects) == 80
    assert sum(amount for amount in amounts if isinstance(amount, float)) == pytest.approx(240_000, rel=0.01)


def test_all_24_months_are_there_and_statistics_has_no_january() -> None:
    names = [path.name for path in INBOX.rglob("*") if path.is_file()]
    months = [
        (year, month)
        for year in (2024, 2025, 2026)
        for month in range(1, 13)
        if (2024, 11) <= (year, month) <= (2026, 10)
    ]
    assert {
        tuple(map(int, found.groups())) for name in names if (found := re.match(r"(\d+)年(\d+)月入库税收\.", name))
    } == set(months)
    assert {
        tuple(map(int, found.groups())) for name in names if (found := re.match(r"(\d+)年1-(\d+)月工业产出\.", name))
    } == {(year, month) for year, month in months if month > 1}


def test_every_planted_mistake_stands_where_the_list_says() -> None:
    listed = list(csv.DictReader(io.StringIO((SAMPLE / "mistakes.csv").read_text(encoding="utf-8"))))
    assert listed
    for mistake in listed:
        assert (INBOX / mistake["file"]).is_file(), mistake
        if not mistake["cell"]:
            continue
        rows = (
            CalamineWorkbook.from_path(INBOX / mistake["file"])
            .get_sheet_by_name(mistake["sheet"])
            .to_python(skip_empty_area=False)
        )
        letters, number = re.fullmatch(r"([A-Z]+)(\d+)", mistake["cell"]).groups()
        column = sum((ord(letter) - 64) * 26**place for place, letter in enumerate(reversed(letters))) - 1
        found = rows[int(number) - 1][column]
        expected = (
            "" if mistake["rule"] == "error_cell" else mistake["value"]
        )  # calamine shows an error cell as nothing
        same = (
            float(expected) == found
            if isinstance(found, float) and not isinstance(expected, float)
            else str(found) == expected
        )
        assert same, f"{mistake['file']} {mistake['cell']} holds {found!r}"


def test_every_sheet_of_figures_says_that_it_is_made_up() -> None:
    silent = []
    for path in sorted(INBOX.rglob("*.xlsx")):
        if not zipfile.is_zipfile(path):
            continue
        with zipfile.ZipFile(path) as parts:
            text = parts.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in parts.namelist() else ""
        if "虚构" not in text:
            silent.append(path.name)
    assert silent == ["报送时限.xlsx"]  # a timetable without figures
