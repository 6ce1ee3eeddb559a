"""Made-up profiles and small policies for the tests of policy and evaluation."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from efficiency.policy.load import parse_policy
from efficiency.policy.model import Policy
from schemas import PROFILE

COUNTS = (
    "open_incidents",
    "incidents_safety",
    "incidents_environment",
    "incidents_energy",
    "incidents_phaseout",
    "phaseout_overdue",
    "d_streak_before",
)
FLAGS = ("utility", "newly_above_scale", "under_construction", "visited", "open_objection")


def code(i: int) -> str:
    return f"91370303MA{i:08d}"


def profile(*rows: Mapping[str, object]) -> pl.DataFrame:
    """A profile of `rows`; what a row leaves out is null, no incident, not a utility, 规上, industry 3011."""
    full = [
        {
            **dict.fromkeys(PROFILE.names),
            **dict.fromkeys(COUNTS, 0),
            **dict.fromkeys(FLAGS, False),
            "uscc": code(i),
            "name": f"企业{i}",
            "scale": "规上",
            "industry": "3011",
            "industry_division": "30",
            **row,
        }
        for i, row in enumerate(rows)
    ]
    return PROFILE.conform(pl.DataFrame(full, schema=PROFILE.polars_schema))


INDICATOR = """
  [[cohort.indicator]]
  id = "tax_per_mu"
  title = "亩均税收"
  unit = "万元/亩"
  dimension = "land"
  numerator = "tax"
  denominator = "land"
  weight = 60
  benchmark = { fixed = 10.0 }
  missing = "insufficient"

  [[cohort.indicator]]
  id = "revenue_per_energy"
  title = "单位能耗营业收入"
  dimension = "energy"
  numerator = "revenue"
  denominator = "energy"
  weight = 40
  benchmark = { fixed = 5.0 }
  missing = "zero"
"""
TIERS = """
  [cohort.tiers]
  by = "rank"
  cuts = { A = 0.20, B = 0.75, C = 0.95 }
"""


def policy_text(
    *, indicators: str = INDICATOR, tiers: str = TIERS, cohort: str = "", head: str = "", tail: str = ""
) -> str:
    return (
        f'id = "test"\ntitle = "测试办法"\n{head}\n'
        f'[[cohort]]\nid = "all"\nwhere = "scale = \'规上\'"\n{cohort}\n{indicators}\n{tiers}\n{tail}\n'
        + ("" if "[robustness]" in tail else "[robustness]\ndraws = 20\nweight_sd = 0.1\nseed = 7\n")
    )


def policy(**parts: str) -> Policy:
    return parse_policy(policy_text(**parts))


def indicator(
    name: str = "tax_per_mu",
    numerator: str = "tax",
    denominator: str = "land",
    weight: float = 100,
    *,
    dimension: str = "other",
    better: str = "higher",
    benchmark: str = "{ fixed = 10.0 }",
    missing: str = "insufficient",
    more: str = "",
) -> str:
    return (
        f'\n  [[cohort.indicator]]\n  id = "{name}"\n  title = "{name}"\n  dimension = "{dimension}"\n'
        f'  numerator = "{numerator}"\n  denominator = "{denominator}"\n  better = "{better}"\n  weight = {weight}\n'
        f'  benchmark = {benchmark}\n  missing = "{missing}"\n  {more}\n'
    )


def scored(scores: list[float]) -> pl.DataFrame:
    """Ranked enterprises whose score under `SCORE_ONLY` is `scores`, in order of code."""
    return profile(*({"tax": score, "land": 1.0} for score in scores))


SCORE_ONLY = indicator(benchmark="{ fixed = 100.0 }")
