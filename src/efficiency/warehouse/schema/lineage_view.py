"""The view `lineage`: from an indicator back to the cells of the submitted workbooks.

A stated figure feeds words of the profile (`owned` feeds `land` and `land_owned`; an energy row feeds `energy`, and
`electricity` when its carrier is electric); an indicator rests on the words in its numerator and denominator.
"""

from __future__ import annotations

from efficiency.reference.tables import carrier_form_unit, electric_carriers
from efficiency.warehouse.schema.tables import literal, quoted
from schemas import FACTS, FEEDS, FORMS, INDICATORS, SCORES, SUBMISSIONS, Form
from schemas.column import Column
from schemas.corrections import CARRIED
from schemas.energy import TOTAL_CARRIER

_SCORES = {column.name: column for column in SCORES.columns}
_INDICATORS = {column.name: column for column in INDICATORS.columns}
_SUBMISSIONS = {column.name: column for column in SUBMISSIONS.columns}


def usual_spans(carrier: str) -> str:
    """The spans that count of a figure: by the row `x` of results.compositions, else by `u`, which holds for all others
    but for directly stated totals of energy.
    """
    return (
        f"CASE WHEN x.evaluation_id IS NOT NULL THEN x.spans "
        f"WHEN {carrier} IS DISTINCT FROM {literal(TOTAL_CARRIER)} THEN u.spans END"
    )


def signed_by(spans: str, first: str, last: str) -> str:
    """+1 or −1 where `spans` of results.compositions name the span of the months `first` to `last`, else null."""
    month, end = (f"strftime({day}, '%Y-%m')" for day in (first, last))
    span = f"{month} || CASE WHEN {first} = {last} THEN '' ELSE '..' || {end} END"
    padded = f"(' ' || ({spans}) || ' ')"
    return (
        f"(CASE WHEN contains({padded}, ' +' || {span} || ' ') THEN 1 "
        f"WHEN contains({padded}, ' -' || {span} || ' ') THEN -1 END)"
    )


def is_electric() -> str:
    """A further condition of a query of energy: the carrier is electric."""
    return f" AND carrier IN ({', '.join(map(literal, electric_carriers()))})"


COEFFICIENT = (
    "CASE WHEN k.excluded THEN NULL WHEN k.own OR k.carrier IS NULL THEN coalesce(f.coefficient, k.coefficient) "
    "ELSE k.coefficient END"
)
"""Standard coal per unit of a row `f` of energy, of which `k` is the row of results.coefficients."""
_SPANS = usual_spans("f.carrier")
_REPLACED = f"part LIKE '{CARRIED} ____-__ _%'"
"""Whether a part is the figure that a carried correction replaces, which facts keep with the opposite sign."""

LINEAGE_COLUMNS: tuple[tuple[Column, str], ...] = (
    (_SCORES["evaluation_id"], "i.evaluation_id"),
    (_SCORES["period"], "i.period"),
    (_SCORES["policy_id"], "i.policy_id"),
    (_SCORES["uscc"], "i.uscc"),
    (_SCORES["name"], "f.name"),
    (_INDICATORS["indicator"], "i.indicator"),
    (_INDICATORS["title"], "i.title"),
    (
        Column("measure", "text", "指标项", "Word of the profile that the figure feeds, e.g. tax, land, energy"),
        "f.measure",
    ),
    (Column("field", "text", "填报指标", "Canonical field that the cell states"), "f.field"),
    (Column("carrier", "text", "能源名称", "Energy carrier; null for other figures"), "f.carrier"),
    (
        Column(
            "part",
            "text",
            "分项",
            "Which part of the figure the cell states (plot, meter, kind of tax); null where it states the whole",
        ),
        "f.part",
    ),
    (
        Column("span_start", "date", "所属期起", "First month of the figure (first day); the date of a land figure"),
        "f.span_start",
    ),
    (
        Column("span_end", "date", "所属期止", "Last month of the figure (first day); the date of a land figure"),
        "f.span_end",
    ),
    (Column("value", "number", "数值", "The figure in its canonical unit"), "f.value"),
    (Column("unit", "text", "计量单位", "Canonical unit of the figure"), "f.unit"),
    (
        Column(
            "sign",
            "integer",
            "正负号",
            "+1 or −1 for a figure by which it enters the window total of the measure, so that Σ sign × factor × value "
            "is that total; null where the figure does not count, or the total is not determined",
        ),
        "CASE WHEN f.measure = 'energy' AND k.excluded THEN NULL "
        "WHEN f.measure = 'energy' AND f.field = 'feedstock' AND NOT k.less_feedstock THEN NULL "
        f"WHEN f.dated THEN f.own_sign ELSE f.own_sign * {signed_by(_SPANS, 'f.span_start', 'f.span_end')} END",
    ),
    (
        Column(
            "factor",
            "number",
            "系数",
            "What one unit of the figure is in the total's unit: 1, for energy `coefficient`; times 12 ÷ months of the "
            "year to date where the policy annualises",
        ),
        f"CASE WHEN f.dated THEN 1 ELSE coalesce(x.factor, u.factor, 1) END * "
        f"CASE WHEN f.measure = 'energy' THEN {COEFFICIENT} ELSE 1 END",
    ),
    (
        Column(
            "coefficient",
            "number",
            "折标系数",
            "Tonnes of standard coal per unit of the figure, for energy: the row's own, else the policy's, else the "
            "carriers table's; null for other figures, and where the carrier is excluded",
        ),
        f"CASE WHEN f.measure = 'energy' THEN {COEFFICIENT} END",
    ),
    (
        Column("excluded", "flag", "不计入", "The policy counts the carrier as zero", nullable=False),
        "f.measure = 'energy' AND coalesce(k.excluded, false)",
    ),
    (_SUBMISSIONS["file_name"], "s.file_name"),
    (_SUBMISSIONS["sheet"], "coalesce(p.sheet, f.sheet)"),
    (
        Column("cell", "text", "单元格", "Address such as F17; null where the sheet's column is not known"),
        'c."column" || coalesce(p.kept_row, f."row")',
    ),
    (
        Column("stated_unit", "text", "填报单位", "Unit as the sheet states it, or as assumed"),
        "coalesce(c.unit, p.row_unit, f.row_unit)",
    ),
    (_SUBMISSIONS["submission_id"], "coalesce(p.kept_id, f.submission_id)"),
)

LINEAGE_BODY = """FROM results.indicators AS i
JOIN results.evaluations AS e ON e.evaluation_id = i.evaluation_id AND e.current
JOIN words AS w
  ON w.numerator_expression = i.numerator_expression AND w.denominator_expression = i.denominator_expression
JOIN figures AS f ON f.uscc = i.uscc AND f.measure = w.measure
  AND (f.dated
    OR CASE WHEN f.adds_up THEN f.span_start ELSE f.span_end END
      >= make_date(CAST(left(i.period, 4) AS INTEGER) - 1, 1, 1))
  AND (f.span_end IS NULL OR f.span_end <= CASE WHEN f.adds_up
    THEN make_date(CAST(left(i.period, 4) AS INTEGER), 12, 31) ELSE last_day(CAST(i.period || '-01' AS DATE)) END)
  AND (f.replaced_on IS NULL OR f.replaced_on > last_day(CAST(i.period || '-01' AS DATE)))
LEFT JOIN results.compositions AS x ON x.evaluation_id = i.evaluation_id AND x.measure = f.measure
  AND x.uscc = f.uscc AND x.carrier IS NOT DISTINCT FROM f.carrier
LEFT JOIN results.compositions AS u ON u.evaluation_id = i.evaluation_id AND u.measure = f.measure AND u.uscc IS NULL
LEFT JOIN results.coefficients AS k ON k.evaluation_id = i.evaluation_id AND k.carrier = f.carrier
LEFT JOIN kept AS p
  ON p.submission_id = f.submission_id AND p."row" = f."row" AND p.block = f.block AND p.field = f.field
LEFT JOIN intake.submissions AS s ON s.submission_id = coalesce(p.kept_id, f.submission_id)
LEFT JOIN intake.columns AS c ON c.submission_id = coalesce(p.kept_id, f.submission_id)
  AND c.block = coalesce(p.kept_block, f.block) AND c.field = f.field"""
"""Flows count when their span lies in this year or last year, also after the period: a total that stops at the
period may be what a later cumulative figure leaves without its later months. Staff count up to the period; land as of
its latest date.
"""


def lineage_figures() -> str:
    """The common table expressions `figures` (one row per stated figure that counts and word that it feeds), `words`
    (the words of each pair of numerator and denominator) and `kept` (where a figure is stated that a correction of
    another field of its row left as it was).
    """
    parts = [
        _figures(form, column, word) for form in FORMS.values() for column in form.columns for word, _ in column.feeds
    ]
    measures = sorted(FEEDS)
    return (
        "WITH figures AS (\n  " + "\n  UNION ALL ".join(parts) + "\n), words AS (\n"
        "  SELECT p.numerator_expression, p.denominator_expression, m.measure\n"
        "  FROM (SELECT DISTINCT numerator_expression, denominator_expression FROM results.indicators) AS p\n"
        f"  JOIN (SELECT unnest([{', '.join(map(literal, measures))}]) AS measure) AS m\n"
        "    ON regexp_matches(p.numerator_expression || ' ' || p.denominator_expression, "
        "'\\b' || m.measure || '\\b')\n), kept AS (\n  "
        + "\n  UNION ALL ".join(
            _kept(form, column.name)
            for form in FORMS.values()
            if form.replaces == "row"
            for column in form.columns
            # A row of which only this figure can be corrected has no corrected row that keeps it.
            if column.feeds and form.correctable not in {(), (column.name,)}
        )
        + "\n)\n"
    )


def _figures(form: Form, column: Column, word: str) -> str:
    """The figures of one column that feed `word`: one row per row of its facts that counts."""
    since, carrier, part = form.in_force_from, form.named_by or "NULL", "part" if form.parts else "NULL::VARCHAR"
    source = FACTS[form.id].qualified
    if since:
        day = f"coalesce({since}, DATE '0001-01-01')"  # a row without a date is the oldest
        source = (
            f"(SELECT *, {since} AS span_start, {since} AS span_end, "
            # Parts share their date: what replaces them is the next other one. DuckDB 1.0 knows no GROUPS.
            f"min({since}) OVER (PARTITION BY uscc ORDER BY {day} "
            f"RANGE BETWEEN INTERVAL 1 DAY FOLLOWING AND UNBOUNDED FOLLOWING) AS replaced_on, "
            f"{_known(form, word)}"
            f"FROM {source} WHERE NOT superseded)"
        )
    where = is_electric() if word == "electricity" else ""
    unit = form_unit("carrier") if form.named_by else literal(column.unit or "")
    adds_up = form.flow and column.figure != "level"
    replaced = f"({_REPLACED})" if form.parts and form.flow else "false"
    sign = _own_sign(form, column, word)
    return (
        f"SELECT uscc, name, {literal(word)} AS measure, {literal(column.name)} AS field, "
        f"CAST({carrier} AS VARCHAR) AS carrier, {part} AS part, span_start, span_end, "
        f"{str(bool(since)).lower()} AS dated, {str(adds_up).lower()} AS adds_up, "
        f"CASE WHEN coalesce({replaced}, false) THEN -({sign}) ELSE {sign} END AS own_sign, "
        f"{form.row_unit or 'NULL'}::VARCHAR AS row_unit, "
        f"{'coefficient' if form.named_by else 'NULL::DOUBLE'} AS coefficient, "
        f"{'replaced_on' if since else 'NULL::DATE'} AS replaced_on, "
        f"CASE WHEN coalesce({replaced}, false) THEN -{quoted(column.name)} ELSE {quoted(column.name)} END AS value, "
        f'{unit} AS unit, submission_id, sheet, "row", block '
        f"FROM {source} WHERE NOT superseded AND {quoted(column.name)} IS NOT NULL{where}"
    )


def _own_sign(form: Form, column: Column, word: str) -> str:
    """The sign with which a figure enters the total `word`; null where it does not or its row leaves it open."""
    (sign,) = (sign for fed, sign in column.feeds if fed == word)
    if word == "electricity" and column.figure != "flow":
        return "NULL::INTEGER"  # electricity is what was consumed, whatever it was used for
    first = FEEDS[word][0][1].name
    if form.in_force_from and column.name != first:
        return f"CASE WHEN {first}_known THEN {sign} END"
    return str(sign)


def _known(form: Form, word: str) -> str:
    """Whether the row in force states the figure without which `word` is unknown, its first: land needs `owned`."""
    first = quoted(FEEDS[word][0][1].name)
    name = quoted(f"{FEEDS[word][0][1].name}_known")
    return f"bool_or({first} IS NOT NULL) OVER (PARTITION BY uscc, {form.in_force_from}) AS {name} "


def _kept(form: Form, field: str) -> str:
    """The places of the figures of one field in corrected rows whose correction is of another: the latest one of those
    that the correction replaced in which the figure is stated.
    """
    table = FACTS[form.id].qualified
    same = " AND ".join(f"o.{name} IS NOT DISTINCT FROM n.{name}" for name in (*form.statement_key, quoted(field)))
    unit = f"o.{form.row_unit}" if form.row_unit else "NULL"
    return (
        f'SELECT n.submission_id, n."row", n.block, {literal(field)} AS field, o.submission_id AS kept_id, o.sheet, '
        f'o."row" AS kept_row, o.block AS kept_block, {unit}::VARCHAR AS row_unit '
        f"FROM {table} AS n "
        f"JOIN intake.submissions AS l ON l.submission_id = n.submission_id AND l.form = 'corrections' "
        f"LEFT JOIN intake.columns AS own "
        f"ON own.submission_id = n.submission_id AND own.block = n.block AND own.field = {literal(field)} "
        f"JOIN {table} AS o ON o.superseded AND {same} "
        f"JOIN intake.columns AS c "
        f"ON c.submission_id = o.submission_id AND c.block = o.block AND c.field = {literal(field)} "
        f"JOIN intake.submissions AS s ON s.submission_id = o.submission_id "
        f"WHERE NOT n.superseded AND n.{quoted(field)} IS NOT NULL AND own.field IS NULL "
        f'QUALIFY row_number() OVER (PARTITION BY n.submission_id, n."row", n.block ORDER BY s.arrival DESC) = 1'
    )


def form_unit(carrier: str) -> str:
    """The unit in which a row of energy is kept: that of its `carrier`."""
    by_unit: dict[str, list[str]] = {}
    for name, unit in carrier_form_unit().items():
        by_unit.setdefault(unit, []).append(name)
    cases = " ".join(
        f"WHEN {carrier} IN ({', '.join(map(literal, names))}) THEN {literal(unit)}" for unit, names in by_unit.items()
    )
    return f"CASE {cases} END"
