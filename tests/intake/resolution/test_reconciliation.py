"""Every row that was read is accounted for."""

from dataclasses import replace

import polars as pl
from builders.examples import examples
from builders.stated import CODES, NAMES, Row, Sheet, month, refused, register, resolved, stated
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.resolution import Stated, resolve, unbalanced
from efficiency.partitions import Chunks
from schemas import SUBMISSIONS

COUNTS = ("rows_accepted", "rows_rejected", "rows_superseded")


def row(letter: str = "A", number: int = 10, **figures: object) -> Row:
    return {"uscc": CODES[letter], "name": NAMES.get(letter), **month(2026, number), **figures}


def counts(sheet_id: str, *sheets: Sheet) -> tuple[int, ...]:
    submissions = resolved(register("A", "B"), *sheets).submissions
    assert unbalanced(submissions).is_empty()
    return submissions.filter(pl.col("submission_id") == sheet_id).select(COUNTS).row(0)


def test_totals_notes_blanks_and_unusable_rows_are_accounted_for() -> None:
    sheet = Sheet("output", [row(tax=1.0)], totals=1, notes=2, blank=3, unusable=4)
    assert counts("s", sheet) == (1, 4, 0)


def test_a_row_counts_as_accepted_if_any_of_its_figures_counts() -> None:
    one, two = Sheet("output", [row(tax=1.0, revenue=5.0)], id="one"), Sheet("output", [row(tax=2.0)], id="two")
    assert counts("one", one, two) == (1, 0, 0)


def test_a_row_all_of_whose_figures_are_replaced_or_repeated_is_superseded() -> None:
    one, two = Sheet("output", [row(tax=1.0)], id="one"), Sheet("output", [row(tax=2.0), row(tax=2.0)], id="two")
    assert counts("one", one, two) == (0, 0, 1)
    assert counts("two", one, two) == (1, 0, 1)


def test_unmatched_contradictory_and_empty_rows_are_rejected() -> None:
    sheet = Sheet("output", [row("C", tax=1.0), row(tax=1.0), row(tax=2.0), row("B")])
    assert counts("s", sheet) == (0, 4, 0)


def test_a_wide_row_is_one_row_however_many_carriers_it_states() -> None:
    rows = [
        row(at=2, block=b, carrier=c, unit="吨", consumption=v)
        for b, (c, v) in enumerate((("原煤", 1.0), ("柴油", None)))
    ]
    assert counts("s", Sheet("energy", rows)) == (1, 0, 0)


def test_the_status_tells_whether_anything_was_refused() -> None:
    partly = Sheet("output", [row(tax=1.0), row("C", tax=1.0)], id="partly")
    cell = Sheet("output", [row("B", tax=1.0)], id="cell")
    replaced = Sheet("output", [row(tax=0.5)], id="replaced")
    nothing = Sheet("output", [row("C", tax=2.0)], id="nothing")
    empty = Sheet("output", [], id="empty", blank=2)
    result = resolved(
        register("A", "B"),
        replaced,
        partly,
        cell,
        nothing,
        empty,
        problems=[refused("not_a_number", cell, 2, "revenue")],
    )
    assert dict(result.submissions.select("submission_id", "status").iter_rows()) == {
        "register": "accepted",
        "replaced": "accepted",
        "partly": "partly",
        "cell": "partly",
        "nothing": "refused",
        "empty": "accepted",
    }


def test_a_sheet_that_was_not_recognised_is_refused_with_its_rows() -> None:
    given = stated(register("A"), Sheet("output", [], id="what", unusable=7))
    unknown = pl.when(pl.col("submission_id") == "what").then(None).otherwise("form").alias("form")
    result = resolve(replace(given, submissions=given.submissions.with_columns(unknown)))
    unrecognised = result.submissions.filter(pl.col("form").is_null())
    assert unrecognised.select("status", "rows_rejected").rows() == [("refused", 7)]


def test_a_row_that_is_lost_is_found() -> None:
    given = stated(register("A"), Sheet("output", [row(tax=1.0), row(number=9, tax=2.0)]))
    output = given.rows["output"]
    lost = {**given.rows, "output": Chunks(output.empty, (output.whole().head(1),))}
    submissions = resolve(replace(given, rows=lost)).submissions
    assert unbalanced(submissions).select("submission_id", "unaccounted").rows() == [("s", 1)]


def test_a_later_run_counts_the_rows_of_an_earlier_one_the_same() -> None:
    given = stated(register("A"), Sheet("output", [row(tax=1.0), row("C", tax=1.0)], unusable=2, totals=1))
    first = resolve(given)
    again = resolve(Stated(first.submissions, first.columns, first.problems.drop("row").clear(), given.rows))
    assert again.submissions.equals(first.submissions)
    assert again.columns.equals(first.columns)
    assert first.submissions.schema == pl.Schema(SUBMISSIONS.polars_schema)


rows = st.builds(
    lambda letter, number, tax, revenue: row(letter, number, tax=tax, revenue=revenue),
    st.sampled_from("ABC"),
    st.integers(1, 3),
    st.sampled_from([None, 1.0, 2.0]),
    st.sampled_from([None, 3.0, 4.0]),
)
energy = st.builds(
    lambda letter, at, block, figure: row(
        letter, at=at, block=block, carrier="原煤柴油"[2 * block : 2 * block + 2], unit="吨", consumption=figure
    ),
    st.sampled_from("ABC"),
    st.integers(2, 4),
    st.integers(0, 1),
    st.sampled_from([None, 1.0, 2.0]),
)
corrections = st.builds(
    lambda letter, field, new, who: row(letter, field=field, new=new, approved_by=who),
    st.sampled_from("ABC"),
    st.sampled_from(["实缴税金", "原煤", "租入面积", "何物", None]),
    st.sampled_from([None, 1.0, 2.0]),
    st.sampled_from([None, "李"]),
)


@examples(short=6, long=50)
@given(
    st.lists(st.lists(rows, max_size=5), max_size=3),
    st.lists(energy, max_size=6),
    st.lists(corrections, max_size=5),
    st.integers(0, 3),
)
def test_whatever_is_stated_the_counts_balance(
    outputs: list[list[Row]], carriers: list[Row], ledger: list[Row], other: int
) -> None:
    # A wide row states a carrier of one enterprise once.
    wide = {(r["at"], r["block"]): {**r, "uscc": CODES["ABC"[int(str(r["at"])) % 3]]} for r in carriers}
    result = resolved(
        register("A", "B"),
        *(
            Sheet("output", stated_rows, id=f"s{n}", totals=other, unusable=other)
            for n, stated_rows in enumerate(outputs)
        ),
        Sheet("energy", list(wide.values()), id="energy", notes=other),
        Sheet("corrections", ledger, id="ledger", blank=other),
    )
    assert unbalanced(result.submissions).is_empty()
