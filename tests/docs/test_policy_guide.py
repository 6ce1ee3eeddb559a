"""docs/policies.md and docs/methods.md say what is so: keys, columns, both worked examples and every recipe are run."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders.profiles import profile
from conftest import SampleRun
from openpyxl import Workbook, load_workbook

from efficiency.evaluation.evaluate import Evaluation, evaluate
from efficiency.evaluation.lists import select
from efficiency.job.evaluate import evaluate_period
from efficiency.partitions import one_partition
from efficiency.policy import model
from efficiency.policy.expressions import PROFILE_COLUMNS
from efficiency.policy.load import builtin_policies, parse_policy
from efficiency.policy.values import Part
from efficiency.warehouse.read import load
from schemas import FACTS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
METHODS = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")

SECTIONS = {
    "Top of the file": model.Policy,
    "`[energy]`": model.Energy,
    "`[[excluded]]`": model.Excluded,
    "`[[cohort]]`": model.Cohort,
    "`[[cohort.indicator]]`": model.Indicator,
    "`benchmark = { … }`": model.Benchmark,
    "`[cohort.tiers]`": model.Tiers,
    "`cuts = { … }`": model.Cuts,
    "`[[adjustment]]`": model.Adjustment,
    "`[[override]]`": model.Override,
    "`[[candidate]]`": model.Candidate,
    "`[[verification]]`": model.Verification,
    "`[partners]`": model.Partners,
    "`[[variant]]`": model.Variant,
    "`[robustness]`": model.Robustness,
    "`[notice]`": model.Notice,
    "`[surcharge]`": model.Surcharge,
    "`[[surcharge.other]]`": model.OtherSurcharge,
}


def section(heading: str) -> str:
    """The text under a third-level heading that begins so."""
    found = re.search(rf"^### {re.escape(heading)}.*?\n(.*?)(?=^##|\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def block(marker: str, language: str) -> str:
    """The code block behind a marker comment."""
    found = re.search(rf"<!-- example: {marker} -->\n```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found, marker
    return found[1]


@pytest.mark.parametrize(("heading", "table"), SECTIONS.items(), ids=SECTIONS)
def test_the_guide_explains_every_key_and_no_other(heading: str, table: type[Part]) -> None:
    explained = re.findall(r"^\| `(\w+)` \|", section(heading), re.MULTILINE)
    assert explained == list(table.model_fields)


def test_every_table_of_a_policy_has_a_section_in_the_guide() -> None:
    tables = {part for part in vars(model).values() if isinstance(part, type) and issubclass(part, Part)}
    assert tables - {Part} == set(SECTIONS.values())


def test_the_guide_lists_every_column_of_the_profile_and_no_other() -> None:
    rows = re.search(r"^\| column \| meaning \|\n.*?\n\n", GUIDE, re.MULTILINE | re.DOTALL)
    named = [name for row in rows[0].strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(PROFILE_COLUMNS)


@pytest.fixture(scope="module")
def example() -> model.Policy:
    return parse_policy(block("a new indicator", "toml"), "policies.md")


@pytest.fixture(scope="module")
def judged(example: model.Policy, sample_run: SampleRun) -> Evaluation:
    stored = load(sample_run.warehouse, ["intake.submissions", *(table.qualified for table in FACTS.values())])
    facts = one_partition({form: stored[table.qualified] for form, table in FACTS.items()})
    return evaluate_period(facts, example, "2026-10", None, submissions=stored["intake.submissions"])


def test_the_indicator_that_the_example_adds_is_value_added_over_revenue(judged: Evaluation) -> None:
    rows = judged.indicators.filter(indicator="value_added_rate")
    stated = judged.scores.select("uscc", (pl.col("value_added") / pl.col("revenue")).alias("by_hand"))
    both = rows.join(stated, on="uscc").drop_nulls("value")
    assert both.height > 100
    worst = (both["value"] - both["by_hand"]).abs().max()
    assert isinstance(worst, float)
    assert worst < 1e-12
    ranked = both.join(judged.scores.filter(status="ranked"), on="uscc", how="semi")
    assert ranked["benchmark"].unique().to_list() == [pytest.approx(ranked["value"].median())]
    assert rows["title"].unique().to_list() == ["增加值率"]


def test_the_example_gives_tiers_and_a_list_whose_reason_names_the_new_indicator(
    judged: Evaluation, example: model.Policy
) -> None:
    assert set(judged.scores["tier"].drop_nulls()) == {"A", "B", "C", "D"}
    assert judged.scores["override_labels"].drop_nulls().unique().to_list() == ["增加值率低于10%"]
    listed = select(judged, example)
    assert listed.height > 0
    assert listed["reason"].str.contains("增加值率").all()


ITEM = {
    "id": "item", "title": "项", "numerator": "tax", "denominator": "land", "weight": 100.0,
    "benchmark": {"fixed": 1.0},
}  # fmt: skip


def recipe(fragment: str) -> model.Policy:
    """A policy of one cohort and indicator with the keys of a recipe in place of its own."""
    found = next(text for text in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL) if fragment in text)
    keys = tomllib.loads(found)
    adjustments = keys.pop("adjustment", [])
    cohort: dict[str, Any] = {"id": "all", "where": "TRUE", "indicator": [ITEM]}
    for key, value in keys.items():
        if key in model.Cohort.model_fields:
            cohort[key] = value
        else:
            cohort["indicator"] = [{**cohort["indicator"][0], key: value}]
    return model.Policy.model_validate({"id": "x", "title": "x", "cohort": [cohort], "adjustment": adjustments})


def test_recipe_of_a_factor_by_industry() -> None:
    rows = ({"tax": 1.0, "land": 1.0, "industry_division": division} for division in ("30", "26"))
    assert evaluate(profile(*rows), recipe("factor =")).scores["score"].to_list() == pytest.approx([110.0, 100.0])


def test_recipe_of_the_ratio_to_the_best() -> None:
    rows = ({"tax": tax, "land": 1.0} for tax in (8.0, 4.0, 2.0))
    assert evaluate(profile(*rows), recipe("q = 1.0")).scores["score"].to_list() == [100.0, 50.0, 25.0]


def test_recipe_of_the_inverse_ratio() -> None:
    rows = ({"emissions": value} for value in (0.0, 12.5, 18.75, 25.0, 80.0))
    found = evaluate(profile(*rows), recipe("2 - emissions")).scores["score"].to_list()
    assert found == pytest.approx([200.0, 100.0, 50.0, 0.0, 0.0])


def test_recipe_of_points_off_for_missing_energy() -> None:
    policy = recipe("points = -3")
    measured = policy.cohort[0].indicator[0].model_copy(update={"denominator": "energy"})
    cohort = policy.cohort[0].model_copy(update={"indicator": (measured, measured.model_copy(update={
        "id": "other", "denominator": "land", "weight": 0.0})),
    })  # fmt: skip
    rows = ({"tax": 1.0, "land": 1.0, "energy": energy} for energy in (1.0, 0.0, None))
    found = evaluate(profile(*rows), policy.model_copy(update={"cohort": (cohort,)})).scores["score"].to_list()
    assert found == [100.0, -3.0, -3.0]


def test_recipe_of_tenants_as_a_cohort() -> None:
    rows = ({"land_owned": owned, "land_leased_in": 3.0, "tax": 1.0, "land": 3.0} for owned in (0.0, 5.0, None))
    found = evaluate(profile(*rows), recipe("land_leased_in > 0")).scores["cohort"].to_list()
    assert found == ["all", None, None]


SOLID_POLICY = """
id = "solid"
title = "固废"
window = "calendar_year"
[[cohort]]
id = "all"
where = "solid_waste > 0"
[[cohort.indicator]]
id = "revenue_per_waste"
title = "单位固体废物营业收入"
numerator = "revenue"
denominator = "solid_waste"
weight = 100
benchmark = { fixed = 10 }
[cohort.tiers]
cuts = { A = 0.2, B = 0.6, C = 0.9 }
[[candidate]]
list = "upgrade"
title = "升级改造"
when = "solid_waste > 25"
reason = "固体废物{solid_waste}吨"
"""
RUN = """
import json, duckdb
from efficiency.cli import main
assert main(["run", "--inbox", "in", "--period", "2026-10", "--policy", "solid.toml"]) == 0
assert main(["template", "forms"]) == 0
warehouse = duckdb.connect("warehouse/efficiency.duckdb", read_only=True)
def rows(query):
    return warehouse.sql(query).fetchall()
print("FOUND " + json.dumps({
    "facts": rows("SELECT name, solid_waste FROM facts.output ORDER BY name"),
    "scores": rows("SELECT solid_waste, score FROM results.scores ORDER BY name"),
    "reason": rows("SELECT reason FROM candidates"),
    "comment": rows("SELECT comment FROM duckdb_columns() WHERE table_name = 'scores' AND column_name = 'solid_waste'"),
    "negative": rows("SELECT cell FROM intake.problems WHERE rule = 'negative'"),
    "cells": rows("SELECT DISTINCT cell FROM lineage WHERE measure = 'solid_waste' ORDER BY cell"),
}))
"""


def code(body: str) -> str:
    """`body` (17 characters) with its check character, GB 32100-2015."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    return body + alphabet[-sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(body)) % 31]


@pytest.fixture(scope="module")
def with_new_measure(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """What a run finds when the guide's change, and nothing else, has been made to a copy of `schemas`."""
    folder = tmp_path_factory.mktemp("solid_waste")
    shutil.copytree(ROOT / "schemas", folder / "schemas", ignore=shutil.ignore_patterns("__pycache__"))
    declared = folder / "schemas" / "output.py"
    lines = block("a new measure", "diff").splitlines(keepends=True)
    before, after = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
    text = declared.read_text(encoding="utf-8")
    assert text.count(before) == 1, "the guide's diff no longer fits schemas/output.py"
    declared.write_text(text.replace(before, after), encoding="utf-8")

    (folder / "in").mkdir()
    (folder / "solid.toml").write_text(SOLID_POLICY, encoding="utf-8")
    book = Workbook()
    register = book.active
    register.append(["统一社会信用代码", "企业名称", "行业代码", "规模"])
    sheet = book.create_sheet("2025年产出")
    sheet.append(["统一社会信用代码", "企业名称", "营业收入(万元)", "固体废物产生量(千克)"])
    for i, kilograms in enumerate((10_000, 20_000, 30_000, -5)):
        uscc = code(f"91370303MA00000{i:02d}")
        register.append([uscc, f"第{i}公司", "3071", "规上"])
        sheet.append([uscc, f"第{i}公司", 100.0, kilograms])
    book.save(folder / "in" / "book.xlsx")
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout.rpartition("FOUND ")[2])


def test_one_declaration_takes_a_measure_from_the_sheet_to_the_score(
    with_new_measure: tuple[Path, dict[str, Any]],
) -> None:
    _, found = with_new_measure
    assert [waste for _, waste in found["facts"]] == [10.0, 20.0, 30.0, -0.005]  # 千克 became 吨
    assert found["scores"][:3] == [[10.0, 100.0], [20.0, 50.0], [30.0, pytest.approx(100 / 3, abs=1e-6)]]
    assert found["reason"] == [["固体废物30吨"]]
    assert "固体废物产生量" in found["comment"][0][0]
    assert found["negative"] == [["D5"]]
    assert ["D2"] in found["cells"]


def test_one_declaration_puts_a_measure_into_the_blank_form(with_new_measure: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = with_new_measure
    cells = [cell.value for row in load_workbook(folder / "forms" / "产出_模板.xlsx").worksheets[0] for cell in row]
    assert any("固体废物产生量" in str(value) and "吨" in str(value) for value in cells)


def test_methods_has_a_section_for_every_built_in_policy_and_no_other() -> None:
    sections = re.findall(r"^### `([\w-]+)`", METHODS, re.MULTILINE)
    assert sorted(sections) == sorted(name for name, _ in builtin_policies())
