"""What SQL needs to know of an evaluation: what its totals are made of, how carriers count, what cohorts are called."""

from schemas.column import Column, Table
from schemas.results import EVALUATIONS, IDENTITY

_KEYS = tuple(column for column in EVALUATIONS.columns if column.name in IDENTITY)

COMPOSITIONS = Table(
    schema="results",
    name="compositions",
    meaning="Which spans of stated figures make up the window totals of an evaluation: a row for each measure without "
    "enterprise, which holds for all, and rows for each enterprise and carrier of which it does not",
    columns=(
        *_KEYS,
        Column("measure", "text", "指标项", "Word of the profile whose total it is, e.g. tax, energy", nullable=False),
        Column("uscc", "text", "统一社会信用代码", "Enterprise; null in the row that holds for all others"),
        Column("carrier", "text", "能源名称", "Energy carrier; null but for the energy of one enterprise"),
        Column(
            "spans",
            "text",
            "计入的所属期",
            "Spans whose figures count, each with its sign, separated by blanks: +2026-10 a month, -2025-01..2025-10 "
            "the first and the last month; null where what is stated does not determine the total",
        ),
        Column(
            "factor",
            "number",
            "年化系数",
            "By which the signed sum is multiplied: 12 ÷ months of the year to date where the policy counts so, else 1",
            nullable=False,
        ),
    ),
    key=("evaluation_id", "measure", "uscc", "carrier"),
)

COEFFICIENTS = Table(
    schema="results",
    name="coefficients",
    meaning="One row per evaluation and energy carrier: how its policy counts it",
    columns=(
        *_KEYS,
        Column("carrier", "text", "能源名称", "Energy carrier, by its standard name", nullable=False),
        Column(
            "coefficient",
            "number",
            "折标系数",
            "Tonnes of standard coal per unit in which the carrier is kept; null where it does not count, or where no "
            "table has a coefficient",
        ),
        Column("own", "flag", "企业系数优先", "An enterprise's own coefficient goes before it", nullable=False),
        Column("excluded", "flag", "不计入", "It counts zero under the policy", nullable=False),
        Column("less_feedstock", "flag", "扣除原料用能", "What is used as raw material does not count", nullable=False),
    ),
    key=("evaluation_id", "carrier"),
)

COHORTS = Table(
    schema="results",
    name="cohorts",
    meaning="One row per evaluation and cohort of its policy: what officials call it, and its headline indicators",
    columns=(
        *_KEYS,
        Column("cohort", "text", "评价组", "Cohort of the policy", nullable=False),
        Column(
            "title", "text", "评价组名称", "Title of the cohort in Chinese, its id where it has none", nullable=False
        ),
        Column("land_indicator", "text", "土地效率指标", "Its first indicator of land, by which lists show efficiency"),
        Column("energy_indicator", "text", "能源效率指标", "Its first indicator of energy, likewise"),
    ),
    key=("evaluation_id", "cohort"),
)
