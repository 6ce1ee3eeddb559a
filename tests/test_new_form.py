"""A form is added as the docstring of `schemas` says: its declaration alone stores, scores, explains and watches it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders.stated import CODES, NAMES
from conftest import ROOT
from openpyxl import Workbook

DECLARED = '''"""固体废物: solid waste made and reused in a span of months."""

from schemas.column import NAME, ONE_SPAN_A_ROW, USCC, Column, Form

FORM_WASTE = Form(
    id="waste",
    title="固体废物",
    meaning="solid waste made and reused in a span of months",
    columns=(
        USCC,
        NAME,
        Column("made", "number", "固废产生量", "Solid waste made", unit="吨", required=True, minimum=0, figure="flow",
               compared=("months", "returns"), correctable=True, feeds=(("made", 1),), hint="固废产生量。"),
        Column("reused", "number", "固废利用量", "Of which reused", unit="吨", minimum=0, figure="flow",
               hint="其中综合利用的数量。"),
    ),
    flow=True,
    advice=(ONE_SPAN_A_ROW,),
)
'''  # fmt: skip
POLICY = """
id = "waste"
title = "固废"
window = "year_to_date"
annualise = false
[[cohort]]
id = "all"
where = "made > 0"
[[cohort.indicator]]
id = "revenue_per_waste"
title = "单位固废营业收入"
numerator = "revenue"
denominator = "made"
weight = 100
benchmark = { fixed = 10 }
[cohort.tiers]
cuts = { A = 0.2, B = 0.6, C = 0.9 }
"""
RUN = """
import contextlib, io, json, duckdb
from efficiency.cli import main
assert main(["run", "--inbox", "in", "--period", "2026-09..2026-10", "--policy", "waste.toml"]) == 0
assert main(["template", "forms"]) == 0
explained = io.StringIO()
with contextlib.redirect_stdout(explained):
    assert main(["explain", "淄博甲陶瓷有限公司", "--period", "2026-09", "--json"]) == 0
warehouse = duckdb.connect("warehouse/efficiency.duckdb", read_only=True)
def rows(query):
    return warehouse.sql(query).fetchall()
print("FOUND " + json.dumps({
    "facts": rows("SELECT name, made, reused FROM facts.waste WHERE NOT superseded ORDER BY name"),
    "scores": rows("SELECT made, score FROM results.scores WHERE period = '2026-09' ORDER BY name"),
    "problems": rows("SELECT rule, cell FROM intake.problems WHERE severity <> 'note' ORDER BY ALL"),
    "cells": rows("SELECT DISTINCT file_name, cell FROM lineage WHERE measure = 'made' ORDER BY ALL"),
    "watch": rows("SELECT kind, form, field FROM intake.watch WHERE form = 'waste' ORDER BY ALL"),
    "explained": explained.getvalue(),
}))
"""


def sheet(path: Path, *rows: list[Any]) -> None:
    """A workbook with these rows."""
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


@pytest.fixture(scope="module")
def with_waste(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder in which two months were run after the form was added to a copy of `schemas`, and what was found."""
    folder = tmp_path_factory.mktemp("waste")
    shutil.copytree(ROOT / "schemas", folder / "schemas", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "schemas" / "waste.py").write_text(DECLARED, encoding="utf-8")
    forms = folder / "schemas" / "forms.py"
    text = forms.read_text(encoding="utf-8")
    listed = "        FORM_CORRECTIONS,\n"
    assert text.count(listed) == 1
    forms.write_text(
        "from schemas.waste import FORM_WASTE\n" + text.replace(listed, f"{listed}        FORM_WASTE,\n"),
        encoding="utf-8",
    )
    (folder / "waste.toml").write_text(POLICY, encoding="utf-8")
    inbox = folder / "in"
    enterprises = [[CODES[letter], NAMES[letter]] for letter in "ABC"]
    sheet(
        inbox / "名录.xlsx",
        ["统一社会信用代码", "企业名称", "行业代码", "规模"],
        *([*one, "3071", "规上"] for one in enterprises),
    )
    sheet(
        inbox / "统计局" / "2026年1-9月产出.xlsx",
        ["统一社会信用代码", "企业名称", "营业收入(万元)"],
        *([*one, 100.0] for one in enterprises),
    )
    sheet(
        inbox / "生态环境局" / "2026年1-9月固废.xlsx",
        ["统一社会信用代码", "企业名称", "固废产生量(千克)", "固废利用量(吨)"],
        *([*one, kilograms, 1.0] for one, kilograms in zip(enterprises, (10_000, 20_000, -5), strict=True)),
    )
    sheet(
        inbox / "申诉更正.xlsx",
        ["统一社会信用代码", "企业名称", "年份", "月份", "更正指标", "更正值", "审批人", "审批日期"],
        [*enterprises[1], 2026, "1-9月", "固废产生量", 40.0, "李局长", "2026-10-20"],
    )
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout.rpartition("FOUND ")[2])


def test_a_new_form_is_stored_in_its_canonical_units(with_waste: tuple[Path, dict[str, Any]]) -> None:
    _, found = with_waste
    assert [NAMES["C"], -0.005, 1.0] in found["facts"]
    assert [NAMES["A"], 10.0, 1.0] in found["facts"]


def test_a_correction_may_name_a_figure_of_a_new_form(with_waste: tuple[Path, dict[str, Any]]) -> None:
    _, found = with_waste
    assert [NAMES["B"], 40.0, 1.0] in found["facts"]


def test_a_new_form_is_scored(with_waste: tuple[Path, dict[str, Any]]) -> None:
    _, found = with_waste
    assert sorted(row for row in found["scores"] if row[1] is not None) == [[10.0, 100.0], [40.0, 25.0]]


def test_a_negative_figure_of_a_new_form_is_reported(with_waste: tuple[Path, dict[str, Any]]) -> None:
    _, found = with_waste
    assert found["problems"] == [["negative", "C4"]]


def test_a_figure_of_a_new_form_leads_to_its_cell(with_waste: tuple[Path, dict[str, Any]]) -> None:
    _, found = with_waste
    assert ["生态环境局/2026年1-9月固废.xlsx", "C2"] in found["cells"]
    assert ["申诉更正.xlsx", "F2"] in found["cells"]
    assert "2026年1-9月固废.xlsx" in found["explained"]


def test_a_return_of_a_new_form_that_does_not_come_is_noticed(with_waste: tuple[Path, dict[str, Any]]) -> None:
    _, found = with_waste
    assert found["watch"] == [["not_reported", "waste", "made"]]


def test_a_new_form_has_a_template(with_waste: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = with_waste
    assert (folder / "forms" / "固体废物_模板.xlsx").exists()
