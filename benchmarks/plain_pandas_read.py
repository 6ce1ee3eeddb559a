"""The yardstick's first half: each department's files by their known layout, into frames in canonical units."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
LIMITS = ROOT / "src/efficiency/reference/limits.csv"
TCE = {
    "原煤": 0.7143,
    "天然气": 12.143,
    "热力": 0.03412,
    "柴油": 1.4571,
    "电力": 1.229,
    "绿电": 1.229,
    "发生炉煤气": 1.786,
    "其他石油制品": 1.2,
    "综合能源消费量": 1.0,
}
STATISTICS = {
    "营业收入": "revenue",
    "工业总产值": "gross_output",
    "工业增加值": "value_added",
    "平均用工人数(人)": "employees",
    "研发费用": "rd_expense",
}


def norm(text: object) -> str:
    """Half-width, without spaces."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", str(text)))


def read_tables(path: Path) -> list[tuple[str, str, pd.DataFrame]]:
    """(sheet, text above the header, rows) of each visible sheet that has a header with the enterprise's name."""
    if path.suffix == ".csv":
        sheets = {"": pd.read_csv(path, header=None, encoding="gb18030", dtype=object)}
    else:
        book = openpyxl.load_workbook(path, data_only=True)
        sheets = {s.title: pd.DataFrame(list(s.values), dtype=object) for s in book if s.sheet_state == "visible"}
    tables = []
    for name, raw in sheets.items():
        found = [i for i in range(min(10, len(raw))) if {"企业名称", "单位详细名称"} & {norm(v) for v in raw.iloc[i]}]
        if not found:
            continue
        top = found[0]
        above = "".join(norm(v) for v in raw.iloc[:top].to_numpy().ravel() if not pd.isna(v))
        header = [None if pd.isna(v) else norm(v) for v in raw.iloc[top]]
        first = top + 1
        if (
            first < len(raw)
            and raw.iloc[first].map(lambda v: isinstance(v, str)).sum() >= 2
            and pd.isna(raw.iat[first, header.index("企业名称" if "企业名称" in header else "单位详细名称")])
        ):
            header = [
                norm(low) if not pd.isna(low) else high for high, low in zip(header, raw.iloc[first], strict=True)
            ]
            first += 1
        rows = raw.iloc[first:].set_axis([h or f"_{i}" for i, h in enumerate(header)], axis=1)
        rows = rows.rename(columns={"单位详细名称": "企业名称"})
        rows = rows[rows["企业名称"].notna() & ~rows["企业名称"].isin(["合计"])]
        tables.append((name, above, rows))
    return tables


def numbers(values: pd.Series) -> pd.Series:
    """What is not a number is missing."""
    return pd.to_numeric(values, errors="coerce")


def read_register(inbox: Path) -> pd.DataFrame:
    """One row per enterprise of both sheets, indexed by code."""
    rows = pd.concat([t for _, _, t in read_tables(inbox / "经济发展局/工业企业名录.xlsx")])
    rows = rows.rename(
        columns={
            "统一社会信用代码": "uscc",
            "企业名称": "name",
            "曾用名": "former_name",
            "行业代码": "industry",
            "镇办": "town",
            "规模": "scale",
            "投产日期": "commissioned",
            "是否新升规": "newly_above_scale",
            "是否在建": "under_construction",
            "是否公用事业": "utility",
            "资质荣誉": "honours",
            "产业链": "chain",
        }
    )
    for flag in ("newly_above_scale", "under_construction", "utility"):
        rows[flag] = rows[flag] == "是"
    rows["commissioned"] = pd.to_datetime(rows["commissioned"], errors="coerce")
    rows["industry_division"] = rows["industry"].astype(str).str[:2]
    return rows.set_index("uscc").drop(columns="序号")


def month_of(text: str) -> tuple[int, int]:
    """Year and last month named in a file or sheet name."""
    year, month = re.search(r"(\d{4})年(?:1-)?(\d+)月", text).groups()  # type: ignore[union-attr]
    return int(year), int(month)


def long(
    rows: pd.DataFrame, column: str, measure: str, year: int, month: int, *, factor: float, cumulative: bool
) -> pd.DataFrame:
    """One measure of a sheet as uscc, measure, year, month, cumulative, value."""
    return pd.DataFrame(
        {
            "uscc": rows["uscc"],
            "measure": measure,
            "year": year,
            "month": month,
            "cumulative": cumulative,
            "value": numbers(rows[column]) * factor,
            "filed": rows.get("filed", ""),
        }
    )


def read_output(inbox: Path, register: pd.DataFrame) -> pd.DataFrame:
    """Every stated figure of revenue, output, value added, R&D, staff, tax, discharge and water, in long form."""
    codes = {norm(n): u for column in ("former_name", "name") for u, n in register[column].dropna().items()}
    parts = []
    for path in sorted((inbox / "统计局").glob("20*/*.xlsx")):
        year, month = month_of(path.stem)
        for _, above, rows in read_tables(path):
            rows["uscc"] = rows["企业名称"].map(norm).map(codes)
            filed = re.search(r"填报日期:(\d+)年(\d+)月(\d+)日", above)
            rows["filed"] = "{}-{:0>2}-{:0>2}".format(*filed.groups()) if filed else ""
            parts += [
                long(rows, title, measure, year, month, factor=1.0 if measure == "employees" else 0.1, cumulative=True)
                for title, measure in STATISTICS.items()
            ]
    for path in sorted((inbox / "税务局").glob("*/*入库税收.*")):
        year, month = month_of(path.stem)
        for _, above, rows in read_tables(path):
            rows["uscc"] = rows["统一社会信用代码"]
            factor = 1.0 if "万元" in above else 1e-4
            parts.append(
                long(
                    rows, "本月" if "本月" in rows else "实缴税金", "tax", year, month, factor=factor, cumulative=False
                )
            )
            if "累计" in rows:
                parts.append(long(rows, "累计", "tax", year, month, factor=factor, cumulative=True))
    for path in sorted((inbox / "生态环境局").glob("*/*.xlsx")):
        year, month = month_of(path.stem)
        for _, _, rows in read_tables(path):
            rows["uscc"] = rows["统一社会信用代码"]
            for title, measure in (("主要污染物排放量", "emissions"), ("化学需氧量排放量", "cod")):
                column = next(c for c in rows if str(c).startswith(title))
                parts.append(
                    long(rows, column, measure, year, month, factor=1e-3 if "千克" in column else 1.0, cumulative=True)
                )
    for path in sorted((inbox / "水务局").glob("*.xlsx")):
        for _, _, rows in read_tables(path):
            rows["uscc"] = rows["统一社会信用代码"]
            parts += [
                long(rows, f"{m}月", "water", int(path.stem[:4]), m, factor=1.0, cumulative=False) for m in range(1, 13)
            ]
    figures = pd.concat(parts).dropna(subset=["uscc", "value"])
    figures = figures[figures["uscc"].isin(register.index)]
    key = ["uscc", "measure", "year", "month", "cumulative"]
    clash = figures.groupby([*key, "filed"])["value"].transform("nunique") > 1
    figures = figures[~clash].sort_values("filed", kind="stable").drop_duplicates(key, keep="last")
    return _corrected(figures, inbox)


def _corrected(figures: pd.DataFrame, inbox: Path) -> pd.DataFrame:
    titles = {**{title: m for title, m in STATISTICS.items() if m != "employees"}, "实缴税金": "tax"}
    for _, _, rows in read_tables(inbox / "经济发展局/申诉更正.xlsx"):
        for _, row in rows.iterrows():
            if row["更正指标"] in titles:
                year, month = month_of(row["所属期"])
                hit = (
                    (figures["uscc"] == row["统一社会信用代码"])
                    & (figures["measure"] == titles[row["更正指标"]])
                    & (figures["year"] == year)
                    & (figures["month"] == month)
                    & (figures["cumulative"] == ("1-" in row["所属期"]))
                )
                figures.loc[hit, "value"] = float(row["更正值"])
    return figures


def read_energy(inbox: Path) -> pd.DataFrame:
    """Consumption by month and carrier; tce net of feedstock, what was transformed, and green power."""
    parts = []

    def add(
        rows: pd.DataFrame, year: int, month: int, carrier: pd.Series | str, quantity: pd.Series, *, tce: pd.Series
    ) -> None:
        parts.append(
            pd.DataFrame(
                {
                    "uscc": rows["统一社会信用代码"],
                    "year": year,
                    "month": month,
                    "carrier": carrier,
                    "quantity": quantity,
                    "tce": tce,
                }
            )
        )

    for path in sorted((inbox / "供电公司").glob("*.xlsx")):
        for _, _, rows in read_tables(path):
            for m in range(1, 13):
                known = rows[rows[f"{m}月"].notna()]
                add(
                    known,
                    int(path.stem[:4]),
                    m,
                    "电力",
                    numbers(known[f"{m}月"]),
                    tce=numbers(known[f"{m}月"]) * TCE["电力"],
                )
    for path in sorted((inbox / "能源办").glob("20*.xlsx")):
        for sheet, _, rows in read_tables(path):
            year, month = month_of(sheet)
            for column in rows.columns[3:]:
                carrier = column.split("(")[0]
                known = rows[rows[column].notna()]
                factor = 0.0 if carrier == "绿电" else TCE[carrier]
                add(known, year, month, carrier, numbers(known[column]), tce=numbers(known[column]) * factor)
    for path in sorted((inbox / "统计局/能源205-1").glob("*.xlsx")):
        year, month = month_of(path.stem)
        for _, _, rows in read_tables(path):
            named = rows[rows["能源名称"] != "能源合计"]
            used = numbers(named["消费量合计"]).where(named["计量单位"] != "车")
            net = used - numbers(named["用于原材料"]).fillna(0) - numbers(named["加工转换产出"]).fillna(0)
            factor = (
                numbers(named["采用折标系数"])
                .fillna(named["能源名称"].map(TCE))
                .where(named["能源名称"] != "电力", TCE["电力"])
            )
            add(named, year, month, named["能源名称"], used, tce=net * factor)
    return pd.concat(parts)


def read_land(inbox: Path, end: pd.Timestamp) -> pd.DataFrame:
    """Land in 亩 at the latest date not after `end`."""
    rows = pd.concat([t for path in sorted((inbox / "自然资源局").glob("*.xlsx")) for _, _, t in read_tables(path)])
    rows["截止日期"] = pd.to_datetime(rows["截止日期"])
    rows = rows[rows["截止日期"] <= end].sort_values("截止日期").drop_duplicates("统一社会信用代码", keep="last")
    area = {
        c: numbers(rows[f"{t}(平方米)"]) * 3 / 2000
        for c, t in (("owned", "自有用地面积"), ("rented", "承租面积"), ("let", "出租面积"))
    }
    land = area["owned"] + area["rented"].fillna(0) - area["let"].fillna(0)
    return pd.DataFrame({"land": land.to_numpy()}, index=rows["统一社会信用代码"])


def read_visits(inbox: Path, end: pd.Timestamp) -> pd.DataFrame:
    """Latest visit of each enterprise."""
    rows = pd.concat(
        [t for path in sorted((inbox / "经济发展局/走访台账").glob("*台账.xlsx")) for _, _, t in read_tables(path)]
    )
    rows = rows.rename(
        columns={
            "计划总投资(万元)": "investment",
            "科技含量": "tech_level",
            "发展意愿": "willingness",
            "项目类型": "project_kind",
            "计划总投资": "investment_too",
        }
    )
    rows["investment"] = numbers(rows["investment"]).fillna(numbers(rows["investment_too"]))
    rows["tech_level"] = rows["tech_level"].where(rows["tech_level"].isin(["高", "中", "低"]))
    rows = (
        rows[pd.to_datetime(rows["走访日期"]) <= end]
        .sort_values("走访日期")
        .drop_duplicates("统一社会信用代码", keep="last")
    )
    return rows.set_index("统一社会信用代码")[["tech_level", "willingness", "project_kind", "investment"]]


def read_incidents(inbox: Path, end: pd.Timestamp) -> pd.DataFrame:
    """Open incidents, and those of kind 淘汰类."""
    rows = read_tables(inbox / "应急与生态/一票否决事项.xlsx")[0][2]
    dates = pd.to_datetime(rows["发生日期"], errors="coerce")
    resolved = pd.to_datetime(rows["整改完成日期"], errors="coerce")
    rows = rows[(dates <= end) & ~(resolved <= end)]
    by_enterprise = rows.groupby("统一社会信用代码")["事项类别"]
    return pd.DataFrame(
        {
            "open_incidents": by_enterprise.size(),
            "incidents_phaseout": by_enterprise.apply(lambda kinds: (kinds == "淘汰类").sum()),
        }
    )


def read_products(inbox: Path) -> pd.Series:
    """Level of each enterprise's worst product: this year to date + last year − the same part of last year."""
    limits = pd.read_csv(LIMITS).drop_duplicates("name_zh").set_index("name_zh")
    folder = inbox / "经济发展局/单位产品能耗"
    key = ["统一社会信用代码", "产品名称"]

    def part(label: str) -> pd.DataFrame:
        rows = read_tables(folder / f"{label}单位产品能耗.xlsx")[0][2].set_index(key)[["产量", "产品能耗(吨标准煤)"]]
        return rows.apply(pd.to_numeric)

    now, full, before = part("2026年1-10月"), part("2025年"), part("2025年1-10月")
    total = (now + full - before).fillna(now)
    known = total[total.index.get_level_values(1).isin(limits.index)]
    limit = limits.loc[known.index.get_level_values(1)]
    value = known["产品能耗(吨标准煤)"] * 1000 / known["产量"]
    level = np.select(
        [value.to_numpy() <= limit["level1"].to_numpy(), value.to_numpy() <= limit["level3"].to_numpy()], [0, 1], 2
    )
    worst = pd.Series(level, index=known.index.get_level_values(0)).groupby(level=0).max()
    return worst.map({0: "advanced", 1: "standard", 2: "below"})
