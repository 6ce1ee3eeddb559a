"""The view `energy_by_carrier`: what makes up the window's energy, by carrier, and how the policy counts each."""

from __future__ import annotations

from efficiency.warehouse.schema.lineage_view import COEFFICIENT, form_unit, signed_by, usual_spans
from efficiency.warehouse.schema.tables import literal
from schemas import EVALUATIONS
from schemas.column import Column
from schemas.energy import TOTAL_CARRIER

_EVALUATIONS = {column.name: column for column in EVALUATIONS.columns}

ENERGY_COLUMNS: tuple[tuple[Column, str], ...] = (
    (_EVALUATIONS["evaluation_id"], "q.evaluation_id"),
    (_EVALUATIONS["period"], "q.period"),
    (_EVALUATIONS["policy_id"], "q.policy_id"),
    (Column("uscc", "text", "统一社会信用代码", "Enterprise", nullable=False), "q.uscc"),
    (Column("carrier", "text", "能源名称", "Energy carrier, by its standard name", nullable=False), "q.carrier"),
    (
        Column(
            "quantity",
            "number",
            "用量",
            "Window total of the carrier in `unit`, less what the policy leaves out as raw material and less output of "
            "transformation; null where the enterprise's energy is not determined",
        ),
        "CASE WHEN q.known THEN q.factor * coalesce(q.net, 0) END",
    ),
    (Column("unit", "text", "计量单位", "Unit in which the carrier is kept"), "q.unit"),
    (
        Column(
            "factor",
            "number",
            "折标系数",
            "Tonnes of standard coal per unit: tce ÷ quantity, where rows have coefficients of their own; 0 where the "
            "policy excludes the carrier",
        ),
        "CASE WHEN q.excluded THEN 0 WHEN q.least = q.most THEN q.least WHEN q.net <> 0 THEN q.tce / q.net END",
    ),
    (
        Column(
            "tce",
            "number",
            "折标准煤",
            "What of the window's energy is this carrier: their sum is `energy` in tiers",
            unit="吨标准煤",
        ),
        "CASE WHEN NOT q.known THEN NULL WHEN q.excluded THEN 0 ELSE q.factor * coalesce(q.tce, 0) END",
    ),
    (Column("excluded", "flag", "不计入", "The carrier counts zero under the policy", nullable=False), "q.excluded"),
)

_NET = (
    "(f.consumption - coalesce(f.transformed, 0) "
    "- CASE WHEN coalesce(k.less_feedstock, false) THEN coalesce(f.feedstock, 0) ELSE 0 END)"
)

ENERGY_BODY = f"""FROM (
  SELECT r.evaluation_id, r.period, r.policy_id, r.uscc, r.carrier, min(r.unit) AS unit, any_value(r.factor) AS factor,
    any_value(r.excluded) AS excluded, bool_or(r.spans IS NOT NULL) AS known,
    sum(r.sign * r.net) AS net, sum(r.sign * r.net * r.coefficient) AS tce,
    min(r.coefficient) FILTER (r.sign IS NOT NULL) AS least, max(r.coefficient) FILTER (r.sign IS NOT NULL) AS most
  FROM (
    SELECT s.*, {signed_by("s.spans", "s.span_start", "s.span_end")} AS sign
    FROM (
      SELECT e.evaluation_id, e.period, e.policy_id, f.uscc, f.carrier, f.span_start, f.span_end,
        {form_unit("f.carrier")} AS unit, {_NET} AS net, {COEFFICIENT} AS coefficient,
        coalesce(k.excluded, false) AS excluded, {usual_spans("f.carrier")} AS spans,
        coalesce(x.factor, u.factor) AS factor
      FROM results.evaluations AS e
      JOIN facts.energy AS f ON NOT f.superseded
        AND f.span_start >= make_date(CAST(left(e.period, 4) AS INTEGER) - 1, 1, 1)
        AND f.span_end <= make_date(CAST(left(e.period, 4) AS INTEGER), 12, 31)
      LEFT JOIN results.compositions AS x ON x.evaluation_id = e.evaluation_id AND x.measure = 'energy'
        AND x.uscc = f.uscc AND x.carrier = f.carrier
      LEFT JOIN results.compositions AS u ON u.evaluation_id = e.evaluation_id AND u.measure = 'energy'
        AND u.uscc IS NULL
      LEFT JOIN results.coefficients AS k ON k.evaluation_id = e.evaluation_id AND k.carrier = f.carrier
      WHERE e.current
    ) AS s
  ) AS r
  GROUP BY r.evaluation_id, r.period, r.policy_id, r.uscc, r.carrier
) AS q
WHERE q.known OR q.carrier <> {literal(TOTAL_CARRIER)}"""
