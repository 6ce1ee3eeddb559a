"""The two charts of the printed card: the enterprise among those of its industry, and its twelve months.

Both are native charts. Their figures stand beside the page, where they are seen on the screen and not printed. The
others are marks without names at steps of the scale, the enterprise's own mark is at its score.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from efficiency.reports.card.course import course_words, lines_of
from efficiency.reports.card.standing import COMPARED, group_title, place_words
from efficiency.reports.palette import ACCENT, ALERT, BACKGROUND_POINTS, FONT, INK, MUTED, RULE
from efficiency.reports.text import clean_text, format_figure
from efficiency.reports.workbook import score_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.chart import Chart
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from efficiency.evaluation.explanation import Explanation
    from efficiency.reports.card.course import Line
    from efficiency.reports.workbook import Styles

STEPS = 56
"""Steps of the scale on which the others' marks stand: as many as fit beside each other."""
HIGHEST = 10
"""Marks above each other; where more would be needed a mark stands for several enterprises."""
SIZE = 10.5
"""Points of all text in a chart: 9 on paper, where the sheet is printed at nine tenths and a chart a little smaller."""


ABOVE, BELOW = 9.0, 26.0
"""Points above a plot, and below it for the labels of its axis."""


@dataclass(frozen=True, slots=True)
class Strip:
    """The marks of a group: where the others stand, and where the enterprise does."""

    others: tuple[tuple[float, int], ...]
    """Middle of the step, and height in marks."""
    own: tuple[float, int]
    each: int
    """How many enterprises a mark stands for at most."""
    middle: float
    """Median of all scores."""

    @property
    def height(self) -> int:
        """Height of the highest mark."""
        return max((height for _, height in (*self.others, self.own)), default=1)


@dataclass
class Beside:
    """The cells beside the page that the charts take their figures from: written column by column."""

    workbook: Workbook
    sheet: Worksheet
    styles: Styles
    column: int
    """The next column."""

    def write(self, title: str, values: Sequence[float | str | None], style: Format | None = None) -> list[Any]:
        """A column with its title; returns its cells as XlsxWriter's charts take them. A gap is an empty cell."""
        column, self.column = self.column, self.column + 1
        self.sheet.write_string(1, column, title, self.styles.note(text_wrap=True))
        for row, value in enumerate(values, start=2):
            if isinstance(value, str):
                self.sheet.write_string(row, column, value)
            elif value is not None:
                self.sheet.write_number(row, column, value, style)
        return [self.sheet.get_name(), 2, column, 1 + len(values), column]

    def score(self, score: float, explanation: Explanation) -> Format:
        """Of a score: so that it never looks better than its tier."""
        return self.styles.cell(score_kind(score, explanation.cuts))


def strip_of(explanation: Explanation) -> Strip | None:
    """The strip of the group; None for who is not ranked or is alone."""
    standing, own = explanation.standing, explanation.score["score"]
    if standing is None or own is None or len(standing.scores) < 2:
        return None
    others = sorted(standing.scores)
    others.remove(own)
    low, high = min(standing.scores), max(standing.scores)
    step = (high - low) / STEPS or 1.0
    counts: dict[int, int] = {}
    for score in others:
        at = min(int((score - low) / step), STEPS - 1)
        counts[at] = counts.get(at, 0) + 1
    each = math.ceil(max(counts.values()) / HIGHEST)
    marks = [
        (low + (at + 0.5) * step, height)
        for at, count in sorted(counts.items())
        for height in range(1, math.ceil(count / each) + 1)
    ]
    mine = min(int((own - low) / step), STEPS - 1)
    # Above its neighbours, so that no mark is on another.
    above = max(math.ceil(counts.get(at, 0) / each) for at in (mine - 1, mine, mine + 1))
    return Strip(tuple(marks), (own, 1 + above), each, median(standing.scores))


def strip_title(explanation: Explanation, strip: Strip) -> str:
    """Above the chart: 同行业(…)规上企业112户综合得分：◆ 本企业60.11，每点1户，虚线为中位数98.6."""
    each = f"每点最多代表{strip.each}户" if strip.each > 1 else "每点1户"
    own = _score(explanation.score["score"], explanation)
    return f"{group_title(explanation)}综合得分：◆ 本企业{own}，{each}，虚线为中位数{_score(strip.middle, explanation)}"


def _score(score: float, explanation: Explanation) -> str:
    """With two decimals, and more where that would show it as a cut that it does not reach."""
    shown = format_figure(score, explanation.cuts)
    return shown if any(score < cut <= round(score, 2) for cut in explanation.cuts) else f"{score:.2f}"


def strip_words(explanation: Explanation, strip: Strip) -> str:
    """The chart in a sentence, for who does not see it."""
    standing = explanation.standing
    assert standing is not None
    place = place_words(standing.places["score"])
    low, high = (format_figure(value) for value in (min(standing.scores), max(standing.scores)))
    return clean_text(
        f"{group_title(explanation)}{COMPARED['score']}的分布：最低{low}，中位数{format_figure(strip.middle)}，最高{high}；"
        f"本企业{format_figure(explanation.score['score'], explanation.cuts)}，{place}。"
    )


def strip_chart(cells: Beside, explanation: Explanation, strip: Strip, height: float) -> Chart:
    """The strip as a scatter chart of so many points in height."""
    chart: Chart = cells.workbook.add_chart({"type": "scatter"})
    own, top = strip.own, strip.height + 1.5
    chart.add_series({
        "name": "其他企业",
        "categories": cells.write("其他企业得分(所在刻度)", [score for score, _ in strip.others]),
        "values": cells.write("点的高度", [float(height) for _, height in strip.others]),
        "marker": _marker("circle", 5, BACKGROUND_POINTS, MUTED),
    })  # fmt: skip
    chart.add_series({
        "name": "中位数",
        "categories": cells.write(
            "中位数", [strip.middle, strip.middle], cells.score(strip.middle, explanation)
        ),
        "values": cells.write("线的高度", [0.0, top]),
        "marker": {"type": "none"},
        "line": {"color": INK, "width": 1, "dash_type": "dash"},
    })  # fmt: skip
    low, high = _ends(explanation)
    chart.add_series({
        "name": "本企业",
        "categories": cells.write("本企业得分", [own[0]], cells.score(own[0], explanation)),
        "values": cells.write("点的高度", [float(own[1])]),
        "marker": _marker("diamond", 11, ALERT, "#FFFFFF"),
    })  # fmt: skip
    chart.set_x_axis({
        "num_font": _font(INK), "num_format": "0", "min": low, "max": high, "line": {"color": MUTED},
        "major_gridlines": {"visible": False}, "major_tick_mark": "outside",
    })  # fmt: skip
    chart.set_y_axis({
        "visible": False, "min": 0, "max": top, "major_gridlines": {"visible": False}, "label_position": "none",
    })  # fmt: skip
    _frame(chart, {"x": 0.05, "width": 0.90}, height)
    chart.set_legend({"none": True})
    return chart


def _ends(explanation: Explanation) -> tuple[float, float]:
    """Round ends of the scale, past every mark."""
    scores = explanation.standing.scores if explanation.standing is not None else ()
    low, high = min(scores), max(scores)
    reach = high - low or 1.0
    step = 10.0 ** math.floor(math.log10(reach))
    step = step if reach / step > 3 else step / 2
    first = math.floor((low - 0.02 * reach) / step) * step
    return (max(first, 0.0) if low >= 0 else first), math.ceil((high + 0.02 * reach) / step) * step


def course_title(explanation: Explanation) -> str:
    """Above the chart: 2025-11至2026-10：营业收入(万元)实线左轴、…；断开处为填报数不能分出的月份."""
    lines = lines_of(explanation)
    first, last = lines[0].months[0], lines[0].months[-1]
    named = "、".join(f"{line.title}{side}" for line, side in zip(lines, ("实线左轴", "虚线右轴"), strict=False))
    gaps = any(len(line.known) < len(line.values) for line in lines)
    return f"{first:%Y-%m}至{last:%Y-%m}：{named}" + ("；断开处为填报数不能分出的月份" if gaps else "")


def course_sentence(explanation: Explanation) -> str:
    """The chart in a sentence, for who does not see it."""
    return clean_text(
        "；".join([course_title(explanation), *(course_words(line) for line in lines_of(explanation))]) + "。"
    )


def course_chart(cells: Beside, explanation: Explanation, height: float) -> Chart | None:
    """A line for each measure, the second on the axis at the right; None where no month is determined.

    It is so many points high.
    """
    lines = lines_of(explanation)
    if not any(line.known for line in lines):
        return None
    chart: Chart = cells.workbook.add_chart({"type": "line"})
    months = cells.write("月份", [str(month.month) for month in lines[0].months])
    sides = ((ACCENT, "circle", None, False), (ALERT, "square", "dash", True))
    for line, (colour, marker, dash, second) in zip(lines, sides, strict=False):
        chart.add_series({
            "name": line.title,
            "categories": months,
            "values": cells.write(line.title, list(line.values)),
            "line": {"color": colour, "width": 1.75, **({"dash_type": dash} if dash else {})},
            "marker": _marker(marker, 5, colour, colour),
            "y2_axis": second,
        })  # fmt: skip
        axis = {**_amounts(line), "num_font": _font(colour), "line": {"none": True}, "major_tick_mark": "none"}
        if second:
            chart.set_y2_axis({**axis, "major_gridlines": {"visible": False}})
        else:
            chart.set_y_axis({**axis, "major_gridlines": {"visible": True, "line": {"color": RULE, "width": 0.5}}})
    chart.set_x_axis({"num_font": _font(INK), "line": {"color": MUTED}, "label_position": "low"})
    chart.show_blanks_as("gap")
    chart.set_legend({"none": True})
    _frame(chart, {"x": 0.15, "width": 0.70}, height)
    return chart


def _amounts(line: Line) -> dict[str, Any]:
    """The scale of a measure: from nothing up, in figures short enough for its labels."""
    known = line.known or [0.0]
    least, most = min(known), max(known)
    number = "#,##0" if most >= 10 else "0.0" if most >= 1 else "0.00"
    return {"num_format": number, **({"min": 0} if least >= 0 else {})}


def _frame(chart: Chart, sides: dict[str, float], height: float) -> None:
    """The plot within a chart of so many points in height, with room for the labels: what sticks out of a chart is
    made smaller on paper with the rest of it.
    """
    layout = {**sides, "y": ABOVE / height, "height": 1 - (ABOVE + BELOW) / height}
    chart.set_title({"none": True})
    chart.set_chartarea({"border": {"color": RULE}, "fill": {"color": "#FFFFFF"}})
    chart.set_plotarea({"fill": {"none": True}, "layout": layout})


def _marker(kind: str, size: int, fill: str, border: str) -> dict[str, Any]:
    return {"type": kind, "size": size, "fill": {"color": fill}, "border": {"color": border, "width": 0.5}}


def _font(colour: str) -> dict[str, Any]:
    return {"name": FONT, "size": SIZE, "color": colour, "bold": False}
