"""The figures of the score card: how each window total is composed of cells, and why the score is not the last one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from efficiency.reports.content import score_changes
from efficiency.reports.text import FIELDS, format_figure, table_lines
from schemas import DATED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl

_SIGNS = {1: "+", -1: "−"}


def movement_lines(movement: Mapping[str, Any] | None) -> list[str]:
    """较上期:60.1 → 72.35(+12.25):自身数据+10.00、…; nothing without a previous evaluation."""
    if movement is None:
        return []
    head = f"较上期({movement['previous_period']}"
    head += ")" if movement["previous_is_current"] else "，该期此后已重新评价)"
    if movement["change"] is None:
        return [f"{head}  {movement['note'] or '得分不可比'}"]
    before = movement["score_before"]
    lines = [
        f"{head}  得分 {format_figure(before)} → {format_figure(before + movement['change'])}"
        f"(变化 {round(movement['change'], 2) + 0.0:+.2f})：{score_changes.parts_in_words(dict(movement))}"
    ]
    return [*lines, f"  {movement['note']}"] if movement["note"] else lines


def figure_lines(totals: pl.DataFrame, parts: pl.DataFrame) -> list[str]:
    """One block per total: the total, then the cells that make it up, each with its sign."""
    if totals.is_empty():
        return []
    lines = ["数据来源(每项合计由哪些填报数组成)"]
    for total in totals.iter_rows(named=True):
        own = parts.filter(measure=total["measure"])
        unit = f" {total['unit']}" if total["unit"] else ""
        shown = "无数据" if total["total"] is None else f"{format_figure(total['total'])}{unit}"
        yearly = f"，以下合计 × {format_figure(total['scale'])}(折算全年)" if total["scale"] != 1 else ""
        lines.append(f"{total['title']} {shown}{yearly}" + (f"({total['note']})" if total["note"] else ""))
        rows: list[list[str]] = []
        carriers = own.partition_by("carrier", maintain_order=True)
        for of_carrier in carriers:
            rows += _block(of_carrier, total["unit"], several=len(carriers) > 1)
        lines += table_lines([], rows, right={2})
    return lines


def _block(parts: pl.DataFrame, unit: str | None, *, several: bool) -> list[list[str]]:
    """The parts of one carrier, or of a figure that has none; with their sum where there are several carriers."""
    listed = parts.to_dicts()
    if len(listed) > 1 and not any(part["amount"] for part in listed):
        return [_idle(listed, unit)]
    rows = [_row(part, unit) for part in listed]
    if several and len(listed) > 1:
        total = math.fsum(part["sign"] * part["amount"] for part in listed)
        rows.insert(0, ["", f"{listed[0]['carrier']}小计", _amount(total, unit), f"以下{len(listed)}项", ""])
    return rows


def _idle(parts: list[dict[str, Any]], unit: str | None) -> list[str]:
    """All parts of a carrier that counts nothing, on one line; the first says why."""
    first, last = min(part["span_start"] for part in parts), max(part["span_end"] for part in parts)
    return [
        "+", f"{parts[0]['carrier'] or ''} {span_words(first, last, dated=False)}".strip(), _amount(0.0, unit),
        f"{len(parts)}项填报数均计0" + (f"：{parts[0]['note']}" if parts[0]["note"] else ""), f"{_place(parts[0])} 等",
    ]  # fmt: skip


def _amount(value: float, unit: str | None) -> str:
    return f"{format_figure(value)}{f' {unit}' if unit else ''}"


def _row(part: Mapping[str, Any], unit: str | None) -> list[str]:
    """Sign, what and when, amount, how it follows from the cell, and the cell."""
    what = part["carrier"] or (FIELDS[part["field"]] if part["measure"] in DATED else "")
    return [
        _SIGNS.get(part["sign"], f"{part['sign']:+d}×"),
        f"{what} {span_words(part['span_start'], part['span_end'], dated=part['measure'].startswith('land'))}".strip(),
        _amount(part["amount"], unit),
        _origin(part),
        _place(part),
    ]


def _origin(part: Mapping[str, Any]) -> str:
    """What the cell states where that is not the amount itself, and the coefficient: 1,034,500 千元; 12 吨 × 0.9."""
    words = []
    if part["coefficient"] is not None:
        words.append(
            f"= {format_figure(part['quantity'])} {part['quantity_unit']} × {format_figure(part['coefficient'])}"
        )
    if part["stated_value"] is not None and part["stated_unit"] and part["stated_unit"] != part["quantity_unit"]:
        words.append(f"填报 {format_figure(part['stated_value'])} {part['stated_unit']}")
    return "，".join([*words, *([part["note"]] if part["note"] else [])])


def _place(part: Mapping[str, Any]) -> str:
    if part["submission_id"] is None:
        return ""
    return f"{sheet_words(part)} {part['cell'] or '列未知'}"


def sheet_words(source: Mapping[str, Any]) -> str:
    """统计局/产出.xlsx(较早一版) [10月]: the file, whether it has come again with other contents since, the sheet."""
    version = "(较早一版)" if source["earlier_version"] else ""
    return f"{source['file_name'] or '文件未知'}{version}" + (f" [{source['sheet']}]" if source["sheet"] else "")


def span_words(start: date | None, end: date | None, *, dated: bool) -> str:
    """2026-10, 2026-01~10, 2025全年, 2025-11~2026-02; a day for land."""
    if start is None or end is None:
        return "日期未注明"
    if dated:
        return end.isoformat()
    if (start.year, start.month) == (end.year, end.month):
        return f"{start:%Y-%m}"
    if start.year == end.year:
        return f"{start.year}全年" if (start.month, end.month) == (1, 12) else f"{start:%Y-%m}~{end:%m}"
    return f"{start:%Y-%m}~{end:%Y-%m}"
