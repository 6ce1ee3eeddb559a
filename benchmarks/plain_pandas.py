"""The yardstick: the month's work as a competent analyst would script it with pandas and openpyxl alone.

It knows the sample's layouts by their folders, checks nothing, explains nothing and keeps nothing; it reads the whole
inbox, converts units, turns cumulative figures into a rolling year, computes standard coal, scores, tiers and candidate
lists under the zibo-jkq policy, and writes the same lists plainly. Conditions of the policy are written out by hand;
weights, caps, cuts and benchmarks are read from its file.

    python benchmarks/plain_pandas.py --inbox sample_data/inbox --period 2026-10 --output /tmp/plain
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.plain_pandas_lists import candidate_lists, score_cohort, write
from benchmarks.plain_pandas_read import (
    ROOT,
    TCE,
    read_energy,
    read_incidents,
    read_land,
    read_output,
    read_products,
    read_register,
    read_visits,
)

POLICY = ROOT / "src/efficiency/policy/builtin/zibo-jkq.toml"
ELECTRIC = ["电力", "绿电"]
FLOWS = ["revenue", "gross_output", "value_added", "rd_expense", "tax", "emissions", "cod", "water"]


def rolling_year(figures: pd.DataFrame, year: int, month: int) -> pd.DataFrame:
    """Exact totals of the twelve months up to (year, month), one column a measure; missing where not determined."""

    def year_to_date(rows: pd.DataFrame, of: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        part = rows[rows["year"] == of]
        months = (
            part[~part["cumulative"]]
            .pivot_table(index="uscc", columns="month", values="value")
            .reindex(columns=range(1, 13))
        )
        stated = (
            part[part["cumulative"]]
            .pivot_table(index="uscc", columns="month", values="value")
            .reindex(columns=range(1, 13))
        )
        index = months.index.union(stated.index)
        months, total = months.reindex(index), stated.reindex(index)
        for m in range(1, 13):
            total[m] = total[m].fillna((total[m - 1] if m > 1 else 0.0) + months[m])
        for m in range(11, 0, -1):
            total[m] = total[m].fillna(total[m + 1] - months[m + 1])
        return months, total

    columns = {}
    for measure in FLOWS:
        rows = figures[figures["measure"] == measure]
        _, now = year_to_date(rows, year)
        months, before = year_to_date(rows, year - 1)
        tail = months.loc[:, month + 1 :].sum(axis=1, skipna=False).fillna(before[12] - before[month])
        columns[measure] = now[month] + tail if month < 12 else now[12]
    staff = figures[
        (figures["measure"] == "employees")
        & (figures["year"] * 12 + figures["month"] <= year * 12 + month)
        & (figures["year"] * 12 + figures["month"] > year * 12 + month - 12)
    ]
    columns["employees"] = staff.sort_values(["year", "month"]).groupby("uscc")["value"].last()
    return pd.DataFrame(columns)


def energy_totals(energy: pd.DataFrame, year: int, month: int) -> pd.DataFrame:
    """Standard coal and electricity of twelve months; missing unless each month has a row."""
    at = energy["year"] * 12 + energy["month"]
    window = energy[(at <= year * 12 + month) & (at > year * 12 + month - 12)]
    named = window[window["carrier"] != "综合能源消费量"]
    months = window.groupby("uscc")[["year", "month"]].apply(lambda rows: len(rows.drop_duplicates()))
    named_months = named.groupby("uscc")[["year", "month"]].apply(lambda rows: len(rows.drop_duplicates()))
    tce = (
        window.groupby("uscc")["tce"]
        .sum(min_count=1)
        .where(window.groupby("uscc")["tce"].apply(lambda v: v.notna().all()))
    )
    power = named[named["carrier"].isin(ELECTRIC)].groupby("uscc")["quantity"].sum()
    power = power.reindex(named_months.index).fillna(0.0)
    return pd.DataFrame({"energy": tce.where(months == 12), "electricity": power.where(named_months == 12)})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="The month's work with pandas and openpyxl, for comparison.")
    parser.add_argument("--inbox", type=Path, required=True)
    parser.add_argument("--period", default="2026-10", help="only the sample's last month has product figures by hand")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    inbox, period = arguments.inbox, arguments.period
    year, month = (int(part) for part in period.split("-"))
    end = pd.Timestamp(year, month, 1) + pd.offsets.MonthEnd(0)
    policy = tomllib.loads(POLICY.read_text(encoding="utf-8"))
    TCE.update(policy["energy"].get("coefficients", {}))

    register = read_register(inbox)
    frame = register.join(rolling_year(read_output(inbox, register), year, month))
    frame = frame.join(energy_totals(read_energy(inbox), year, month)).join(read_land(inbox, end))
    frame = (
        frame.join(read_visits(inbox, end))
        .join(read_incidents(inbox, end))
        .join(read_products(inbox).rename("energy_level"))
    )
    frame[["open_incidents", "incidents_phaseout"]] = frame[["open_incidents", "incidents_phaseout"]].fillna(0)
    frame["months_since_commissioned"] = (
        (year - frame["commissioned"].dt.year) * 12 + month - frame["commissioned"].dt.month
    )

    above, below = policy["cohort"]
    ranked = pd.concat(
        [
            score_cohort(frame[~frame["utility"] & (frame["scale"] == "规上")], above),
            score_cohort(frame[~frame["utility"] & (frame["scale"] == "规下") & (frame["land"].fillna(3) >= 3)], below),
        ]
    )
    others = frame[~frame.index.isin(ranked.index)]
    others = others.assign(status=np.where(others["utility"], "excluded", "out_of_scope"))
    scores = pd.concat([ranked, others])
    lists = candidate_lists(scores)
    write(scores, lists, period, arguments.output)
    print(
        f"{len(scores)} enterprises, tiers {scores['tier'].value_counts().sort_index().to_dict()}, "
        f"lists {lists['list'].value_counts().to_dict()}"
    )


if __name__ == "__main__":
    main()
