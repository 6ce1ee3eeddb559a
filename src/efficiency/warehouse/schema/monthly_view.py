"""The view `monthly`: each measure by single months, cumulative figures taken apart.

Within a calendar year the sum from January to each month is found from the stated spans by two sweeps over the months:
up by the longest span that ends with the month, down by the shortest that begins after it. What a month states itself
is its figure; else it is the difference of two such sums. A month of a stated span that neither gives has no value.
"""

from __future__ import annotations

from efficiency.facts.windows import ROUNDING
from efficiency.warehouse.schema.lineage_view import form_unit, is_electric
from efficiency.warehouse.schema.tables import literal, quoted
from schemas import ENTERPRISES, FACTS, MEASURED
from schemas.column import Column, Form

MONTHLY_COLUMNS: tuple[tuple[Column, str], ...] = (
    (Column("uscc", "text", "统一社会信用代码", "Enterprise", nullable=False), "m.uscc"),
    (Column("name", "text", "企业名称", "Enterprise name"), "coalesce(e.name, m.name)"),
    (
        Column(
            "measure",
            "text",
            "指标项",
            "Word of the profile (revenue, tax, employees, electricity …), or an energy carrier by its standard name",
            nullable=False,
        ),
        "m.measure",
    ),
    (Column("month", "date", "月份", "First day of the month", nullable=False), "m.month"),
    (
        Column(
            "value",
            "number",
            "数值",
            "Figure of the month in `unit`; of a level (employees) the figure that ends with the month, of the shorter "
            "span; null where what is stated does not determine it",
        ),
        "m.value",
    ),
    (Column("unit", "text", "计量单位", "Canonical unit of the figure"), "m.unit"),
    (
        Column("determined", "flag", "可确定", "True where the stated figures determine the month", nullable=False),
        "m.value IS NOT NULL",
    ),
)

MONTHLY_BODY = f"FROM months AS m\nLEFT JOIN {ENTERPRISES.qualified} AS e ON e.uscc = m.uscc AND NOT e.superseded"
_KEY = "uscc, measure, part_of, unit, year"
_UPWARDS = [(end, [(start, end) for start in range(end)]) for end in range(1, 13)]
_DOWNWARDS = [(start, [(start, end) for end in range(start + 1, 13)]) for start in range(11, 0, -1)]


def monthly_figures() -> str:
    """The common table expression `months`: uscc, measure, month, name, value, unit."""
    return f"WITH months AS (\n{_flows()}\n{_levels()})\n"


def _flows() -> str:
    """The months of what adds up: a carrier counts for itself, and electric ones for electricity too."""
    body = f"FROM (SELECT {_KEY}, min(name) AS name, 0.0 AS p0, {_pivoted()} FROM ({_spans()}) GROUP BY {_KEY})"
    for node, spans in [*_UPWARDS, *_DOWNWARDS] * 2:
        by_span = [f"p{start} + v{start}_{end}" if node == end else f"p{end} - v{start}_{end}" for start, end in spans]
        # What an earlier sweep has found stays.
        known = [f"p{node}"] if f" AS p{node} " in body else []
        others = f"* EXCLUDE (p{node})" if known else "*"
        body = f"FROM (SELECT {others}, coalesce({', '.join([*known, *by_span, 'NULL'])}) AS p{node} {body})"
    months = ", ".join(_month(number) for number in range(1, 13))
    each = f"SELECT {_KEY}, name, covered, unnest(range(1, 13)) AS number, unnest([{months}]) AS value {body}"
    return (
        "  SELECT uscc, measure, make_date(year, number, 1) AS month, min(name) AS name, min(unit) AS unit,\n"
        "    CASE WHEN count(value) = count(*) THEN sum(value) END AS value\n"
        f"  FROM ({each})\n"
        "  WHERE (covered >> (number - 1)) & 1 = 1\n"
        "  GROUP BY uscc, measure, year, number"
    )


def _month(number: int) -> str:
    """What the month states, else the difference; what rounding leaves of an exact zero is zero."""
    after, before = f"p{number}", f"p{number - 1}"
    difference = f"{after} - {before}"
    zero = f"abs({difference}) <= {ROUNDING} * abs({after})"
    return f"coalesce(v{number - 1}_{number}, CASE WHEN {zero} THEN 0 ELSE {difference} END)"


def _pivoted() -> str:
    """One column v<before>_<month> for each span from after one month of the year to another, and which are covered."""
    spans = [
        f"max(value) FILTER (first = {start} AND last = {end}) AS v{start}_{end}"
        for end in range(1, 13)
        for start in range(end)
    ]
    return ", ".join([*spans, "bit_or((1 << last) - (1 << first)) AS covered"])


def _spans() -> str:
    """The figure of each span of one year, its parts added up: null where one is missing."""
    sources = [
        _stated(form, column.name, literal(column.name), "NULL::VARCHAR", literal(column.unit or ""))
        for form, column in MEASURED
        if column.figure == "flow"
    ]
    sources += [
        _energy("carrier", form_unit("carrier")),
        _energy("'electricity'", "'万千瓦时'", is_electric()),
    ]
    return (
        "SELECT uscc, measure, part_of, min(name) AS name, unit, "
        "CAST(year(span_start) AS INTEGER) AS year, month(span_start) - 1 AS first, month(span_end) AS last, "
        "CASE WHEN count(value) = count(*) THEN sum(value) END AS value "
        f"FROM ({' UNION ALL '.join(sources)}) WHERE year(span_start) = year(span_end) "
        "GROUP BY uscc, measure, part_of, unit, span_start, span_end"
    )


def _stated(form: Form, field: str, measure: str, part_of: str, unit: str) -> str:
    return (
        f"SELECT uscc, name, {measure} AS measure, {part_of} AS part_of, {unit} AS unit, span_start, span_end, "
        f"{quoted(field)} AS value FROM {FACTS[form.id].qualified} "
        f"WHERE NOT superseded AND {quoted(field)} IS NOT NULL"
    )


def _energy(measure: str, unit: str, where: str = "") -> str:
    """A refused consumption stays: it makes its span unknown."""
    return (
        f"SELECT uscc, name, {measure} AS measure, carrier AS part_of, {unit} AS unit, span_start, span_end, "
        f"consumption AS value FROM {FACTS['energy'].qualified} WHERE NOT superseded{where}"
    )


def _levels() -> str:
    """The figures of levels that end with each month; of several the one of the shortest span."""
    return "".join(
        f"  UNION ALL\n  SELECT uscc, {literal(column.name)}, span_end, min(name), {literal(column.unit or '')}, "
        f"sum({quoted(column.name)}) FROM (SELECT *, max(span_start) OVER (PARTITION BY uscc, span_end) AS latest "
        f"FROM {FACTS[form.id].qualified} WHERE NOT superseded AND {quoted(column.name)} IS NOT NULL)\n"
        "  WHERE span_start = latest GROUP BY uscc, span_end\n"
        for form, column in MEASURED
        if column.figure == "level"
    )
