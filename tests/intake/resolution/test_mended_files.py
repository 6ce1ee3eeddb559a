"""A mended file takes its predecessor's place: what it leaves out counts no more, and what stood before counts again.

A fresh warehouse on the inbox as it is and one that saw every version of its files give the same facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from builders.examples import examples
from builders.stated import CODES, NAMES, Resolved, Row, Sheet, counting, message, month, stated, whole, year_to_date
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.resolution import SEEN, resolve
from schemas import FACTS, WITHDRAWALS


def sent(*sheets: Sheet, withdrawn: Sequence[str] = ()) -> Resolved:
    """What resolving gives of these sheets, each of which a run of its own read."""
    alone = [replace(sheet, run=f"run{number}") for number, sheet in enumerate(sheets)]
    return whole(resolve(replace(stated(*alone), withdrawn=withdrawals(withdrawn))))


def withdrawals(sheets: Sequence[str]) -> pl.DataFrame:
    rows = [{"file_name": sheet, "submission_id": sheet, "reason": "误报", "operator": "a@b"} for sheet in sheets]
    return WITHDRAWALS.conform(
        pl.DataFrame(rows, schema=dict.fromkeys(("file_name", "submission_id", "reason", "operator"), pl.String))
    )


def taxes(identifier: str, file: str, number: int, *, label: int | None = None, **figures: float) -> Sheet:
    """A tax table of a month, the enterprises by their letters."""
    rows = [{"uscc": CODES[letter], "tax": figure, **month(2026, number)} for letter, figure in figures.items()]
    return Sheet("output", rows, id=identifier, file=file, label=f"2026-{label or number:02}")


REGISTER = Sheet("register", [{"uscc": CODES[x], "name": NAMES[x]} for x in "ABC"], id="register", file="名录.xlsx")


def by_month(result: Resolved) -> dict[tuple[str, int], float]:
    """(letter, month) → the tax that counts."""
    letters = {code: letter for letter, code in CODES.items()}
    rows = counting(result, "output").filter(pl.col("tax").is_not_null())
    return {(letters[u], span.month): tax for u, span, tax in rows.select("uscc", "span_start", "tax").iter_rows()}


def rules(result: Resolved, *names: str) -> list[tuple[str, str]]:
    """Submission and rule of the problems of these rules."""
    found = result.problems.filter(pl.col("rule").is_in(names)).sort("submission_id", "rule")
    return found.select("submission_id", "rule").rows()


def test_a_month_that_replaced_another_by_mistake_and_is_mended_leaves_the_other_as_it_was() -> None:
    february = taxes("feb", "2月.xlsx", 2, A=451.24, B=3.0)
    mistaken = taxes("mistaken", "3月.xlsx", 2, A=417.07, B=4.0)
    before = sent(REGISTER, february, mistaken)
    assert by_month(before) == {("A", 2): 417.07, ("B", 2): 4.0}
    assert rules(before, "file_misnamed") == [("mistaken", "file_misnamed")]
    assert rules(before, "replaces_file", "replaced_by_file") == [
        ("feb", "replaced_by_file"), ("mistaken", "replaces_file"),
    ]  # fmt: skip
    after = sent(REGISTER, february, mistaken, taxes("march", "3月.xlsx", 3, A=417.07))
    assert by_month(after) == {("A", 2): 451.24, ("B", 2): 3.0, ("A", 3): 417.07}
    assert rules(after, "file_misnamed", "replaces_file", "replaced_by_file") == []
    gone = after.submissions.filter(pl.col("left_out").is_not_null())
    assert gone.select("submission_id", "left_out", "succeeded_by", "rows_superseded").rows() == [
        ("mistaken", "succeeded", "march", 2)
    ]


def test_what_stops_counting_is_a_warning_with_its_number_and_names() -> None:
    result = sent(REGISTER, taxes("old", "税收.xlsx", 10, A=1, B=2, C=3), taxes("new", "税收.xlsx", 10, A=5))
    assert by_month(result) == {("A", 10): 5}
    assert rules(result, "figures_lapsed") == [("new", "figures_lapsed")]
    assert "2 项" in message(result, "figures_lapsed")
    assert f"{NAMES['C']}、{NAMES['B']}" in message(result, "figures_lapsed") or (
        f"{NAMES['B']}、{NAMES['C']}" in message(result, "figures_lapsed")
    )
    assert rules(result, "file_succeeded") == [("old", "file_succeeded")]


def test_what_a_later_file_states_anyway_did_not_count_and_is_not_reported() -> None:
    old, later = taxes("old", "税收.xlsx", 10, A=1, B=2), taxes("later", "补报.xlsx", 10, B=7)
    result = sent(REGISTER, old, later, taxes("new", "税收.xlsx", 10, A=5))
    assert by_month(result) == {("A", 10): 5, ("B", 10): 7}
    assert rules(result, "figures_lapsed") == []


def test_a_figure_that_is_left_out_twice_is_counted_once() -> None:
    versions = [taxes(f"v{number}", "税收.xlsx", 10, A=number, B=2) for number in (1, 2)]
    result = sent(REGISTER, *versions, taxes("new", "税收.xlsx", 10, A=5))
    assert "1 项" in message(result, "figures_lapsed")


@pytest.mark.parametrize(
    ("name", "number", "warned"),
    [
        ("2026年第4季度.xlsx", 10, False),
        ("2026年第4季度.xlsx", 9, True),
        ("1-10月.xlsx", 10, False),
        ("2026年11月报送.xlsx", 10, True),
        ("2025年10月.xlsx", 10, True),
        ("10月.xlsx", 10, False),
        ("税收.xlsx", 10, False),
        ("2026年/9月/税收.xlsx", 10, False),
    ],
)
def test_a_name_that_states_another_month_than_the_rows_is_a_warning(name: str, number: int, warned: bool) -> None:
    assert bool(rules(sent(REGISTER, taxes("tax", name, number, A=1)), "file_misnamed")) is warned


def test_a_file_that_says_it_is_a_correction_replaces_without_a_warning() -> None:
    first = taxes("first", "10月.xlsx", 10, A=1, B=2)
    result = sent(REGISTER, first, taxes("second", "10月(更正).xlsx", 10, A=3))
    assert by_month(result) == {("A", 10): 3, ("B", 10): 2}
    assert rules(result, "replaces_file", "replaced_by_file") == []


def incident(day: date, **more: Any) -> Row:
    return {"uscc": CODES["A"], "date": day, "kind": "环保", "document": f"{day:%m}号", **more}


def test_an_incident_that_a_mended_list_leaves_out_stands_until_it_is_withdrawn_or_restated() -> None:
    entries = [incident(date(2026, 5, 1)), incident(date(2026, 7, 1))]
    old = Sheet("incidents", entries, id="old", file="否决.xlsx")
    new = Sheet("incidents", [incident(date(2026, 7, 1), resolved=date(2026, 9, 1))], id="new", file="否决.xlsx")
    result = sent(REGISTER, old, new)
    assert counting(result, "incidents").sort("date").select("date", "resolved").rows() == [
        (date(2026, 5, 1), None), (date(2026, 7, 1), date(2026, 9, 1)),
    ]  # fmt: skip
    assert rules(result, "entries_left_out") == [("new", "entries_left_out")]
    assert "1 项" in message(result, "entries_left_out")
    assert result.problems.filter(rule="entries_left_out")["severity"].item() == "error"
    restated = Sheet("incidents", [*entries, incident(date(2026, 8, 1))], id="more", file="否决.xlsx")
    assert rules(sent(REGISTER, old, new, restated), "entries_left_out") == []
    withdrawn = sent(REGISTER, old, new, withdrawn=["old"])
    assert counting(withdrawn, "incidents")["date"].to_list() == [date(2026, 7, 1)]
    assert rules(withdrawn, "entries_left_out") == []


def test_an_enterprise_that_the_mended_register_leaves_out_is_registered_no_more() -> None:
    fewer = Sheet("register", REGISTER.rows[:2], id="fewer", file="名录.xlsx")
    result = sent(REGISTER, fewer, taxes("tax", "税收.xlsx", 10, A=1, C=3))
    assert by_month(result) == {("A", 10): 1}
    assert rules(result, "figures_lapsed", "enterprise_unknown") == [
        ("fewer", "figures_lapsed"), ("tax", "enterprise_unknown"),
    ]  # fmt: skip


def test_a_correction_that_the_mended_ledger_leaves_out_or_a_withdrawn_one_is_not_applied() -> None:
    def ledger(identifier: str, *values: float) -> Sheet:
        rows = [
            {"uscc": CODES["A"], "field": "实缴税金", "new": value, "approved_by": "李", "approved": date(2026, 11, 1),
             **month(2026, number)}
            for number, value in enumerate(values, start=9)
        ]  # fmt: skip
        return Sheet("corrections", rows, id=identifier, file="更正.xlsx")

    tax = [taxes("september", "9月.xlsx", 9, A=1), taxes("october", "10月.xlsx", 10, A=2)]
    both = ledger("both", 50, 60)
    assert by_month(sent(REGISTER, *tax, both)) == {("A", 9): 50, ("A", 10): 60}
    assert by_month(sent(REGISTER, *tax, both, ledger("one", 51))) == {("A", 9): 51, ("A", 10): 2}
    assert by_month(sent(REGISTER, *tax, both, withdrawn=["both"])) == {("A", 9): 1, ("A", 10): 2}


def test_a_date_of_filing_in_a_version_that_does_not_count_decides_nothing() -> None:
    old = replace(taxes("old", "9月甲.xlsx", 9, A=1), filled_on=date(2026, 12, 31))
    undated, dated = taxes("undated", "9月乙.xlsx", 9, A=2), taxes("dated", "9月丙.xlsx", 9, A=3)
    sheets = [undated, replace(dated, filled_on=date(2026, 11, 30)), taxes("new", "9月甲.xlsx", 9, B=1)]
    assert by_month(sent(REGISTER, old, *sheets)) == by_month(sent(REGISTER, *sheets)) == {("A", 9): 3, ("B", 9): 1}


def test_a_table_of_another_department_that_states_the_same_figure_is_no_mistaken_month() -> None:
    wide = Sheet("output", [{"uscc": CODES["A"], "tax": 1.0, "revenue": 9.0, **month(2026, 10)}], id="wide")
    assert rules(sent(REGISTER, wide, taxes("tax", "税务.xlsx", 10, A=2)), "replaces_file", "replaced_by_file")
    narrow = stated(REGISTER, replace(wide, run="one"), replace(taxes("tax", "税务.xlsx", 10, A=2), run="two"))
    only_tax = narrow.columns.filter((pl.col("submission_id") != "tax") | pl.col("field").is_in(["uscc", "tax"]))
    result = whole(resolve(replace(narrow, columns=only_tax)))
    assert rules(result, "replaces_file", "replaced_by_file") == []


FORMS_OF = {
    "1月.xlsx": "output", "2月.xlsx": "output", "2月补报.xlsx": "output", "税收.xlsx": "output", "用地.xlsx": "land",
    "更正.xlsx": "corrections", "名录.xlsx": "register",
}  # fmt: skip
"""Name of a file → its form."""


@dataclass
class Sent:
    """What one file states, and when it was sent."""

    sheet: Sheet
    time: int


@dataclass
class Office:
    """An inbox in which files are sent, mended, copied and withdrawn, and what its runs have seen."""

    inbox: dict[str, Sent] = field(default_factory=dict)
    known: dict[str, Sheet] = field(default_factory=dict)
    seen: list[tuple[int, str, str]] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    run: int = 0

    def read(self) -> None:
        """A run reads what is new, in the order of the times of the files."""
        self.run += 1
        for name, file in sorted(self.inbox.items(), key=lambda item: (item[1].time, item[0])):
            self.seen.append((self.run, name, file.sheet.id))
            if file.sheet.id not in self.known:
                arrival = len(self.known) + 1
                self.known[file.sheet.id] = replace(file.sheet, file=name, arrival=arrival, run=f"run{self.run}")

    def lies_unread(self, name: str) -> bool:
        """Whether the file has taken the place of one that was read, and no run has read it there."""
        read = {sheet for _, other, sheet in self.seen if other == name}
        return bool(read) and self.inbox[name].sheet.id not in read

    def facts(self) -> dict[str, pl.DataFrame]:
        """What counts now, by form."""
        given = replace(
            stated(*self.known.values()),
            seen=pl.DataFrame(self.seen, schema=SEEN, orient="row"),
            withdrawn=withdrawals(sorted(self.withdrawn & set(self.known))),
        )
        result = whole(resolve(given))
        return {form: counting(result, form).sort(pl.all()) for form in FACTS}


def rows_of(draw: st.DrawFn, form: str, months: Sequence[int]) -> list[Row]:
    """A few rows of a form."""
    letters = draw(st.lists(st.sampled_from("ABC"), min_size=1, max_size=3, unique=True))
    if form == "register":
        return [{"uscc": CODES[letter], "name": NAMES[letter]} for letter in letters]
    value = st.integers(1, 9).map(float)
    if form == "land":
        return [{"uscc": CODES[letter], "owned": draw(value)} for letter in letters]
    if form == "corrections":
        who = {"approved_by": "李", "field": "实缴税金", "old": 1.0}
        days = st.sampled_from([date(2026, 1, 5), date(2026, 3, 5)])
        return [
            {"uscc": CODES[letter], "new": draw(value), "approved": draw(days), **who, **month(2026, 1)}
            for letter in letters
        ]
    number = draw(st.sampled_from(months))
    span = year_to_date(2026, number) if draw(st.booleans()) else month(2026, number)
    return [
        {"uscc": CODES[letter], "tax": draw(value), "revenue": draw(st.none() | value), **span} for letter in letters
    ]


@st.composite
def offices(draw: st.DrawFn) -> Office:
    """An office after some months of sending, mending, copying, renaming and withdrawing."""
    office = Office()
    names = list(FORMS_OF)
    for time in range(1, draw(st.integers(4, 14))):
        kind = draw(st.sampled_from(["send"] * 5 + ["copy", "rename", "withdraw"]))
        name = draw(st.sampled_from(names))
        if kind == "send" or not office.inbox:
            form = FORMS_OF[name]
            # A name that states no month is used for one month: with another one it would be a new submission.
            rows = rows_of(draw, form, [1] if name == "税收.xlsx" else [1, 2])
            filled = draw(st.none() | st.sampled_from([date(2026, 1, 31), date(2026, 2, 28)]))
            span = rows[0].get("span_start") if form == "output" else None
            label = f"{span:%Y-%m}" if span == rows[0].get("span_end") and span and draw(st.booleans()) else None
            office.inbox[name] = Sent(Sheet(form, rows, id=f"s{time:02}", filled_on=filled, label=label), time)
        elif kind == "withdraw":
            chosen = draw(st.sampled_from(sorted(office.inbox)))
            office.withdrawn |= {sheet for _, other, sheet in office.seen if other == chosen}
        else:
            source = draw(st.sampled_from(sorted(office.inbox)))
            target = draw(
                st.sampled_from(
                    [
                        f"抄{source}",
                        *(n for n in names if FORMS_OF[n] == office.inbox[source].sheet.form and n != "税收.xlsx"),
                    ]
                )
            )
            if kind == "rename" and office.lies_unread(source):
                # What was overwritten is known to be so only if its place is seen before the file moves on.
                office.read()
            file = office.inbox[source] if kind == "copy" else office.inbox.pop(source)
            office.inbox[target] = file
        if draw(st.booleans()):
            office.read()
    office.read()
    return office


@given(offices())
@examples(short=6, long=40)
def test_a_fresh_warehouse_gives_the_facts_of_one_that_saw_every_version(office: Office) -> None:
    fresh = Office(inbox=office.inbox, withdrawn=office.withdrawn)
    fresh.read()
    before, now = office.facts(), fresh.facts()
    for form in FACTS:
        assert before[form].equals(now[form]), (form, before[form], now[form], office)


def kinds(identifier: str, **parts: float) -> Sheet:
    """A tax table of a month in which the enterprise A states kinds of tax; without a name, the tax as a whole."""
    rows = [
        {"uscc": CODES["A"], "tax": tax, "part": None if kind == "whole" else kind, **month(2026, 3)}
        for kind, tax in parts.items()
    ]
    return Sheet("output", rows, id=identifier, file="3月.xlsx", label="2026-03")


@pytest.mark.parametrize(
    ("mended", "lapsed"),
    [
        ({"增值税": 10.0}, "2"),
        ({"增值税": 12.0, "印花税": 1.0}, "1"),
        ({"whole": 10.0}, "2"),
        ({"whole": 12.0}, "2"),
        ({"增值税": 10.0, "所得税": 20.0, "印花税": 9.0}, None),
        ({"增值税": 10.0, "企业所得税": 20.0, "印花税": 1.0}, None),
        ({"whole": 31.0}, None),
        ({"whole": 33.0}, None),
        ({"增值税": 1.0, "所得税": 2.0, "印花税": 1.0}, None),
    ],
)
def test_a_part_that_a_mended_file_leaves_out_is_told(mended: dict[str, float], lapsed: str | None) -> None:
    first = kinds("old", 增值税=10.0, 所得税=20.0, 印花税=1.0)
    result = sent(REGISTER, first, kinds("new", **mended))
    found = result.problems.filter(rule="figures_lapsed")["value"].to_list()
    assert found == ([] if lapsed is None else [lapsed])
