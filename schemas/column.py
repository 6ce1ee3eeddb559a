"""The classes by which every shape of data is declared: a column, a form that comes in, a table that goes out.

A column is declared once. Header recognition, unit conversion, validation, blank templates, DDL with
comments, the data dictionary and the tests' builders all read the same declaration.

The declarations are plain dataclasses rather than pandera model classes because importing pandera
costs over a second (it imports pandas) at the start of every command; `schemas.checks` turns a
declaration into its pandera schema at the moment a frame is validated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import polars as pl

Kind = Literal["text", "number", "integer", "flag", "date", "timestamp"]
Severity = Literal["error", "warning", "note"]
Figure = Literal["flow", "level", "value"]
"""What a figure is: a flow adds up over months, of a level the latest counts (staff, areas), a value is neither."""
Comparison = Literal["months", "returns"]
"""What figures are compared with: an enterprise's other months, or the last return of the same kind."""

DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Float64(),
    "integer": pl.Int64(),
    "flag": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class LooseName:
    """A header that people write for a column and that may mean something else too."""

    header: str
    doubt: str
    """What else it may mean, in Chinese; stated to the submitter where it is taken for the column."""
    unless: tuple[str, ...] = ()
    """Columns of the form beside which it is not taken for the column."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it is called, what it holds, in which unit, and how people write its header.

    `unit` is the canonical unit of a number; figures that arrive in another unit of the same
    dimension are converted on intake. `required` columns must be present for a sheet to be taken
    for the form. `minimum` is the least plausible value: a smaller one is reported, and counts.
    `loose` are headers that are taken for the column with a note. `choices` is the closed vocabulary of
    a text column. `hint` says, in Chinese, what is to be written into the column.
    """

    name: str
    kind: Kind
    title: str
    meaning: str
    unit: str | None = None
    aliases: tuple[str, ...] = ()
    loose: tuple[LooseName, ...] = ()
    words: tuple[str, ...] = ()
    """Parts of its names by which an unknown header may be meant for it. They decide about messages, never figures."""
    required: bool = False
    nullable: bool = True
    minimum: float | None = None
    doubted_above: float | None = None
    """Where most figures of a column are above this, in `unit`, they are hardly in the unit that is stated."""
    choices: tuple[str, ...] = ()
    hint: str = ""
    figure: Figure | None = None
    """What kind of figure the column of a form holds. A row that holds none of its form's figures states nothing."""
    compared: tuple[Comparison, ...] = ()
    """`months`: a cumulative figure that falls and a month far from the enterprise's median are reported (a figure
    with a `minimum` cannot fall); `returns`: a return whose sum, unit or enterprises change is reported."""
    correctable: bool = False
    """An approved correction may name it by one of its headers. No two forms have a correctable column of one name."""
    all_or_nothing: bool = False
    """It does not count once another column of its row is conflicting: a part of a total is no total."""
    feeds: tuple[tuple[str, int], ...] = ()
    """Words of the profile (`schemas.profile.TOTALS`) that the figure is part of, each with its sign there, 1 or −1."""

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of the column's values."""
        return DTYPES[self.kind]

    @property
    def headers(self) -> tuple[str, ...]:
        """Every Chinese header that names this column, the preferred one first."""
        return (self.title, *self.aliases)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row-level plausibility rule: a SQL predicate that holds for a sound row.

    Null-safe by construction: a predicate that is null does not fail. `columns` names the cells to
    mark, the first of them being the one the message points at.
    """

    name: str
    holds: str
    columns: tuple[str, ...]
    severity: Severity
    message: str


@dataclass(frozen=True)
class Form:
    """A form that departments send: its columns, what makes a sheet be recognised as it, and what its rows mean."""

    id: str
    title: str
    meaning: str
    columns: tuple[Column, ...]
    flow: bool = False
    """Figures belong to a span of months (a month, a year to date, a full year)."""
    one_of: tuple[str, ...] = ()
    """Columns of which at least one must be present as well as the required ones."""
    side_by_side: bool = False
    """People put its columns into one table with those of other such forms."""
    key: tuple[str, ...] = ("uscc",)
    """What a later submission must share with an earlier one to replace it; of a flow, the span too."""
    replaces: Literal["row", "figure"] = "row"
    """What a later submission replaces: the earlier row as a whole, or each figure by itself, where several departments
    state different figures of one enterprise."""
    last_row_counts: bool = False
    """Of equal rows of one sheet the last counts instead of the first: in a list a later line is the newer one."""
    lists_entries: bool = False
    """Its rows are entries about any time, no return of a period: with other months a file is a later version of it."""
    stands_until_withdrawn: bool = False
    """What a mended file leaves out goes on to count until it is withdrawn: a list of additions takes nothing back."""
    in_force_from: str | None = None
    """Date column from which on a row is in force until the next one is."""
    named_by: str | None = None
    """Key column whose value names the row's figure (the energy carrier), in messages in place of the title."""
    parts: bool = False
    """Rows of one sheet that a further column tells apart (宗地编号, 户号) state parts of a figure, which add up."""
    row_unit: str | None = None
    """Column with the unit in which the row was stated; its figures are converted."""
    quantity_unit: str | None = None
    """Column with the unit in which the row's quantity is kept. Rows in different units do not complete one another."""
    table: str = ""
    """Name of the warehouse table of its facts, where that is not `id`."""
    rules: tuple[Rule, ...] = ()
    printed: tuple[str, ...] = ()
    """Headers of the official form whose figures are printed on it, not stated by the enterprise."""
    advice: tuple[str, ...] = ()
    """How the blank template is to be filled in, in Chinese, a sentence each."""

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError if the form has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"form {self.id!r} has no column {name!r}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the form's own columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def statement_key(self) -> tuple[str, ...]:
        """The columns that say what a row is about: `key`, and the span where the form has one."""
        return (*self.key, *(column.name for column in SPAN if self.flow))

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """The names of the columns of which a row must hold at least one to state something; none: every row does."""
        return tuple(column.name for column in self.columns if column.figure)

    @cached_property
    def correctable(self) -> tuple[str, ...]:
        """The names of the columns that an approved correction may name."""
        return tuple(column.name for column in self.columns if column.correctable)

    @cached_property
    def all_or_nothing(self) -> tuple[str, ...]:
        """The names of the columns that do not count once another column of the row is conflicting."""
        return tuple(column.name for column in self.columns if column.all_or_nothing)

    @cached_property
    def added(self) -> tuple[str, ...]:
        """The names of the columns whose parts add up to the figure of the whole: amounts, no coefficients."""
        return tuple(column.name for column in self.columns if column.figure or column.feeds)

    @cached_property
    def states_once(self) -> tuple[str, ...]:
        """The names of the columns that each part states for the whole: levels (staff) beside flows."""
        return tuple(column.name for column in self.columns if self.flow and column.figure == "level")

    def compared(self, with_what: Comparison) -> tuple[Column, ...]:
        """The columns whose figures are compared with the enterprise's other months, or with earlier returns."""
        return tuple(column for column in self.columns if with_what in column.compared)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the warehouse: one row per what, and its columns."""

    schema: str
    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def qualified(self) -> str:
        """`schema.name`, as SQL names the table."""
        return f"{self.schema}.{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def polars_schema(self) -> dict[str, pl.DataType]:
        """Column names and polars types, in order."""
        return {column.name: column.dtype for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """A frame of this shape without rows."""
        return pl.DataFrame(schema=self.polars_schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with exactly this table's columns, in order and type; columns it lacks are null.

        Raises ValueError when `frame` has a column that the table does not declare, so that no
        figure is ever lost by being left out of a declaration.
        """
        unknown = set(frame.columns) - set(self.names)
        if unknown:
            raise ValueError(f"{self.qualified} does not declare {sorted(unknown)}")
        stated = frame.schema
        return frame.select(
            c.name
            if stated.get(c.name) == c.dtype
            else (pl.col(c.name) if c.name in stated else pl.lit(None)).cast(c.dtype).alias(c.name)
            for c in self.columns
        )


USCC = Column(
    "uscc",
    "text",
    "统一社会信用代码",
    "Unified social credit code (GB 32100-2015), 18 characters",
    aliases=("社会信用代码", "信用代码", "纳税人识别号", "统一信用代码", "社会统一信用代码", "税号"),
    hint="18 位，按营业执照填写；本列为文本格式，请勿改为数字。",
)
NAME = Column(
    "name",
    "text",
    "企业名称",
    "Enterprise name as stated",
    aliases=("单位名称", "单位详细名称", "纳税人名称", "用户名称", "公司名称", "企业全称"),
    hint="按营业执照填写全称。",
)
SPAN = (
    Column("span_start", "date", "所属期起", "First day of the first month that the figures cover", nullable=False),
    Column(
        "span_end",
        "date",
        "所属期止",
        "First day of the last month that the figures cover (equal to span_start for a single month)",
        nullable=False,
    ),
)
PART = Column(
    "part",
    "text",
    "分项",
    "Which part of the figure the row states where a sheet states it in several (plot, meter, kind of tax): the rows "
    "of one key, and span, that count add up; null for a row that states the whole",
)
LINEAGE = (
    Column(
        "submission_id",
        "text",
        "报送编号",
        "Sheet of a submitted file that states the row (intake.submissions)",
        nullable=False,
    ),
    Column("sheet", "text", "工作表", "Worksheet name; empty for CSV", nullable=False),
    Column(
        "row",
        "integer",
        "行号",
        "Row of the sheet, counted from 1 as the spreadsheet shows it",
        nullable=False,
        minimum=1,
    ),
    Column(
        "block",
        "integer",
        "列组",
        "Column group of the sheet that states the row; with submission_id and a field it names the cell's column "
        "in intake.columns",
        nullable=False,
        minimum=0,
    ),
    Column(
        "superseded",
        "flag",
        "已被替代",
        "True when a later submission states the same thing; such rows do not count",
        nullable=False,
    ),
)


ONE_SPAN_A_ROW = "同一企业每个月（或每个累计期）填一行；当月数与累计数可以都报，但不要填在同一行。"
"""Advice on the template of a form whose figures belong to a span of months."""


def facts_table(form: Form) -> Table:
    """The warehouse table that keeps the accepted rows of `form`: its columns, span and lineage.

    Rows that are not superseded never share the form's key, span and part, unless its figures are replaced one by one:
    then several rows may share them, and what is unique is each figure of a part.
    """
    own = tuple(column for column in form.columns if column.name not in ("uscc", "name"))
    return Table(
        schema="facts",
        name=form.table or form.id,
        meaning=f"One row per accepted row of form {form.id} ({form.title}): {form.meaning}",
        columns=(
            Column("uscc", "text", USCC.title, USCC.meaning, nullable=False),
            NAME,
            *(SPAN if form.flow else ()),
            *own,
            *((PART,) if form.parts else ()),
            *LINEAGE,
        ),
        key=(*form.statement_key, *((PART.name,) if form.parts else ())) if form.replaces == "row" else (),
        rules=form.rules,
    )


def stated_table(form: Form) -> Table:
    """The table that keeps what the sheets of `form` state, before enterprises are matched.

    Facts are a pure function of these rows, so that a register which arrives last, or a correction,
    gives the same facts as if it had been there from the start.
    """
    return Table(
        schema="intake",
        name=f"stated_{form.id}",
        meaning=f"One row per row of form {form.id} ({form.title}) as stated, in canonical units, "
        "whether or not it counts",
        columns=(
            *(replace(column, nullable=True, choices=()) for column in form.columns),
            *(SPAN if form.flow else ()),
            *((PART,) if form.parts else ()),
            *(column for column in LINEAGE if column.name != "superseded"),
        ),
    )
