"""The stages of scoring one cohort, in their order: indicators, benchmarks, scores, tiers; then the surcharge."""

from __future__ import annotations

from efficiency.evaluation.scoring.benchmarks import add_benchmarks
from efficiency.evaluation.scoring.group_statistics import Floats, groups_by, peer_statistics, peers_of, quotient
from efficiency.evaluation.scoring.indicator_rows import indicator_rows
from efficiency.evaluation.scoring.indicators import columns_used, grade_data, measure
from efficiency.evaluation.scoring.missing import with_gaps, words_by_cohort, words_missing, words_of_indicators
from efficiency.evaluation.scoring.scores import (
    DECIMALS,
    add_indicator_scores,
    add_totals,
    adjustment_points,
)
from efficiency.evaluation.scoring.shares import benchmark_in_cases, earned_shares, filled_shares, mapped
from efficiency.evaluation.scoring.surcharge import surcharge
from efficiency.evaluation.scoring.tiers import (
    SHARE,
    UNIT,
    Levels,
    add_tiers,
    apply_overrides,
    cut_shares,
    d_streak,
    levels_of,
    move_levels,
    runs,
    sizes_of,
)

__all__ = [
    "DECIMALS",
    "SHARE",
    "UNIT",
    "Floats",
    "Levels",
    "add_benchmarks",
    "add_indicator_scores",
    "add_tiers",
    "add_totals",
    "adjustment_points",
    "apply_overrides",
    "benchmark_in_cases",
    "columns_used",
    "cut_shares",
    "d_streak",
    "earned_shares",
    "filled_shares",
    "grade_data",
    "groups_by",
    "indicator_rows",
    "levels_of",
    "mapped",
    "measure",
    "move_levels",
    "peer_statistics",
    "peers_of",
    "quotient",
    "runs",
    "sizes_of",
    "surcharge",
    "with_gaps",
    "words_by_cohort",
    "words_missing",
    "words_of_indicators",
]
