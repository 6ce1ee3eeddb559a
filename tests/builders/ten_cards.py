"""Ten enterprises of the sample that differ in all that a card shows."""

from functools import cache
from pathlib import Path

import polars as pl

from efficiency.evaluation.explanation import Explanation, explain
from efficiency.warehouse.read import load

PERIOD = "2026-10"


@cache
def ten_cards(warehouse: Path) -> dict[str, Explanation]:
    """By what they are chosen for: ranked and not, protected, vetoed, on lists, alone in their industry, idle."""
    contents = load(warehouse)
    scores = (
        contents["results.scores"]
        .filter(period=PERIOD)
        .join(
            contents["results.candidates"].filter(period=PERIOD).select("uscc", "list"),
            on="uscc",
            how="left",
            validate="1:1",
        )
    )
    members = pl.len().over("cohort", "industry_division")
    ranked = pl.col("status") == "ranked"
    chosen = {
        "best": ranked & (pl.col("rank") == 1),
        "last": ranked & (pl.col("rank") == pl.col("rank").max()),
        "insufficient": pl.col("status") == "insufficient",
        "excluded": pl.col("status") == "excluded",
        "protected": ranked & pl.col("protected"),
        "vetoed": ranked & (pl.col("open_incidents") > 0),
        "merger": pl.col("list") == "merger",
        "verify": pl.col("list") == "verify",
        "few in its industry": ranked & (pl.col("cohort") == "below_scale") & (members < 5),
        "idle": ranked & (pl.col("revenue") == 0),
        "lacks a figure": ranked & pl.col("emissions").is_null(),
    }
    # All members of an industry are counted before one is chosen.
    codes = {name: scores.filter(which)["uscc"].sort().head(1) for name, which in chosen.items()}
    return {name: explain(contents, found[0], PERIOD) for name, found in codes.items() if found.len()}
