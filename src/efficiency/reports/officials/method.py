"""方法说明: by which rules, from which data and with how much of it the results were made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy import words
from efficiency.reports.content import notes, rankings, rules, totals
from efficiency.reports.palette import ACCENT
from efficiency.reports.text import RULES, SEVERITIES, clean_frame, clean_text
from efficiency.reports.workbook import Styles, lines_in, print_setup, row_height, write_merged
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.worksheet import Worksheet

    from efficiency.reports.report import Report

WIDTHS = (16, 6.5, 11, 7.5, 13.5, 14, 9.5, 27, 15, 12, 17)
"""Together the width of a page in letters of nine points and more."""
NOT_PRINTED = "以下各项供查阅，不打印。"


@dataclass
class MethodSheet:
    """Writes the sheet from the top down; `row` is the next one."""

    sheet: Worksheet
    styles: Styles
    row: int = 0

    def title(self, text: str) -> None:
        """The sheet's title."""
        self.sheet.set_row(self.row, 20)
        write_merged(self.sheet, self.row, (0, len(WIDTHS) - 1), clean_text(text), self.styles.title(14))
        self.row += 1

    def section(self, text: str) -> None:
        """A heading, with a little room before it."""
        style = self.styles.get(bold=True, font_size=11, font_color=ACCENT, bottom=2, bottom_color=ACCENT)
        self.sheet.set_row(self.row, 5)
        self.row += 1
        self.sheet.set_row(self.row, 17)
        write_merged(self.sheet, self.row, (0, len(WIDTHS) - 1), text, style)
        self.row += 1

    def entry(self, label: str, text: str) -> None:
        """A label and what there is to say about it, over the page's width."""
        text = clean_text(text)
        self._heighten([(label, WIDTHS[0]), (text, sum(WIDTHS[1:]))])
        style = self.styles.cell("text", text_wrap=True)
        write_merged(self.sheet, self.row, (0, 0), clean_text(label), self.styles.header(align="left"))
        write_merged(self.sheet, self.row, (1, len(WIDTHS) - 1), text, style)
        self.row += 1

    def remark(self, text: str) -> None:
        """A line of small print."""
        write_merged(self.sheet, self.row, (0, len(WIDTHS) - 1), text, self.styles.note(font_size=10))
        self.row += 1

    def table(self, header: Sequence[str], kinds: Sequence[str], rows: pl.DataFrame) -> None:
        """A table whose columns begin at the first; the last one reaches to the page's edge."""
        last = len(header) - 1
        edge = len(WIDTHS) - 1
        widths = [*WIDTHS[:last], sum(WIDTHS[last:])]
        self._heighten(list(zip(header, widths, strict=True)))
        for column, text in enumerate(header):
            write_merged(self.sheet, self.row, (column, edge if column == last else column), text, self.styles.header())
        for values in clean_frame(rows).iter_rows():
            self.row += 1
            self._heighten([(str(value), width) for value, width in zip(values, widths, strict=True)])
            for column, value in enumerate(values):
                style = self.styles.cell(kinds[column], text_wrap=True)
                write_merged(self.sheet, self.row, (column, edge if column == last else column), value, style)
        self.row += 1

    def _heighten(self, texts: Sequence[tuple[str, float]]) -> None:
        """Make the row as high as its longest text takes in its width."""
        self.sheet.set_row(self.row, row_height(max(lines_in(text, width) for text, width in texts)))


def write_method(sheet: Worksheet, styles: Styles, report: Report) -> None:
    """Writes 方法说明."""
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    page = MethodSheet(sheet, styles)
    page.title(f"{report.region}企业能耗产出效益评价方法说明({report.period_title})")
    page.entry("声明", notes.STATEMENT)
    _policy(page, report)
    for number, cohort in enumerate(report.policy.cohort, start=1):
        page.section(f"评价组{number}：{cohort.label}")
        page.entry("计分与分级", words.cohort_rule(cohort, report.policy))
        page.table(*_indicator_table(report, cohort.id))
    _rules(page, report)
    page.section("可追溯信息")
    page.entry("评价", "；".join(f"{label}：{report.evaluation[key]}" for label, key in (
        ("评价编号", "evaluation_id"), ("办法编号", "policy_id"), ("程序版本", "code_version"),
    )) + f"；生成时间：{report.created_at:%Y-%m-%d %H:%M:%S}(北京时间)")  # fmt: skip
    page.entry("SHA-256", "\n".join(f"{label}：{report.evaluation[key]}" for label, key in (
        ("办法摘要", "policy_sha256"), ("输入摘要", "inputs_sha256"),
    )))  # fmt: skip
    printed = page.row
    page.remark(NOT_PRINTED)
    if (errors := rules.error_rows(report)).height:
        page.section("本区数据误差(重新报送或更正前后之比)")
        titles, kinds = zip(*rules.ERROR_COLUMNS, strict=True)
        page.table(titles, kinds, errors)
    _sources(page, report)
    print_setup(sheet, f"{report.policy_title} {report.period_title} 方法说明")
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 0)
    sheet.freeze_panes(1, 0)
    sheet.print_area(0, 0, printed - 1, len(WIDTHS) - 1)


def _policy(page: MethodSheet, report: Report) -> None:
    page.section("评价办法与口径")
    page.entry("办法名称", report.policy_title)
    page.entry("办法来源", report.policy_source or "办法文件未注明")
    page.entry("施行日期", str(report.policy_valid_from) if report.policy_valid_from else "办法文件未注明")
    page.entry("统计窗口", words.window(report.policy))
    page.entry("能耗口径", words.energy_basis(report.policy))
    page.entry("用地口径", "用地面积 = 自有 + 租入 − 租出，单位为亩(1亩 = 2000/3 平方米)。")


def _indicator_table(report: Report, cohort_id: str) -> tuple[Sequence[str], Sequence[str], pl.DataFrame]:
    cohort = next(c for c in report.policy.cohort if c.id == cohort_id)
    used = {
        indicator: _span(low, high)
        for indicator, low, high in report.indicators.filter(pl.col("cohort") == cohort_id)
        .group_by("indicator")
        .agg(pl.col("benchmark").min().alias("low"), pl.col("benchmark").max().alias("high"))
        .iter_rows()
    }
    header = ("指标", "维度", "单位", "权重", "分子", "分母", "方向", "基准", "本期基准值", "封顶与保底", "缺失处理")
    rows = [
        (
            i.title,
            rankings.DIMENSION_TITLES[i.dimension],
            i.unit,
            i.weight,
            words.condition(i.numerator, report.policy),
            words.condition(i.denominator, report.policy),
            "越高越好" if i.better == "higher" else "越低越好",
            words.benchmark(i, cohort),
            used.get(i.id, "—"),
            words.limits(i),
            words.missing(i),
        )
        for i in cohort.indicator
    ]
    kinds = ["ratio" if name == "权重" else "text" for name in header]
    return header, kinds, pl.DataFrame(rows, schema=list(header), orient="row")


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "—"
    return f"{low:,.4g}" if low == high else f"{low:,.4g} 至 {high:,.4g}"


def _rules(page: MethodSheet, report: Report) -> None:
    page.section("等级、加减分、调档与不纳入排名")
    for label, text in rules.tier_entries(report):
        page.entry(label, text)
    page.section("建议清单规则(按顺序，一户企业只进入最先符合的一张清单)")
    for label, text in rules.list_entries(report):
        page.entry(label, text)
    page.section("把握程度")
    for label, text in rules.firmness_entries(report):
        page.entry(label, text)


def _sources(page: MethodSheet, report: Report) -> None:
    page.section("数据来源与行数核对")
    submissions = report.submissions
    page.entry("数据日期", _dates(submissions))
    titles = {form: declared.title for form, declared in FORMS.items()}
    by_form = (
        submissions.with_columns(pl.col("form").replace(titles).fill_null("未识别").alias("form"))
        .group_by("form")
        .agg(pl.len().cast(pl.Int64).alias("sheets"), pl.col(totals.ROW_COUNTS).sum())
        .sort("form")
        .with_columns((2 * pl.col("rows_total") - pl.sum_horizontal(totals.ROW_COUNTS)).alias("difference"))
    )
    header = ("表式", "工作表", "读取行数", "采纳", "退回", "被替代或重复", "合计行", "附注行", "空行", "差额(应为0)")
    page.table(header, ("text", *["integer"] * 9), by_form.select("form", "sheets", *totals.ROW_COUNTS, "difference"))
    page.section("数据问题(按规则)")
    severities = {name: i for i, name in enumerate(SEVERITIES)}
    by_rule = (
        report.problems.group_by("severity", "rule")
        .agg(
            pl.len().cast(pl.Int64).alias("count"),
            pl.col("file_name").n_unique().cast(pl.Int64).alias("files"),
            pl.col("message").sort().first().alias("example"),
        )
        .sort(
            pl.col("severity").replace_strict(severities, return_dtype=pl.Int64),
            pl.col("count"),
            pl.col("rule"),
            descending=[False, True, False],
        )
        .with_columns(pl.col("severity").replace(SEVERITIES), pl.col("rule").replace(RULES))
    )
    if by_rule.is_empty():
        page.entry("数据问题", "无")
    else:
        page.table(
            ("级别", "问题", "条数", "文件数", "示例"),
            ("text", "text", "integer", "integer", "text"),
            by_rule.select("severity", "rule", "count", "files", "example"),
        )
    page.section("评价提示")
    page.entry("提示", "\n".join(report.warnings) or "无")


def _dates(submissions: pl.DataFrame) -> str:
    """When the data were filed and received, as far as is known."""
    if submissions.is_empty():
        return "无报送记录"
    parts = [f"共{submissions.height:,}张工作表、{submissions['file_name'].n_unique():,}个文件"]
    first_filed, last_filed, filed, first, last = submissions.select(
        pl.col("filled_on").min().dt.to_string("%Y-%m-%d").alias("first_filed"),
        pl.col("filled_on").max().dt.to_string("%Y-%m-%d").alias("last_filed"),
        pl.col("filled_on").count().alias("filed"),
        _beijing(pl.col("received_at").min()).alias("first"),
        _beijing(pl.col("received_at").max()).alias("last"),
    ).row(0)
    if filed:
        parts.append(f"表内填报日期{first_filed}至{last_filed}({filed:,}张注明)")
    parts.append(f"接收时间{first}至{last}(北京时间)")
    return "；".join(parts) + "。"


def _beijing(moment: pl.Expr) -> pl.Expr:
    return moment.dt.convert_time_zone("Asia/Shanghai").dt.to_string("%Y-%m-%d %H:%M")
