"""A cell is what it says: blanks are null, numbers are exact, and anything else is refused rather than bent."""

import math
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from builders.sheets import balanced, inbox_file
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.extraction import columns as extract_module
from efficiency.intake.extraction import numbers_of
from efficiency.intake.parsing import (
    clean,
    date_of_number,
    exact_text,
    industry_of_number,
    is_blank,
    is_odd,
    parse_choice,
    parse_date,
    parse_flag,
    parse_industry,
    parse_number,
)
from efficiency.intake.problems import MOST_LISTED
from efficiency.intake.read import read_file
from schemas.column import Column

DAY = Column("visited", "date", "走访日期", "Date of the visit")
FULL_WIDTH = str.maketrans("0123456789.,-%", "０１２３４５６７８９．，－％")


def one(expression: pl.Expr) -> object:
    return pl.select(expression).item()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", 1234.5),
        ("１２３", 123.0),
        ("12.5%", 0.125),
        (" 7 ", 7.0),
        ("1 234", 1234.0),
        ("-5", -5.0),
        ("−5", -5.0),
        ("1.2E+03", 1200.0),
        ("0", 0.0),
        ("1，234", 1234.0),
        (".5", 0.5),
        ("\u202d100\u202c", 100.0),
    ],
)
def test_numbers_are_understood_as_people_write_them(text: str, value: float) -> None:
    assert one(parse_number(pl.lit(text))) == value
    assert one(is_blank(pl.lit(text))) is False


@pytest.mark.parametrize("text", ["", " ", "-", "——", "—", "/", "无", "　", "－"])
def test_blanks_are_null_and_not_refused(text: str) -> None:
    assert one(parse_number(pl.lit(text))) is None
    assert one(is_blank(pl.lit(text))) is True


@pytest.mark.parametrize(
    "text",
    ["约1200", "#DIV/0!", "12万", "1,23", "nan", "inf", "1.2.3", "待定", "(5)", "5元", "1e999", "=A1", ".", "%", "0x1"],
)
def test_anything_else_is_refused(text: str) -> None:
    assert one(parse_number(pl.lit(text))) is None
    assert one(is_blank(pl.lit(text))) is False


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15), st.booleans())
def test_every_number_written_as_text_is_read_back_exactly(value: float, wide: bool) -> None:
    text = f"{value:,.6f}"
    shown = text.translate(FULL_WIDTH) if wide else text
    assert one(parse_number(pl.lit(shown))) == float(text.replace(",", ""))


@given(st.text(max_size=12))
def test_no_text_breaks_a_parser_and_no_number_is_infinite(text: str) -> None:
    row = (
        pl.DataFrame({"t": [text]})
        .select(
            number=parse_number(pl.col("t")),
            day=parse_date(pl.col("t")),
            flag=parse_flag(pl.col("t")),
            code=parse_industry(pl.col("t")),
            blank=is_blank(pl.col("t")),
            tidy=clean(pl.col("t")),
            odd=is_odd(pl.col("t")),
        )
        .row(0, named=True)
    )
    assert row["number"] is None or math.isfinite(row["number"])
    assert not (row["blank"] and row["number"] is not None)
    assert row["odd"] or row["tidy"] == (text or None)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2019.5", date(2019, 5, 1)),
        ("2019年5月", date(2019, 5, 1)),
        ("2019-05-01", date(2019, 5, 1)),
        ("2019/5/31", date(2019, 5, 31)),
        ("20190531", date(2019, 5, 31)),
        ("201905", date(2019, 5, 1)),
        ("2019-05-31 00:00:00", date(2019, 5, 31)),
        ("２０１９年５月３１日", date(2019, 5, 31)),
        ("2019.10", date(2019, 10, 1)),
    ],
)
def test_dates_are_understood_as_people_write_them(text: str, day: date) -> None:
    assert one(parse_date(pl.lit(text))) == day


@pytest.mark.parametrize("text", ["2019-02-30", "2019", "三月份", "19.5", "2019年13月", "昨天", "2019-05-01x"])
def test_what_is_no_date_is_refused(text: str) -> None:
    assert one(parse_date(pl.lit(text))) is None


@given(st.dates(date(1930, 1, 1), date(2099, 12, 31)))
def test_every_date_is_read_from_its_serial_and_its_text(day: date) -> None:
    serial = float((day - date(1899, 12, 30)).days)
    assert one(date_of_number(pl.lit(serial))) == day
    assert one(parse_date(pl.lit(f"{day.year}年{day.month}月{day.day}日"))) == day
    assert one(date_of_number(pl.lit(float(f"{day:%Y%m%d}")))) == day


@given(
    st.lists(
        st.none()
        | st.dates(date(1890, 1, 1), date(2110, 1, 1)).map(date.isoformat)
        | st.sampled_from(("2019-02-30", "2019-5-1", "+2019-05-01", "２０１９-05-01", "-", "2019-05-01 08:00:00"))
    )
)
def test_a_column_of_dates_is_read_as_each_of_its_cells(texts: list[str | None]) -> None:
    column = pl.Series(texts, dtype=pl.String)
    cells = pl.DataFrame({"n0": pl.Series([None] * len(texts), dtype=pl.Float64), "t0": column}).with_row_index(
        "row_index"
    )
    read = extract_module.extract(cells.with_columns(pl.col("row_index").cast(pl.Int64)), 0, DAY)
    assert read.values.to_list() == [one(parse_date(pl.lit(text, dtype=pl.String))) for text in texts]
    refused = [row for row, text in enumerate(texts) if text not in (None, "-") and read.values[row] is None]
    assert read.refused["row_index"].to_list() == refused


def test_a_month_written_as_a_decimal_number_is_read_unless_it_could_be_two() -> None:
    numbers = pl.Series([2019.5, 2019.05, 2019.11, 2019.1, 2019.55, 2019.0, 5.0])
    days = pl.DataFrame({"n": numbers}).select(date_of_number(pl.col("n"))).to_series().to_list()
    assert days == [date(2019, 5, 1), date(2019, 5, 1), date(2019, 11, 1), None, None, None, None]


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=8),
            st.text(alphabet="0123456789１２,.%-+−—eE 　()/\\无", max_size=10),
            st.floats(allow_nan=False, allow_infinity=False).map(repr),
            st.sampled_from(["#DIV/0!", "=A1+1", " 1,234.5 ", "12.5％", "1e200", "\u200b7", "nan", "inf", "-", "　"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_column_is_read_as_each_of_its_cells(texts: list[str | None]) -> None:
    shown = [text if text and not text.isspace() else None for text in texts]
    cells = pl.DataFrame(
        {"row_index": range(len(shown)), "n0": [None] * len(shown), "t0": shown},
        schema={"row_index": pl.Int64, "n0": pl.Float64, "t0": pl.String},
    )
    read = numbers_of(cells, 0)
    numbers = [one(parse_number(pl.lit(text, dtype=pl.String))) for text in shown]
    assert read.values.to_list() == numbers
    refused = [
        row
        for row, text in enumerate(shown)
        if numbers[row] is None and not one(is_blank(pl.lit(text, dtype=pl.String)))
    ]
    assert read.refused["row_index"].to_list() == refused


@pytest.mark.parametrize(
    ("text", "value"), [("是", True), ("否", False), ("√", True), ("×", False), ("y", True), ("也许", None)]
)
def test_flags_are_understood_as_people_write_them(text: str, value: bool | None) -> None:
    assert one(parse_flag(pl.lit(text))) is value


@pytest.mark.parametrize(("text", "value"), [("规上", "规上"), ("规模以下", "规下"), ("中型", None)])
def test_choices_come_from_the_closed_vocabulary(text: str, value: str | None) -> None:
    assert one(parse_choice(pl.lit(text), ("规上", "规下"))) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("3071", "3071"),
        ("C3071", "3071"),
        ("6", "06"),
        ("06", "06"),
        ("3071建筑陶瓷制品制造", "3071"),
        ("ZZ", None),
        ("30711", None),
        ("99", None),
        ("制造业", None),
    ],
)
def test_industry_codes_are_found_in_what_people_write(text: str, code: str | None) -> None:
    assert one(parse_industry(pl.lit(text))) == code


@pytest.mark.parametrize(
    ("number", "code"), [(3071.0, "3071"), (6.0, "06"), (610.0, "0610"), (307.0, "307"), (1.5, None)]
)
def test_an_industry_code_typed_as_a_number_keeps_its_leading_zero(number: float, code: str | None) -> None:
    assert one(industry_of_number(pl.lit(number))) == code


def test_a_number_in_a_text_column_reads_as_people_write_it() -> None:
    assert pl.DataFrame({"n": [3071.0, 0.5, -2.0]}).select(exact_text(pl.col("n"))).to_series().to_list() == [
        "3071",
        "0.5",
        "-2",
    ]


def test_rows_whose_refused_cells_are_only_counted_are_rejected_all_the_same(tmp_path: Path) -> None:
    lines = "".join(f"企业{number},不详{number}\n" for number in range(2_500))
    path = tmp_path / "2026年10月.csv"
    path.write_text("企业名称,营业收入(万元)\n" + lines, encoding="utf-8")
    parsed = balanced(read_file(inbox_file(path)))
    assert parsed.problems["rule"].unique().to_list() == ["not_a_number"]
    assert parsed.problems.height == MOST_LISTED + 1
    assert parsed.problems["value"][-1] == "1500"
    assert parsed.submissions["rows_rejected"].to_list() == [2_500]
    assert not parsed.rows["output"].height
