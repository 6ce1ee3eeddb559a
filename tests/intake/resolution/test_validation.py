"""Facts against their declaration."""

from datetime import date

import polars as pl
import pytest
from builders.stated import CODES, Sheet, month, register, resolved
from hypothesis import given
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from efficiency.intake.resolution import FactsInvalid, validate, violations
from schemas.checks import failures, pandera_schema
from schemas.column import Column, Table


def facts() -> dict[str, pl.DataFrame]:
    return resolved(
        register("A"),
        Sheet("output", [{"uscc": CODES["A"], "tax": float(n), **month(2026, n)} for n in range(1, 9)], id="tax"),
        Sheet("survey", [{"uscc": CODES["A"], "tech_level": "高", "willingness": "强"}], id="survey"),
    ).facts


def test_what_resolving_gives_is_valid() -> None:
    validate(facts())


def test_a_value_outside_the_vocabulary_is_traced_to_its_row() -> None:
    broken = facts()
    broken["survey"] = broken["survey"].with_columns(pl.lit("很高").alias("tech_level"))
    with pytest.raises(FactsInvalid, match=r"tech_level.*很高.*survey .*row 2"):
        validate(broken)


def test_a_number_that_is_not_finite_is_refused() -> None:
    broken = facts()
    broken["output"] = broken["output"].with_columns(pl.lit(float("inf")).alias("water"))
    found = violations(broken)
    assert found["check"].unique().to_list() == ["finite"]
    assert found["row"].to_list() == list(range(2, 10))


def test_a_missing_column_a_wrong_type_and_a_null_are_refused() -> None:
    for broken_output in (
        facts()["output"].drop("tax"),
        facts()["output"].with_columns(pl.col("row").cast(pl.Int32)),
        facts()["output"].with_columns(pl.lit(None, dtype=pl.Boolean).alias("superseded")),
    ):
        with pytest.raises(FactsInvalid, match=r"facts\.output"):
            validate({**facts(), "output": broken_output})


def test_a_key_that_counts_twice_is_refused_and_a_superseded_one_is_not() -> None:
    register_rows = facts()["register"]
    twice = pl.concat([register_rows, register_rows])
    with pytest.raises(FactsInvalid, match="unique_key"):
        validate({"register": twice})
    replaced = pl.concat([register_rows, register_rows.with_columns(pl.lit(True).alias("superseded"))])
    validate({"register": replaced})


def test_the_message_shows_the_first_offenders_and_counts_the_rest() -> None:
    broken = facts()["output"].with_columns(pl.lit(float("nan")).alias("water"))
    with pytest.raises(FactsInvalid, match=r"and \d+ more") as raised:
        validate({"output": broken})
    assert raised.value.offenders.height >= 8


TABLE = Table(
    "facts",
    "made_up",
    "Made up",
    (
        Column("word", "text", "词", "A word", choices=("高", "低"), nullable=False),
        Column("choice", "text", "选", "A word or none", choices=("高", "低")),
        Column("figure", "number", "数", "A figure", nullable=False),
        Column("doubt", "number", "疑", "A figure or none"),
        Column("day", "date", "日", "A day", nullable=False),
    ),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(("高", "低", "中", "", None)),
        st.sampled_from(("高", "中", None)),
        st.sampled_from((1.0, 0.0, float("inf"), float("nan"), None)),
        st.sampled_from((1.0, -float("inf"), float("nan"), None)),
        st.sampled_from((date(2026, 10, 1), None)),
    ),
    max_size=3,
)


@given(ROWS)
def test_the_rules_at_once_and_one_by_one_refuse_the_same_frames(rows: list[tuple[object, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=TABLE.polars_schema, orient="row")
    try:
        pandera_schema(TABLE).validate(frame, lazy=True)
        sound = True
    except SchemaErrors:
        sound = False
    assert (failures(frame, TABLE).height == 0) == sound
    expected = all(
        word in ("高", "低") and choice in ("高", "低", None) and figure in (0.0, 1.0) and doubt in (1.0, None) and day
        for word, choice, figure, doubt, day in rows
    )
    assert sound == expected
