"""Blank workbooks ask for what `schemas` declares, check what is entered, and are accepted when filled in."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any

import openpyxl
import polars as pl
import pytest
from openpyxl.utils import range_boundaries

from efficiency.reports.submitters import write_templates
from efficiency.reports.submitters.template_forms import templates
from efficiency.reports.submitters.templates import FIRST_ROW, HEADER_ROW, PREPARED_ROWS
from schemas import FORMS
from schemas.intake import GUIDE_SHEET

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from efficiency.reports.submitters.template_forms import Field, Template

ENTERPRISES = (("91370303MA3C00001X", "淄博甲陶瓷有限公司"), ("913703030000000012", "淄博乙化工有限公司"))
TEMPLATES = templates()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {path.stem: path for path in write_templates(tmp_path_factory.mktemp("templates"))}


def sheet_of(path: Path) -> Worksheet:
    return openpyxl.load_workbook(path).worksheets[0]


def entered(field: Field, number: int) -> object:
    """What a submitter would put into a cell of the column."""
    named = {"企业名称": ENTERPRISES[number][1], "计量单位": "吨"}
    by_entry: dict[str, Any] = {
        "uscc": ENTERPRISES[number][0],
        "year": 2026,
        "month": ("10", "1-10月")[number],
        "date": date(2026, 10, 1 + number),
        "number": 1234.5 + number,
        "industry": "3071",
        "text": field.choices[number] if field.choices else f"{field.title}甲",
    }
    return named.get(field.title, by_entry[field.entry])


def filled(path: Path, template: Template, target: Path) -> Path:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet["B2"] = date(2026, 11, 5)
    for number in range(len(ENTERPRISES)):
        for column, field in enumerate(template.fields, 1):
            value: Any = entered(field, number)
            sheet.cell(FIRST_ROW + 1 + number, column).value = value
    book.save(target)
    return target


def test_every_form_has_a_template_and_every_column_a_place_and_a_hint() -> None:
    assert {template.form for template in TEMPLATES} == set(FORMS)
    for template in TEMPLATES[:4] + TEMPLATES[6:]:
        titles = [field.title for field in template.fields]
        assert {column.title for column in FORMS[template.form].columns} <= set(titles)
        assert len(titles) == len(set(titles))
    assert all(column.hint for form in FORMS.values() for column in form.columns[2:])
    assert all(field.hint for template in TEMPLATES for field in template.fields)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_headings_state_unit_and_need_and_stay_in_sight(template: Template, written: dict[str, Path]) -> None:
    sheet = sheet_of(written[template.name])
    assert [cell.value for cell in sheet[HEADER_ROW + 1]] == [field.header for field in template.fields]
    assert sheet.freeze_panes == f"C{FIRST_ROW + 1}"
    assert sheet.page_setup.orientation == "landscape"
    for column in FORMS[template.form].columns if template.fields[2:3] else ():
        stated = next((field for field in template.fields if field.title == column.title), None)
        if stated and column.unit:
            assert f"（{column.unit}）" in stated.header
        if stated and column.required:
            assert stated.header.endswith("*")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_figures_of_a_span_stand_beside_their_year(template: Template) -> None:
    titles = [field.title for field in template.fields]
    assert ("年份" in titles) == FORMS[template.form].flow


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_prepared_rows_have_formats_and_rules_and_no_value(template: Template, written: dict[str, Path]) -> None:
    sheet = sheet_of(written[template.name])
    last = FIRST_ROW + PREPARED_ROWS
    for column, field in enumerate(template.fields, 1):
        formats = {sheet.cell(row, column).number_format for row in (FIRST_ROW + 1, last)}
        assert len(formats) == 1
        assert ("@" in formats) == (field.entry in ("text", "uscc", "industry", "month"))
        assert sheet.cell(last, column).value is None
    rules = {
        range_boundaries(str(rule.sqref))[0]: rule
        for rule in sheet.data_validations.dataValidation
        if str(rule.sqref) != "B2"
    }
    assert set(rules) == set(range(1, len(template.fields) + 1))
    for column, field in enumerate(template.fields, 1):
        assert range_boundaries(str(rules[column].sqref))[1::2] == (FIRST_ROW + 1, last)
        assert (rules[column].type == "list") == bool(field.choices)
        assert rules[column].prompt == field.hint[:255]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_drop_down_lists_hold_exactly_the_choices(template: Template, written: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(written[template.name])
    for rule in book.worksheets[0].data_validations.dataValidation:
        if rule.type != "list":
            continue
        field = template.fields[range_boundaries(str(rule.sqref))[0] - 1]
        if rule.formula1.startswith('"'):
            assert len(rule.formula1) <= 257
            assert tuple(rule.formula1.strip('"').split(",")) == field.choices
        else:
            title, _, area = rule.formula1.partition("!")
            assert title.strip("'") == GUIDE_SHEET
            assert tuple(cell.value for (cell,) in book[GUIDE_SHEET][area.replace("$", "")]) == field.choices
        assert (rule.errorStyle == "warning") == field.open_choices


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_the_guide_comes_second_and_names_every_column(template: Template, written: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(written[template.name])
    assert book.sheetnames == [template.sheet, GUIDE_SHEET]
    rows = list(book[GUIDE_SHEET].iter_rows(values_only=True))
    named = [str(row[0]).partition("　")[2] for row in rows if row[3] in {field.hint for field in template.fields}]
    assert named == [field.title for field in template.fields]


def test_the_same_version_writes_the_same_bytes(written: dict[str, Path], tmp_path: Path) -> None:
    again = write_templates(tmp_path)
    assert {path.stem: path.read_bytes() for path in again} == {
        stem: path.read_bytes() for stem, path in written.items()
    }
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_filled_template_is_accepted_without_a_problem(
    template: Template, written: dict[str, Path], tmp_path: Path
) -> None:
    from efficiency.intake.files import InboxFile
    from efficiency.intake.read import read_file

    path = filled(written[template.name], template, tmp_path / f"{template.name}.xlsx")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    parsed = read_file(InboxFile(path=path, name=path.name, sha256=digest, modified=0.0))
    assert set(parsed.problems["severity"]) <= {"note"}
    assert parsed.problems.filter(pl.col("sheet") != GUIDE_SHEET).select("rule", "cell", "message").rows() == []
    stated = parsed.submissions.filter(pl.col("sheet") != GUIDE_SHEET)
    assert stated.select("form", "filled_on", "rows_rejected").rows() == [(template.form, date(2026, 11, 5), 0)]
    rows = parsed.rows[template.form]
    assert rows.select(pl.col("uscc", "name").unique(maintain_order=True)).rows() == list(ENTERPRISES)
    columns = {column.title: column.name for column in FORMS[template.form].columns}
    for field in template.fields:
        if field.entry == "number" and field.title in columns:
            assert rows[columns[field.title]].to_list() == [1234.5, 1235.5], field.title
        if field.entry == "month":
            assert set(rows.select("span_start", "span_end").rows()) == {
                (date(2026, 10, 1), date(2026, 10, 1)),
                (date(2026, 1, 1), date(2026, 10, 1)),
            }
    if template.sheet == "分月数据":
        assert rows.height == 24
        assert set(rows["carrier"]) == {"电力"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_blank_template_states_nothing_and_is_no_error(template: Template, written: dict[str, Path]) -> None:
    from efficiency.intake.files import InboxFile
    from efficiency.intake.read import read_file

    path = written[template.name]
    parsed = read_file(InboxFile(path=path, name=path.name, sha256="0" * 64, modified=0.0))
    assert all(rows.is_empty() for rows in parsed.rows.values())
    assert set(parsed.problems["rule"]) <= {"sheet_empty"}
