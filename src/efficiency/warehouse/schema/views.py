"""The views of `main`: the current evaluation of each period, joined and readable.

Views select, count and add up what is stored; they never judge. Where several policies are current for one period,
each has its rows: filter by `policy_id`. Every column is named, so that a column added to a table later does not
slip in unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from efficiency.reference.tables import industries
from efficiency.warehouse.schema.energy_view import ENERGY_BODY, ENERGY_COLUMNS
from efficiency.warehouse.schema.lineage_view import LINEAGE_BODY, LINEAGE_COLUMNS, lineage_figures
from efficiency.warehouse.schema.monthly_view import MONTHLY_BODY, MONTHLY_COLUMNS, monthly_figures
from efficiency.warehouse.schema.tables import literal, quoted
from schemas import (
    CANDIDATES,
    EVALUATIONS,
    INDICATORS,
    SCORES,
    SUBMISSIONS,
    VARIANT_EFFECTS,
    VARIANTS,
    VERIFICATIONS,
)
from schemas.column import Column, Table
from schemas.profile import TIERS, TOTALS


@dataclass(frozen=True, slots=True)
class View:
    """A view: what one row is, its columns with the SQL that gives each, and where they come from."""

    name: str
    meaning: str
    columns: tuple[tuple[Column, str], ...]
    body: str
    """FROM and what follows."""
    ctes: str = ""
    of_facts: bool = False
    """It takes facts together, so that to ask it for one row takes as long as for all."""

    def create(self) -> str:
        """The CREATE VIEW statement."""
        chosen = ",\n  ".join(f"{sql} AS {quoted(column.name)}" for column, sql in self.columns)
        return f"CREATE VIEW main.{quoted(self.name)} AS\n{self.ctes}SELECT\n  {chosen}\n{self.body}"


@cache
def all_views() -> tuple[View, ...]:
    """The views of the warehouse, in the order in which the documents name them."""
    return (
        _tiers(),
        _indicators(),
        _candidates(),
        _tier_changes(),
        _summary(
            "industry_summary",
            "industry division",
            (
                (
                    Column(
                        "industry_division",
                        "text",
                        "行业大类",
                        "First two digits of the industry code (GB/T 4754-2017)",
                    ),
                    "s.industry_division",
                ),
                (
                    Column("industry_name", "text", "行业名称", "Name of the division in GB/T 4754-2017"),
                    "any_value(d.name)",
                ),
            ),
            join=f"\nLEFT JOIN ({_divisions()}) AS d ON d.code = s.industry_division",
            group="s.industry_division",
        ),
        _summary(
            "town_summary",
            "town",
            ((Column("town", "text", "镇办", "Town or sub-district"), "s.town"),),
            group="s.town",
        ),
        _data_quality(),
        View(
            "lineage",
            "One row per figure that an indicator of a current evaluation may rest on: its file, sheet and "
            "cell. Figures of this year and last year, also after the period, since a total may be what a later "
            "cumulative figure leaves; which of them make up a total is said by the policy's window",
            LINEAGE_COLUMNS,
            LINEAGE_BODY,
            lineage_figures(),
            of_facts=True,
        ),
        _verification(),
        View(
            "monthly",
            "One row per enterprise, measure and month of a stated span: the figure of the month, cumulative figures "
            "taken apart",
            MONTHLY_COLUMNS,
            MONTHLY_BODY,
            monthly_figures(),
            of_facts=True,
        ),
        View(
            "energy_by_carrier",
            "One row per current evaluation, enterprise and energy carrier that it states: the carrier's total of the "
            "window in its unit and in standard coal",
            ENERGY_COLUMNS,
            ENERGY_BODY,
            of_facts=True,
        ),
        _variants(),
    )


def _of(table: Table, alias: str, *leave_out: str) -> tuple[tuple[Column, str], ...]:
    """All columns of `table` as they are, but those to leave out."""
    return tuple((c, f"{alias}.{quoted(c.name)}") for c in table.columns if c.name not in leave_out)


def _named(table: Table, alias: str, *names: str) -> tuple[tuple[Column, str], ...]:
    """The named columns of `table`, in that order."""
    of = {column.name: column for column in table.columns}
    return tuple((of[name], f"{alias}.{quoted(name)}") for name in names)


_COHORT = "LEFT JOIN results.cohorts AS h ON h.evaluation_id = s.evaluation_id AND h.cohort = s.cohort"
_CURRENT = "JOIN results.evaluations AS e ON e.evaluation_id = {0}.evaluation_id AND e.current"


def _tiers() -> View:
    return View(
        "tiers",
        "One row per enterprise and current evaluation: status, score, rank, tiers and window totals",
        (
            *_of(SCORES, "s"),
            (Column("industry_name", "text", "行业名称", "Name of the division in GB/T 4754-2017"), "d.name"),
            (
                Column("cohort_title", "text", "评价组名称", "What officials call the cohort; its id where unknown"),
                "coalesce(h.title, s.cohort)",
            ),
            *_named(EVALUATIONS, "e", "stale", "created_at"),
        ),
        f"FROM results.scores AS s\n{_CURRENT.format('s')}\n{_COHORT}\n"
        f"LEFT JOIN ({_divisions()}) AS d ON d.code = s.industry_division",
    )


def _indicators() -> View:
    return View(
        "indicators",
        "One row per enterprise, indicator and current evaluation: how the score came about",
        (
            *_named(INDICATORS, "i", "evaluation_id", "period", "policy_id", "uscc"),
            *_named(SCORES, "s", "name", "town", "industry", "status", "tier"),
            *_of(INDICATORS, "i", "evaluation_id", "period", "policy_id", "uscc"),
        ),
        f"FROM results.indicators AS i\n{_CURRENT.format('i')}\n"
        "LEFT JOIN results.scores AS s ON s.evaluation_id = i.evaluation_id AND s.uscc = i.uscc",
    )


def _candidates() -> View:
    return View(
        "candidates",
        "One row per enterprise on a candidate list of a current evaluation; a list is a proposal until a person "
        "confirms it",
        (
            *_of(CANDIDATES, "c"),
            *_named(
                SCORES,
                "s",
                "town",
                "industry",
                "chain",
                "score",
                "rank",
                "land_tier",
                "energy_tier",
                "override_labels",
                "protected",
                "previous_tier",
                "d_streak",
                "land",
                "energy",
                "land_score",
                "energy_score",
            ),
            *(column for of, title in (("land", "土地"), ("energy", "能源")) for column in _efficiency(of, title)),
        ),
        f"FROM results.candidates AS c\n{_CURRENT.format('c')}\n"
        "LEFT JOIN results.scores AS s ON s.evaluation_id = c.evaluation_id AND s.uscc = c.uscc\n"
        f"{_COHORT}\n"
        "LEFT JOIN results.indicators AS land ON land.evaluation_id = c.evaluation_id AND land.uscc = c.uscc "
        "AND land.indicator = h.land_indicator\n"
        "LEFT JOIN results.indicators AS energy ON energy.evaluation_id = c.evaluation_id AND energy.uscc = c.uscc "
        "AND energy.indicator = h.energy_indicator",
    )


def _efficiency(dimension: str, title: str) -> tuple[tuple[Column, str], ...]:
    """The efficiency by which lists show an enterprise: the first indicator of the dimension in its cohort."""
    of = f"the cohort's first indicator of {dimension}"
    columns = (
        (Column(f"{dimension}_efficiency_title", "text", f"{title}效率指标", f"Title of {of}"), "title"),
        (Column(f"{dimension}_efficiency", "number", f"{title}效率", f"Value of {of}"), "value"),
        (Column(f"{dimension}_efficiency_unit", "text", f"{title}效率单位", f"Unit of {of}"), "unit"),
        (
            Column(f"{dimension}_efficiency_benchmark", "number", f"{title}效率基准", f"Benchmark of {of}"),
            "benchmark",
        ),
    )
    return tuple((column, f"{dimension}.{name}") for column, name in columns)


def _verification() -> View:
    return View(
        "verification",
        "One row per enterprise that a list of a current evaluation names, or would name but for a verification, and "
        "verification of that list: whether it holds, and the cells of the stated figures that it looks at",
        (
            *_named(VERIFICATIONS, "v", "evaluation_id", "period", "policy_id", "uscc"),
            *_named(SCORES, "s", "name", "town", "tier"),
            *_named(VERIFICATIONS, "v", "list"),
            (
                Column(
                    "on_list",
                    "text",
                    "所在清单",
                    "The list that the enterprise is on: `list`, or verify where a verification of it fails",
                ),
                "c.list",
            ),
            *_named(VERIFICATIONS, "v", "number", "label", "passed", "columns", "looked_at", "source_cell"),
        ),
        f"FROM results.verifications AS v\n{_CURRENT.format('v')}\n"
        "LEFT JOIN results.scores AS s ON s.evaluation_id = v.evaluation_id AND s.uscc = v.uscc\n"
        "LEFT JOIN results.candidates AS c ON c.evaluation_id = v.evaluation_id AND c.uscc = v.uscc",
    )


def _variants() -> View:
    base = {column.name: column for column in SCORES.columns}
    return View(
        "variants",
        "One row per method variant and enterprise of a current evaluation: tier and list under the variant beside "
        "those of the evaluation itself",
        (
            *_named(SCORES, "s", "evaluation_id", "period", "policy_id"),
            *_named(VARIANTS, "v", "variant"),
            *_named(VARIANT_EFFECTS, "w", "number", "title", "why"),
            *_named(SCORES, "s", "uscc", "name", "town", "cohort"),
            *_named(VARIANTS, "v", "status", "score", "rank", "tier", "list"),
            (
                replace(base["score"], name="base_score", title="本办法得分", meaning="Score of the evaluation"),
                "s.score",
            ),
            (replace(base["rank"], name="base_rank", title="本办法名次", meaning="Rank of the evaluation"), "s.rank"),
            (replace(base["tier"], name="base_tier", title="本办法等级", meaning="Tier of the evaluation"), "s.tier"),
            (
                Column("base_list", "text", "本办法清单", "List of the evaluation before verification; null for none"),
                "coalesce(c.would_be, c.list)",
            ),
            (
                Column(
                    "same_tier", "flag", "等级一致", "Whether the tiers agree; null without a tier in the evaluation"
                ),
                "CASE WHEN s.tier IS NOT NULL THEN v.tier IS NOT DISTINCT FROM s.tier END",
            ),
            (
                Column("same_list", "flag", "清单一致", "Whether the lists agree, no list being one too"),
                "v.list IS NOT DISTINCT FROM coalesce(c.would_be, c.list)",
            ),
            *_named(SCORES, "s", "agreement", "list_agreement"),
        ),
        f"FROM results.variants AS v\n{_CURRENT.format('v')}\n"
        "JOIN results.variant_effects AS w ON w.evaluation_id = v.evaluation_id AND w.variant = v.variant\n"
        "JOIN results.scores AS s ON s.evaluation_id = v.evaluation_id AND s.uscc = v.uscc\n"
        "LEFT JOIN results.candidates AS c ON c.evaluation_id = v.evaluation_id AND c.uscc = v.uscc",
    )


def _tier_changes() -> View:
    before = {c.name: replace(c, meaning=f"{c.meaning}: in the previous evaluated period") for c in SCORES.columns}
    return View(
        "tier_changes",
        "One row per enterprise whose tier differs from the one in the previous evaluated period of the same policy "
        "(current evaluations of both; a tier gained or lost counts as a change)",
        (
            *_named(SCORES, "s", "evaluation_id", "period", "policy_id", "uscc", "name", "town", "industry"),
            (
                Column("previous_period", "text", "上一评价期", "Period of the policy's evaluation before this one"),
                "e.previous_period",
            ),
            (replace(before["tier"], name="previous_tier", title="上期等级"), "p.tier"),
            *_named(SCORES, "s", "tier"),
            (
                Column(
                    "movement",
                    "text",
                    "变动",
                    "up: a better tier; down: a worse one; entered: had none before; left: has none now",
                    choices=("up", "down", "entered", "left"),
                ),
                "CASE WHEN p.tier IS NULL THEN 'entered' WHEN s.tier IS NULL THEN 'left' "
                "WHEN s.tier < p.tier THEN 'up' ELSE 'down' END",
            ),
            (replace(before["status"], name="previous_status", title="上期评价状态"), "p.status"),
            *_named(SCORES, "s", "status", "status_reason"),
            (replace(before["score"], name="previous_score", title="上期综合得分"), "p.score"),
            *_named(SCORES, "s", "score"),
            (replace(before["rank"], name="previous_rank", title="上期名次"), "p.rank"),
            *_named(SCORES, "s", "rank", "override_labels"),
        ),
        "FROM results.scores AS s\n"
        "JOIN ordered AS e ON e.evaluation_id = s.evaluation_id\n"
        "LEFT JOIN results.scores AS p ON p.evaluation_id = e.previous_id AND p.uscc = s.uscc\n"
        "WHERE e.previous_id IS NOT NULL AND s.tier IS DISTINCT FROM p.tier",
        "WITH ordered AS (\n"
        "  SELECT evaluation_id, lag(evaluation_id) OVER policy AS previous_id,\n"
        "    lag(period) OVER policy AS previous_period\n"
        "  FROM results.evaluations WHERE current WINDOW policy AS (PARTITION BY policy_id ORDER BY period)\n"
        ")\n",
    )


_SUMMED = ("land", "revenue", "value_added", "tax", "energy", "electricity", "employees")
_RATIOS = (
    ("tax_per_mu", "亩均税收", "Tax over land", "tax", "land", "万元/亩"),
    ("value_added_per_mu", "亩均增加值", "Value added over land", "value_added", "land", "万元/亩"),
    ("revenue_per_mu", "亩均营业收入", "Revenue over land", "revenue", "land", "万元/亩"),
    ("value_added_per_tce", "单位能耗增加值", "Value added over energy", "value_added", "energy", "万元/吨标准煤"),
    ("tax_per_tce", "单位能耗税收", "Tax over energy", "tax", "energy", "万元/吨标准煤"),
)


def _summary(name: str, of: str, by: tuple[tuple[Column, str], ...], *, group: str, join: str = "") -> View:
    """Counts, sums and ratios of the current evaluations by a property of the enterprise."""
    total = {column.name: column for column in TOTALS}
    tiers = tuple(
        (
            Column(f"tier_{tier.lower()}", "integer", f"{tier}类企业数", f"Enterprises in tier {tier}"),
            f"count(*) FILTER (s.tier = '{tier}')",
        )
        for tier in TIERS
    )
    sums = tuple(
        (replace(total[c], meaning=f"Sum of {c} over the enterprises whose total is known"), f"sum(s.{c})")
        for c in _SUMMED
    )
    ratios = tuple(
        (
            Column(word, "number", title, f"{meaning}, over enterprises of which both are known", unit=unit),
            f"sum(s.{top}) FILTER (s.{bottom} IS NOT NULL) / nullif(sum(s.{bottom}) FILTER (s.{top} IS NOT NULL), 0)",
        )
        for word, title, meaning, top, bottom, unit in _RATIOS
    )
    return View(
        name,
        f"One row per {of} and current evaluation: enterprises by tier, sums and average efficiencies",
        (
            *_named(SCORES, "s", "evaluation_id", "period", "policy_id"),
            *by,
            (Column("enterprises", "integer", "企业数", "Enterprises of the register"), "count(*)"),
            (
                Column("ranked", "integer", "参评企业数", "Enterprises with status ranked"),
                "count(*) FILTER (s.status = 'ranked')",
            ),
            (
                Column("insufficient", "integer", "数据不足企业数", "Enterprises with status insufficient"),
                "count(*) FILTER (s.status = 'insufficient')",
            ),
            *tiers,
            (
                Column("average_score", "number", "平均得分", "Mean score of the ranked enterprises"),
                "avg(s.score) FILTER (s.status = 'ranked')",
            ),
            *sums,
            *ratios,
        ),
        f"FROM results.scores AS s\n{_CURRENT.format('s')}{join}\n"
        f"GROUP BY s.evaluation_id, s.period, s.policy_id, {group}",
    )


def _divisions() -> str:
    """The two-digit divisions of the industry table as a list of rows."""
    rows = industries().filter(pl.col("level") == "division").select("code", "name_zh").sort("code")
    listed = ", ".join(f"({literal(code)}, {literal(name)})" for code, name in rows.iter_rows())
    return f"SELECT * FROM (VALUES {listed}) AS t(code, name)"


def _data_quality() -> View:
    def counted(name: str, severity: str, title: str) -> tuple[Column, str]:
        return (
            Column(name, "integer", title, f"Problems of severity {severity} in the submission"),
            f"coalesce(p.{name}, 0)",
        )

    return View(
        "data_quality",
        "One row per submission: what became of its rows, and how many problems it has",
        (
            *_of(SUBMISSIONS, "s", "sha256"),
            (
                Column(
                    "department",
                    "text",
                    "报送部门",
                    "First folder of the file's path below the inbox, which is the department that sends it; empty "
                    "where the file stands in the inbox itself",
                ),
                "CASE WHEN contains(s.file_name, '/') THEN split_part(s.file_name, '/', 1) ELSE '' END",
            ),
            (
                Column("balanced", "flag", "勾稽平衡", "True when the rows read are all accounted for"),
                "s.rows_total = s.rows_accepted + s.rows_rejected + s.rows_superseded + s.rows_totals + s.rows_notes "
                "+ s.rows_blank",
            ),
            counted("errors", "error", "错误数"),
            counted("warnings", "warning", "警告数"),
            counted("notes", "note", "提示数"),
            (
                Column(
                    "enterprises", "integer", "涉及企业数", "Enterprises with an error or warning in the submission"
                ),
                "coalesce(p.enterprises, 0)",
            ),
            (
                Column(
                    "withdrawal_reason",
                    "text",
                    "撤回原因",
                    "Why it was withdrawn, also when no run has taken account of that yet; null if it is not",
                ),
                "w.reason",
            ),
        ),
        "FROM intake.submissions AS s\n"
        "LEFT JOIN (\n"
        "  SELECT submission_id,\n"
        "    count(*) FILTER (severity = 'error') AS errors,\n"
        "    count(*) FILTER (severity = 'warning') AS warnings,\n"
        "    count(*) FILTER (severity = 'note') AS notes,\n"
        "    count(DISTINCT uscc) FILTER (severity <> 'note') AS enterprises\n"
        "  FROM intake.problems GROUP BY submission_id\n"
        ") AS p ON p.submission_id = s.submission_id\n"
        "LEFT JOIN (\n"
        "  SELECT submission_id, any_value(reason) AS reason\n"
        "  FROM intake.withdrawals WHERE undone_at IS NULL GROUP BY submission_id\n"
        ") AS w ON w.submission_id = s.submission_id",
    )
