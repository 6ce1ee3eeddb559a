"""The yardstick for a large workbook: `province.py`'s one workbook by pandas and openpyxl (read-only, its fastest).

What it leaves out is in its favour: no confidence and no merger partners, which take pandas
minutes, no checks, no history.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import openpyxl
import pandas as pd

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from benchmarks.plain_pandas import POLICY
from benchmarks.plain_pandas_lists import candidate_lists, score_cohort, write
from benchmarks.plain_pandas_read import TCE

FLOWS = {"营业收入": "revenue", "工业增加值": "value_added", "实缴税金": "tax"}
CARRIERS = ("电力", "天然气")
PERIOD = "2026-10"


def read(path: Path) -> dict[str, pd.DataFrame]:
    """Sheet → its rows, indexed by code; months summed up to a column `total`, missing where a month is."""
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    tables: dict[str, pd.DataFrame] = {}
    for sheet in book.worksheets:
        rows = list(sheet.iter_rows(values_only=True))
        top = 0 if rows[0][0] == "统一社会信用代码" else 1
        table = pd.DataFrame(rows[top + 1 :], columns=list(rows[top])).set_index("统一社会信用代码")
        months = [name for name in table.columns if name.endswith("月")]
        tables[sheet.title] = (
            table.assign(total=table[months].astype(float).sum(axis=1, skipna=False)) if months else table
        )
    return tables


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="A province's workbook with pandas and openpyxl, for comparison.")
    parser.add_argument("--workbook", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    tables = read(arguments.workbook)
    policy = tomllib.loads(POLICY.read_text(encoding="utf-8"))
    names = {"企业名称": "name", "行业代码": "industry", "镇办": "town", "规模": "scale"}
    frame = tables["企业名录"].rename(columns=names)
    frame["industry_division"] = frame["industry"].str[:2]
    commissioned = pd.to_datetime(frame["投产日期"])
    frame["months_since_commissioned"] = (2026 - commissioned.dt.year) * 12 + 10 - commissioned.dt.month
    land = tables["用地"]
    frame["land"] = land["自有用地面积(亩)"] + land["租入面积(亩)"] - land["租出面积(亩)"]
    year = {
        title: tables[f"2025年{title}"]["total"] + tables[f"2026年{title}"]["total"] for title in (*FLOWS, *CARRIERS)
    }
    for title, name in FLOWS.items():
        frame[name] = year[title]
    frame["energy"] = sum(year[carrier] * TCE[carrier] for carrier in CARRIERS)
    frame["electricity"] = year["电力"]
    for name in ("emissions", "rd_expense", "employees"):
        frame[name] = float("nan")
    for name in ("open_incidents", "incidents_phaseout"):
        frame[name] = 0
    for name in ("newly_above_scale", "under_construction"):
        frame[name] = False
    for name in ("tech_level", "willingness", "energy_level", "chain", "investment"):
        frame[name] = pd.Series(None, index=frame.index, dtype=object)
    above, below = policy["cohort"]
    is_above = frame["scale"] == "规上"
    ranked = [score_cohort(frame[is_above], above, 0), score_cohort(frame[~is_above & (frame["land"] >= 3)], below, 0)]
    scores = pd.concat(ranked)
    others = frame[~frame.index.isin(scores.index)].assign(status="out_of_scope")
    scores = pd.concat([scores, others])
    scores.index.name = "uscc"
    write(scores, candidate_lists(scores, partners=False), PERIOD, arguments.output)


if __name__ == "__main__":
    main()
