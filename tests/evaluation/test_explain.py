"""The score card: found by code or name, with the cells behind it, and with what it would take checked by doing it."""

import json
import math
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from builders.evaluations import as_published
from builders.examples import examples
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.cells import cell_len

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.explanation import ExplainError, Target, explain
from efficiency.evaluation.lists import select
from efficiency.evaluation.targets import score_needed
from efficiency.policy.load import parse_policy
from efficiency.policy.model import Policy, Tiers
from efficiency.reports.card import card_as_dict, card_as_text, write_card
from efficiency.warehouse.history import add_evaluation
from efficiency.warehouse.schema import TABLES, Contents
from schemas import PROFILE

TOML = """
id = "test"
title = "试行办法"
window = "rolling_12m"
[[excluded]]
when = "utility"
label = "公用事业"
[[cohort]]
id = "all"
title = "全部企业"
where = "TRUE"
factor = "FACTOR"
formula = "FORMULA"
  [[cohort.indicator]]
  id = "tax_per_mu"
  title = "亩均税收"
  unit = "万元/亩"
  dimension = "land"
  numerator = "tax"
  denominator = "land"
  weight = 60
  benchmark = { fixed = 10.0 }
  cap = 1.5
  missing = "MISSING"
  [[cohort.indicator]]
  id = "energy_per_output"
  title = "单位产值能耗"
  unit = "吨标准煤/万元"
  dimension = "energy"
  numerator = "energy"
  denominator = "gross_output"
  better = "lower"
  weight = 40
  benchmark = { fixed = 0.5 }
  missing = "MISSING"
  [cohort.tiers]
  CUTS
[[adjustment]]
when = "honours LIKE '%专精特新%'"
points = 2
label = "专精特新"
[[override]]
when = "incidents_safety > 0"
at_most = "C"
label = "安全一票否决"
[[candidate]]
list = "shutdown"
title = "关停"
when = "tier = 'D'"
reason = "得分仅{score}"
[robustness]
draws = 10
"""
BY_RANK = 'by = "rank"\n  cuts = { A = 0.20, B = 0.50, C = 0.80 }'
BY_SCORE = 'by = "score"\n  cuts = { A = 90, B = 75, C = 60 }'


def policy(
    cuts: str = BY_RANK,
    *,
    factor: str = "1.0",
    formula: str = "ratio",
    missing: str = "reweight",
    output: str = "gross_output",
) -> Policy:
    text = (
        TOML.replace("gross_output", output)
        .replace("CUTS", cuts)
        .replace("FACTOR", factor)
        .replace("FORMULA", formula)
        .replace("MISSING", missing)
    )
    if formula == "minmax":
        text = "\n".join(line for line in text.splitlines() if not line.strip().startswith(("benchmark", "cap")))
    return parse_policy(text)


def code(i: int) -> str:
    return f"91370306MA{i:08d}"


def profile(
    taxes: Sequence[float | None], energies: Sequence[float | None] | None = None, **columns: Sequence[object]
) -> pl.DataFrame:
    """One enterprise per tax figure, each on 10 亩 with an output of 1000 万元."""
    n = len(taxes)
    energies = [500.0] * n if energies is None else energies
    given_ = {
        "uscc": [code(i) for i in range(n)],
        "name": [f"企业{i}号" for i in range(n)],
        "tax": taxes,
        "energy": energies,
        "land": [10.0] * n,
        "gross_output": [1000.0] * n,
        **columns,
    }
    counts = [c.name for c in PROFILE.columns if c.kind == "integer" and not c.nullable]
    frame = PROFILE.conform(pl.DataFrame(given_, strict=False))
    return frame.with_columns(pl.col(counts).fill_null(0))


def frames(frame: pl.DataFrame, rules: Policy, **tables: pl.DataFrame) -> Contents:
    """The warehouse after `frame` was judged, with the register that the profile came from."""
    judged = evaluate(frame, rules)
    new = as_published(judged, rules, "2026-10", select(judged, rules), inputs_sha256="i")
    register = frame.select("uscc", "name", "industry", "town", "honours", "utility").with_columns(
        pl.lit(None, dtype=pl.String).alias("former_name"), **lineage("reg")
    )
    given_ = {"facts.enterprises": TABLES["facts.enterprises"].conform(register), **tables}
    return add_evaluation(Contents(given_), new)


def lineage(submission: str, row: int = 5, block: int = 0) -> dict[str, pl.Expr]:
    return {
        "submission_id": pl.lit(submission),
        "sheet": pl.lit("表1"),
        "row": pl.lit(row),
        "block": pl.lit(block),
        "superseded": pl.lit(value=False),
    }


def stated(table: str, rows: Sequence[tuple[str, int, int, dict[str, object]]]) -> dict[str, pl.DataFrame]:
    """Rows of a facts table; each is (submission, sheet row, column group, figures)."""
    place = {"sheet": "表1", "superseded": False}
    listed = [{"submission_id": s, "row": r, "block": b, **place, **figures} for s, r, b, figures in rows]
    return {table: TABLES[table].conform(pl.DataFrame(listed, infer_schema_length=None))}


def tier_of(frame: pl.DataFrame, rules: Policy, i: int) -> str:
    tier: str = evaluate(frame, rules).scores.filter(uscc=code(i))["tier"].item()
    return tier


def changed(frame: pl.DataFrame, i: int, column: str, by: float) -> pl.DataFrame:
    amount = pl.when(pl.col("uscc") == code(i)).then(pl.col(column) + by).otherwise(column)
    return frame.with_columns(amount.alias(column))


TEN = profile([100.0, 95.0, 90.0, 80.0, 70.0, 60.0, 50.0, 40.0, 20.0, 10.0])
PARTS = {"tax_per_mu": ("tax", "land"), "energy_per_output": ("energy", "gross_output")}


SHOWN = 1e-4
"""A change below a hundred is rounded away from zero to four decimals; greater ones by less than a thousandth."""


def check_by_doing(frame: pl.DataFrame, rules: Policy, i: int) -> tuple[Target, int]:
    """Every change that is said to reach the next tier reaches it, and a little less does not."""
    explanation = explain(frames(frame, rules), code(i), "2026-10")
    target = explanation.target
    assert target.tier is not None
    assert target.score_needed is not None
    far = target.score_needed - explanation.score["score"] > 0.1  # a thousandth less must show in 6 decimals
    done = 0
    for row in target.what_it_takes.iter_rows(named=True):
        for part, column in zip(("numerator", "denominator"), PARTS[row["indicator"]], strict=True):
            change = row[f"{part}_change"]
            if change is None:
                continue
            # One more millionth of the figure: the score needed is met to 6 decimals, the change to 15 digits.
            there = changed(frame, i, column, change + 1e-7 * change)
            # Past several that tie, it may lead to a better tier still.
            assert tier_of(there, rules, i) <= target.tier
            less = change * 0.999 - math.copysign(SHOWN, change)
            assert not far or tier_of(changed(frame, i, column, less), rules, i) > target.tier
            done += 1
    return target, done


@pytest.mark.parametrize("cuts", [BY_RANK, BY_SCORE])
@pytest.mark.parametrize("factor", ["1.0", "0.9"])
@pytest.mark.parametrize("i", [4, 5, 8, 9])
def test_what_it_takes_reaches_the_next_tier_when_it_is_done(cuts: str, factor: str, i: int) -> None:
    rules = policy(cuts, factor=factor)
    target, done = check_by_doing(TEN, rules, i)
    assert target.tier == {"B": "A", "C": "B", "D": "C"}[tier_of(TEN, rules, i)]
    assert done >= 2


@examples(short=6, long=60)
@given(
    st.lists(st.integers(1, 200), min_size=6, max_size=12),
    st.lists(st.integers(100, 900), min_size=12, max_size=12),
    st.integers(0, 5),
    st.sampled_from([BY_RANK, BY_SCORE]),
)
def test_what_it_takes_is_true_for_any_figures(taxes: list[int], energies: list[int], i: int, cuts: str) -> None:
    frame = profile([float(tax) for tax in taxes], [float(energy) for energy in energies[: len(taxes)]])
    rules = policy(cuts)
    assume(tier_of(frame, rules, i) != "A")
    check_by_doing(frame, rules, i)


def test_what_it_takes_holds_for_min_max_scoring() -> None:
    frame = profile(TEN["tax"].to_list(), [float(energy) for energy in range(300, 800, 50)])
    target, done = check_by_doing(frame, policy(formula="minmax"), 5)
    assert target.tier == "B"
    assert done >= 2


def test_what_it_takes_holds_where_an_indicator_was_left_out() -> None:
    energies = [500.0] * 9 + [None]
    target, done = check_by_doing(profile(TEN["tax"].to_list(), energies), policy(BY_SCORE), 9)
    assert (target.tier, done) == ("C", 2)
    assert "补报" in target.what_it_takes.row(1, named=True)["note"]


def test_a_cap_that_forbids_is_said() -> None:
    frame = profile([100.0, 10.0], [100.0, 2000.0])  # 60 × 1.5 from land cannot make up for the energy
    rules = policy('by = "score"\n  cuts = { A = 200, B = 180, C = 150 }')
    row = explain(frames(frame, rules), code(1), "2026-10").target.what_it_takes.row(0, named=True)
    assert not row["reachable"]
    assert row["note"] == "该指标得分以权重的1.5倍为限，单靠该指标无法达到"


def test_the_best_tier_has_nothing_above_it() -> None:
    target = explain(frames(TEN, policy()), code(0), "2026-10").target
    assert (target.tier, target.note) == (None, "已是最高等级")


def test_rank_counts_whom_one_overtakes() -> None:
    tiers = Tiers.model_validate({"by": "rank", "cuts": {"A": 0.2, "B": 0.5, "C": 0.8}})
    others = [90.0, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0, 20.0, 10.0]
    assert score_needed(tiers, "A", others) == 80.000001  # two places of ten: past the second best
    assert score_needed(tiers, "B", others) == 50.000001
    assert score_needed(tiers, "C", [50.0] * 9) == 50.000001  # ties share the worse place
    assert score_needed(tiers, "A", [50.0]) is None  # of two, nobody can be in the best fifth
    assert score_needed(Tiers.model_validate({"by": "score", "cuts": {"A": 90, "B": 75, "C": 60}}), "B", others) == 75


def test_groups_are_ranked_among_themselves() -> None:
    frame = profile([100.0] * 5 + [50.0, 40.0, 30.0, 20.0, 10.0], town=["东镇"] * 5 + ["西镇"] * 5)
    rules = policy('by = "rank"\n  within = ["town"]\n  cuts = { A = 0.20, B = 0.60, C = 0.80 }')
    assert tier_of(frame, rules, 5) == "A"
    target, done = check_by_doing(frame, rules, 8)
    assert (target.tier, done > 0) == ("B", True)


def test_a_tier_that_has_no_place_is_told_whatever_the_reason() -> None:
    nobody_in_a = BY_RANK.replace("A = 0.20", "A = 0")
    for cuts, taxes in ((nobody_in_a, [90.0] * 3 + [100.0]), (BY_RANK, [90.0, 80.0, 100.0])):
        rules = policy(cuts)
        contents = frames(profile(taxes), rules)
        best = contents["results.scores"].filter(tier="B").row(0, named=True)
        target = explain(contents, best["uscc"], "2026-10").target
        assert (target.tier, target.note) == ("A", f"按名次比例，组内{len(taxes)}户没有A类名额")


def test_an_override_that_blocks_the_tier_is_named() -> None:
    frame = profile(TEN["tax"].to_list(), incidents_safety=[1] + [0] * 9, open_incidents=[1] + [0] * 9)
    incident = stated("facts.incidents", [("inc", 3, 0, {"uscc": code(0), "date": date(2026, 9, 1), "kind": "安全"})])
    explanation = explain(frames(frame, policy(), **incident), code(0), "2026-10")
    assert explanation.score["tier"] == "C"
    assert explanation.target.tier == "B"
    assert explanation.target.blocked_by == ("安全一票否决",)
    assert explanation.target.what_it_takes.is_empty()
    assert "须先解除：安全一票否决" in card_as_text(explanation)


def test_an_override_that_has_not_struck_yet_but_would_is_named() -> None:
    frame = profile(TEN["tax"].to_list(), incidents_safety=[0] * 6 + [1] + [0] * 3)
    incident = stated("facts.incidents", [("inc", 3, 0, {"uscc": code(6), "date": date(2026, 9, 1), "kind": "安全"})])
    explanation = explain(frames(frame, policy(), **incident), code(6), "2026-10")
    assert (explanation.score["tier"], explanation.score["override_labels"]) == ("C", None)
    assert explanation.target.blocked_by == ("安全一票否决",)


@pytest.mark.parametrize(("tax", "told"), [
    (150.0, [("专精特新、高新技术", 2.0), ("纳税大户", 3.0)]),
    (90.0, [("专精特新、高新技术", 2.0), ("纳税大户", 1.0)]),
    (10.0, [("专精特新、高新技术", 2.0)]),
])  # fmt: skip
def test_the_adjustments_told_are_those_that_make_up_the_points(tax: float, told: list[tuple[str, float]]) -> None:
    steps = "".join(
        f'[[adjustment]]\nwhen = "tax BETWEEN {least} AND {most}"\npoints = {points}\nlabel = "纳税大户"\n'
        for least, most, points in ((50, 100, 1), (101, 200, 3))
    )
    text = policy().text.replace('label = "专精特新"', 'label = "专精特新、高新技术"')
    rules = parse_policy(text.replace("[[override]]", f"{steps}[[override]]"))
    frame = profile([tax, 20.0], honours=["专精特新", None])
    explanation = explain(frames(frame, rules), code(0), "2026-10")
    assert list(explanation.adjustments) == told
    assert explanation.score["adjustments"] == sum(points for _, points in told)
    assert explain(frames(frame, rules), code(1), "2026-10").adjustments == ()


def test_who_has_no_tier_is_told_why() -> None:
    frame = profile([*TEN["tax"].to_list()[:9], None], [500.0] * 9 + [None], utility=[True] + [False] * 9)
    contents = frames(frame, policy())
    excluded, lacking = (explain(contents, code(i), "2026-10") for i in (0, 9))
    assert (excluded.score["status"], excluded.target.note) == ("excluded", "未参评：公用事业")
    assert lacking.score["status"] == "insufficient"
    assert "亩均税收缺实缴税金" in card_as_text(lacking)
    assert lacking.target.what_it_takes.is_empty()


@pytest.mark.parametrize(
    "key",
    [
        code(3),
        f" {code(3).lower()} ",
        "企业3号",
        " 企业 \uff13号",
        "老名字\uff08集团\uff09有限公司",
    ],
)
def test_an_enterprise_is_found_by_code_name_or_former_name(key: str) -> None:
    contents = frames(TEN, policy())
    register = contents["facts.enterprises"].with_columns(
        pl.when(pl.col("uscc") == code(3)).then(pl.lit("老名字(集团)有限公司")).alias("former_name")
    )
    assert explain(contents.with_frames({"facts.enterprises": register}), key, "2026-10").score["uscc"] == code(3)


def test_an_unknown_name_names_the_nearest_and_never_guesses() -> None:
    with pytest.raises(ExplainError, match=r"no enterprise '企业33号'.*Did you mean 企业3号 \(91370306MA00000003\)"):
        explain(frames(TEN, policy()), "企业33号", "2026-10")


def test_a_name_of_two_enterprises_is_not_guessed() -> None:
    twins = profile([50.0, 40.0], name=["同名公司", "同名公司"])
    with pytest.raises(ExplainError, match=f"2 enterprises.*{code(0)}, {code(1)}"):
        explain(frames(twins, policy()), "同名公司", "2026-10")


def test_periods_and_policies_that_were_not_evaluated_are_told() -> None:
    with pytest.raises(ExplainError, match=r"2026-11 has not been evaluated\. Evaluated periods: 2026-10"):
        explain(frames(TEN, policy()), code(0), "2026-11")
    with pytest.raises(ExplainError, match=r"under policy 'other'.*Evaluated under: test"):
        explain(frames(TEN, policy()), code(0), "2026-10", "other")


def columns_of(stated_in: Sequence[tuple[str, int, str, str]]) -> pl.DataFrame:
    """Where sheets state their fields: submission, block, field, column."""
    rows = [
        {"submission_id": s, "block": b, "field": f, "column": c, "header": f, "factor": 1.0, "unit_assumed": False}
        for s, b, f, c in stated_in
    ]
    return TABLES["intake.columns"].conform(pl.DataFrame(rows))


ONE = {"uscc": code(1), "name": "企业1号"}
OCTOBER = {"span_start": date(2026, 10, 1), "span_end": date(2026, 10, 1)}
FACTS = {
    **stated(
        "facts.output",
        [
            ("out", 5, 0, {**ONE, **OCTOBER, "tax": 12.0, "revenue": 9.0}),
            ("out", 5, 1, {**ONE, **OCTOBER, "span_start": date(2026, 1, 1), "tax": 95.0}),
            ("out", 9, 0, {**ONE, "span_start": date(2026, 11, 1), "span_end": date(2026, 11, 1), "tax": 1.0}),
        ],
    ),
    **stated(
        "facts.land",
        [
            ("lnd", 4, 0, {**ONE, "owned": 8.0, "as_of": date(2020, 1, 1)}),
            ("lnd", 6, 0, {**ONE, "owned": 10.0, "leased_out": 0.0, "as_of": date(2024, 1, 1)}),
        ],
    ),
    **stated(
        "facts.energy",
        [
            ("nrg", 7, 0, {**ONE, **OCTOBER, "carrier": "电力", "unit": "度", "consumption": 40.0}),
        ],
    ),
    "intake.columns": columns_of(
        [
            ("out", 0, "tax", "F"),
            ("out", 1, "tax", "G"),
            ("lnd", 0, "owned", "C"),
            ("lnd", 0, "leased_out", "E"),
            ("nrg", 0, "consumption", "D"),
        ]
    ),
    "intake.submissions": TABLES["intake.submissions"].conform(
        pl.DataFrame([{"submission_id": s, "file_name": f"{s}.xlsx"} for s in ("out", "lnd", "nrg")])
    ),
}


def test_every_figure_names_its_cell() -> None:
    sources = explain(frames(TEN, policy(), **FACTS), code(1), "2026-10").sources
    found = sources.select("measure", "value", "unit", "file_name", "cell").rows()
    assert found == [
        ("energy", 40.0, "万千瓦时", "nrg.xlsx", "D7"),
        ("land", 10.0, "亩", "lnd.xlsx", "C6"),
        ("land", 0.0, "亩", "lnd.xlsx", "E6"),
        ("tax", 95.0, "万元", "out.xlsx", "G5"),
        ("tax", 12.0, "万元", "out.xlsx", "F5"),
        ("tax", 1.0, "万元", "out.xlsx", "F9"),  # next month's: a total may be a later cumulative figure less this
    ]


def test_a_level_is_found_by_the_month_with_which_its_span_ends() -> None:
    staff = stated(
        "facts.output",
        [
            ("out", 5, 0, {**ONE, **OCTOBER, "span_start": date(2024, 6, 1), "employees": 30.0}),
            ("out", 6, 0, {**ONE, "span_start": date(2023, 1, 1), "span_end": date(2024, 12, 1), "employees": 9.0}),
        ],
    )
    place = {"intake.columns": columns_of([("out", 0, "employees", "H")])}
    judged = TEN.with_columns(pl.lit(30.0).alias("employees"))
    sources = explain(
        frames(judged, policy(output="employees"), **{**FACTS, **staff, **place}), code(1), "2026-10"
    ).sources
    assert sources.filter(measure="employees").select("value", "cell").rows() == [(30.0, "H5")]


def test_a_figure_of_an_earlier_version_of_a_file_is_not_looked_for_in_the_newer(tmp_path: Path) -> None:
    newer = FACTS["intake.submissions"].with_columns(sha256=pl.col("submission_id"), arrival=pl.lit(1, pl.Int64))
    again = newer.filter(submission_id="lnd").with_columns(
        submission_id=pl.lit("again"), sha256=pl.lit("again"), arrival=pl.lit(2, pl.Int64)
    )
    sent = {**FACTS, "intake.submissions": pl.concat([newer, again])}
    explanation = explain(frames(TEN, policy(), **sent), code(1), "2026-10")
    assert explanation.sources.select("file_name", "earlier_version").unique().sort("file_name").rows() == [
        ("lnd.xlsx", True), ("nrg.xlsx", False), ("out.xlsx", False)
    ]  # fmt: skip
    assert "lnd.xlsx(较早一版) [表1] C6" in card_as_text(explanation)
    assert "out.xlsx [表1]" in card_as_text(explanation, all_cells=True)
    write_card(tmp_path / "card.xlsx", explanation)
    said = [cell.value for row in openpyxl.load_workbook(tmp_path / "card.xlsx").worksheets[0] for cell in row]
    assert "lnd.xlsx(较早一版) [表1]" in said


def test_a_corrected_row_names_the_sheet_that_states_what_was_not_corrected() -> None:
    ledger = {"submission_id": "led", "file_name": "led.xlsx", "form": "corrections", "arrival": 2}
    columns = [("led", 9, "owned", "E"), ("lnd", 0, "leased_out", "E"), ("lnd", 0, "owned", "C")]
    surveyed = {**ONE, "as_of": date(2024, 1, 1), "leased_out": 2.0}
    contents = {
        **FACTS,
        **stated(
            "facts.land",
            [
                ("lnd", 6, 0, {**surveyed, "owned": 10.0, "superseded": True}),
                ("led", 2, 9, {**surveyed, "owned": 8.0}),
            ],
        ),
        "intake.columns": columns_of(columns),
        "intake.submissions": TABLES["intake.submissions"].conform(
            pl.DataFrame([{"submission_id": s, "file_name": f"{s}.xlsx"} for s in ("out", "lnd", "nrg")] + [ledger])
        ),
    }
    explanation = explain(frames(TEN, policy(), **contents), code(1), "2026-10")
    cells = ["value", "file_name", "cell"]
    assert explanation.sources.filter(measure="land").select(cells).rows() == [
        (8.0, "led.xlsx", "E2"),
        (2.0, "lnd.xlsx", "E6"),
    ]
    assert explanation.composition.filter(measure="land").select("amount", *cells[1:]).rows() == [
        (8.0, "led.xlsx", "E2"),
        (2.0, "lnd.xlsx", "E6"),
    ]


def test_the_card_tells_the_whole_story_in_aligned_chinese() -> None:
    frame = profile(TEN["tax"].to_list(), honours=["专精特新"] * 10, previous_tier=["A"] * 10)
    text = card_as_text(explain(frames(frame, policy(), **FACTS), code(9), "2026-10"))
    for said in (
        "企业9号",
        code(9),
        "试行办法",
        "D类 限制发展",
        "上期A",
        "第10名，共10家",
        "专精特新 +2",
        "关停(第1位",
        "得分仅48",
        "升至C类需要什么",
        "实缴税金增加",
        "综合能耗减少",
        "吨标准煤",
    ):
        assert said in text
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if line.strip().startswith("指标  "))
    ends = {
        cell_len(line[: line.index(scope) + len(scope)]) for line in lines[head + 1 : head + 3] for scope in ("固定值",)
    }
    assert len(ends) == 1


def test_printed_requirements_are_rounded_so_that_they_suffice() -> None:
    frame = profile([100.0, 99.0, 98.0, 97.0, 96.0, 95.0, 94.0, 93.0, 92.0, 33.3333])
    text = card_as_text(explain(frames(frame, policy()), code(9), "2026-10"))
    grown = float(text.split("实缴税金增加 ")[1].split(" ")[0])
    assert tier_of(changed(frame, 9, "tax", grown), policy(), 9) == "C"


def test_a_score_on_a_card_never_looks_better_than_its_tier(tmp_path: Path) -> None:
    contents = frames(TEN, policy(BY_SCORE))
    scores = contents["results.scores"].with_columns(score=pl.lit(59.99997), tier=pl.lit("D"))
    explanation = explain(contents.with_frames({"results.scores": scores}), code(1), "2026-10")
    assert re.search("综合得分 +59.99997，", card_as_text(explanation))
    write_card(tmp_path / "card.xlsx", explanation)
    shown = [cell for row in openpyxl.load_workbook(tmp_path / "card.xlsx").worksheets[0] for cell in row]
    assert {cell.number_format for cell in shown if cell.value == 59.99997} == {"0.000000_ "}


def test_a_tier_that_is_not_firm_never_looks_firm_enough() -> None:
    contents = frames(TEN, policy())
    scores = contents["results.scores"].with_columns(tier_confidence=pl.lit(0.7996))
    text = card_as_text(explain(contents.with_frames({"results.scores": scores}), code(1), "2026-10"))
    assert re.search(r"等级稳健度\S* +79\.96%\(临界,建议复核\)", text)


def test_the_same_card_is_json_for_programs() -> None:
    explanation = explain(frames(TEN, policy(), **FACTS), code(1), "2026-10")
    said = json.loads(json.dumps(card_as_dict(explanation), allow_nan=False))
    assert said["score"]["uscc"] == code(1)
    assert said["evaluation"]["created_at"] == "2026-11-05T00:00:00+00:00"
    assert "policy_toml" not in said["evaluation"]
    assert said["sources"][0]["cell"] == "D7"
    assert said["target"]["tier"] is None


def spanned(first: date, last: date, **figures: object) -> dict[str, object]:
    return {**ONE, "span_start": first, "span_end": last, **figures}


JANUARY, LAST_OCTOBER = date(2026, 1, 1), date(2025, 10, 1)
# Rows of form 205-1 each have a unit of their own.
UNIT_BY_ROW = pl.when(pl.col("submission_id") != "nrg").then("factor").alias("factor")
WHOLE = {
    **FACTS,
    "intake.columns": FACTS["intake.columns"].with_columns(UNIT_BY_ROW),
    **stated(
        "facts.output",
        [
            ("out", 5, 1, spanned(JANUARY, date(2026, 10, 1), tax=70.0)),
            ("out", 9, 1, spanned(date(2025, 1, 1), date(2025, 12, 1), tax=120.0)),
            ("out", 9, 0, spanned(date(2025, 1, 1), LAST_OCTOBER, tax=95.0)),
            ("out", 8, 0, spanned(JANUARY, JANUARY, tax=6.0)),
        ],
    ),
    **stated(
        "facts.energy",
        [
            (
                "nrg",
                7,
                0,
                spanned(
                    date(2025, 11, 1), date(2025, 12, 1), carrier="原煤", unit="千克", consumption=100.0, feedstock=10.0
                ),
            ),
            ("nrg", 8, 0, spanned(JANUARY, date(2026, 10, 1), carrier="原煤", unit="吨", consumption=500.0)),
        ],
    ),
}


def test_a_total_is_composed_of_cells_with_their_signs() -> None:
    explanation = explain(frames(TEN, policy(), **WHOLE), code(1), "2026-10")
    parts = explanation.composition.filter(measure="tax")
    assert parts.select("sign", "amount", "cell").rows() == [(1, 70.0, "G5"), (1, 120.0, "G9"), (-1, 95.0, "F9")]
    total = explanation.totals.row(by_predicate=pl.col("measure") == "tax", named=True)
    assert (total["total"], total["composed"], total["note"]) == (95.0, 95.0, None)
    text = card_as_text(explanation)
    assert "−  2025-01~10   95 万元" in text
    assert "2025全年" in text
    assert "F8" not in text, "a figure that is not part of a total is left out"
    assert "F8" in card_as_text(explanation, all_cells=True)
    assert "F8" in {row["cell"] for row in card_as_dict(explanation)["sources"]}


def test_energy_is_shown_carrier_by_carrier_with_its_coefficient_and_the_stated_unit() -> None:
    explanation = explain(frames(TEN, policy(), **WHOLE), code(1), "2026-10")
    parts = explanation.composition.filter(measure="energy")
    assert parts["quantity"].to_list() == [500.0, 100.0]
    assert parts["coefficient"].to_list() == [0.7143, 0.7143]
    assert parts["stated_value"].to_list() == [500.0, 100_000.0]
    text = card_as_text(explanation)
    assert "= 500 吨 × 0.7143" in text
    assert "填报 100,000 千克" in text
    total = explanation.totals.row(by_predicate=pl.col("measure") == "energy", named=True)
    assert total["composed"] == pytest.approx(600 * 0.7143)
    assert "更正或补报" in total["note"], "the profile of this test was judged on another total"


def test_a_total_that_the_figures_do_not_determine_says_so() -> None:
    lacking = profile([None, 10.0])
    text = card_as_text(explain(frames(lacking, policy()), code(0), "2026-10"))
    assert "实缴税金 无数据(填报数不能确定本期合计，按缺项处理：缺2025年11-12月、2026年1-10月)" in text


def test_the_card_says_why_the_score_is_not_the_last_one() -> None:
    contents = frames(TEN, policy())
    evaluation = contents["results.evaluations"]["evaluation_id"][0]
    row = {
        "evaluation_id": evaluation,
        "previous_evaluation_id": "before",
        "period": "2026-10",
        "previous_period": "2026-09",
        "policy_id": "test",
        "uscc": code(1),
        "score_before": 80.0,
        "change": -3.5,
        "own": -5.0,
        "peers": 1.5,
        "adjustments": 0.0,
        "policy": 0.0,
        "corrections": 0.0,
        "scope": 0.0,
        "note": None,
    }
    moved = TABLES["results.movements"].conform(pl.DataFrame([row], schema_overrides={"note": pl.String}))
    contents = contents.with_frames({"results.movements": moved})
    text = card_as_text(explain(contents, code(1), "2026-10"))
    assert "较上期(2026-09" in text
    assert "得分 80 → 76.5(变化 -3.50)：自身数据-5.00、同组基准+1.50" in text
    assert "较上期" not in card_as_text(explain(contents, code(2), "2026-10"))
    nearly = moved.with_columns(pl.lit(-0.001).alias("change"))
    contents = contents.with_frames({"results.movements": nearly})
    assert "(变化 +0.00)" in card_as_text(explain(contents, code(1), "2026-10"))
