"""The catalogue of what can be wrong with a submission: each rule's severity, stage, and what the submitter should do.

A problem is a row of shape `PARSE_PROBLEMS`. Problems of the stage `read` are visible in one sheet
alone and are kept with it; those of the stage `resolve` depend on everything stated so far and are
found anew in every run. Messages are Chinese templates over the location columns, `{title}` (the
Chinese name of `field`) and the words each rule needs; `hint` may always be left out.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from schemas import FORMS, PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.column import Severity

Stage = Literal["read", "resolve"]

MOST_LISTED = 1_000
"""Problems of one rule that are listed of one column of a sheet; one more says how many others there are."""
_MORE = (
    "本列自此处起另有 {} 处同样的问题（至第 {} 行），未逐一列出，处理方式与已列出的相同。请一并核对，改正后重新报送。"
)
BLANK = "空白"
"""What a message prints for a value that is not there."""


@dataclass(frozen=True, slots=True)
class ProblemRule:
    """One rule: how grave a breach is, when it can be found, and the message's template."""

    severity: Severity
    stage: Stage
    message: str

    @property
    def words(self) -> tuple[str, ...]:
        """The placeholders of the message, in order of first use."""
        return tuple(dict.fromkeys(key for _, key, _, _ in string.Formatter().parse(self.message) if key))


def _rules(severity: Severity, stage: Stage, messages: Mapping[str, str]) -> dict[str, ProblemRule]:
    return {rule: ProblemRule(severity, stage, message) for rule, message in messages.items()}


RULES: dict[str, ProblemRule] = {
    **_rules(
        "error",
        "read",
        {
            "unreadable": "文件无法读取：{reason}。请用 Excel 或 WPS 打开后另存为未加密的 .xlsx 文件，重新报送。",
            "internal": "程序读取工作表“{sheet}”时出错：{value}(程序版本 {version})。"
            "这是程序的故障，不是报表填错；该表的数据未采用，其他工作表照常处理。请将本条信息连同该文件转交系统管理员。",
            "form_unknown": "工作表“{sheet}”的表头无法识别为任何一种表式。{hint}"
            "请按模板填报后重新报送，或请管理员为该版式编写映射文件。",
            "header_duplicate": "“{title}”有多列（{columns}），无法判断以哪一列为准，{scope}。"
            "请只保留一列（应当相加的，请加总后填一列），重新报送。",
            "unit_unknown": "“{title}”的计量单位“{value}”无法识别，其数值未采用。{hint}"
            "请将计量单位改为{expected}后重新报送。",
            "unit_mismatch": "“{title}”不能以“{value}”为计量单位，其数值未采用。{hint}"
            "请改按{expected}填报，并在表头注明后重新报送。",
            "period_unknown": "无法确定数据所属期（现为“{value}”）。{hint}"
            "请在标题、工作表名或“报告期”列中写明，如“2026年10月”、“2026年1-10月”或“2026年4-6月”，再重新报送。",
            "figures_planned": "{where}“{value}”写明本表是计划数或预计数，不是实际完成数，数值未采用。"
            "如为实际完成数，请改正{where}（计划与实际并列的，请在表头写明“实际”）后重新报送；确为计划数的，请勿报送。",
            "not_a_number": "“{title}”应填数字，现为“{value}”。请改为数字后重新报送；没有数据的请留空。",
            "merged_figure": "“{title}”的合并单元格到第 {last} 行为止跨了多家企业，"
            "看不出 {value} 中各家是多少，未采用。"
            "请取消合并，逐家填报后重新报送。",
            "error_cell": "“{title}”单元格是错误值“{value}”。请修正公式或直接填写数值后重新报送。",
            "formula_uncached": "“{title}”单元格是尚未计算的公式，读不到数值。"
            "请用 Excel 或 WPS 打开文件，待计算完成并保存后重新报送。",
            "not_a_date": "“{title}”应填日期，现为“{value}”。{hint}请改为“2026-10-31”或“2026年10月”的形式后重新报送。",
            "not_a_choice": "“{title}”只能填{expected}，现为“{value}”。请改正后重新报送。",
            "carrier_unknown": "能源品种“{value}”不在能源目录中，该企业当期综合能耗无法计算。"
            "请改用规范名称（如原煤、天然气、电力、热力、柴油）后重新报送。",
            "carrier_mismatch": "“{title}”列的 {value} 填在能源名称为“{carrier}”的行，未采用，"
            "该企业当期综合能耗无法计算。"
            "请改正能源名称，或把各品种的消费量填在“消费量”列后重新报送。",
            "industry_invalid": "行业代码“{value}”不是《国民经济行业分类》（GB/T 4754-2017）的代码。"
            "请填写 2 至 4 位有效代码后重新报送。",
            "uscc_damaged": "统一社会信用代码被存为数字“{value}”，15 位以后的数字已丢失。"
            "请将该列设为文本格式，重新填写 18 位代码后报送。",
            "part_unread": "“{title}”由同一企业的几行相加，其中第 {last} 行的数值未能采用，合计不完整，"
            "本行的 {value} 也未计入。请改正第 {last} 行后重新报送。",
            "row_overlong": "该行的格数与表头不符（“{value}”），看不出哪一格属于哪一列，整行未采用。"
            "常见原因是数字中的千分位逗号（如 1,100.5）或文字中的逗号被当作分隔符。"
            "请去掉这些逗号，或给该格加上英文双引号，或改用 .xlsx 文件，再重新报送。",
            "row_empty": "该行没有任何可以采用的数据。请补填后重新报送，不需要的行请删除。",
        },
    ),
    **_rules(
        "error",
        "resolve",
        {
            "coefficient_missing": "能源品种“{carrier}”没有参考折标系数，办法没有另行规定的，当期综合能耗无法计算。"
            "请在“采用折标系数”栏填写实测系数后重新报送。",
            "consumption_missing": "能源品种“{carrier}”填了用于原材料或加工转换产出，"
            "却没有填消费量，当期综合能耗无法计算。"
            "请补填消费量（包括用于原材料的部分；没有消费的填 0）后重新报送。",
            "uscc_invalid": "统一社会信用代码“{value}”不符合 GB 32100-2015 的校验规则。{hint}"
            "请对照营业执照核对后重新报送。",
            "enterprise_unknown": "企业“{value}”不在企业名录中，该行数据未采用。{hint}"
            "请核对企业名称和统一社会信用代码；确属新增企业的，请先报送企业名录。",
            "enterprise_ambiguous": "企业名称“{value}”对应多个统一社会信用代码（{candidates}），无法判断是哪一家。"
            "请填写统一社会信用代码后重新报送。",
            "enterprise_missing": "该行没有填写{missing}，无法判断是哪家企业，数据未采用。{hint}请补填后重新报送。",
            "conflict": "同一张表对同一企业、同一时期的“{title}”填报不一致（{others}），均未采用。"
            "请只保留正确的一个后重新报送。{hint}",
            "part_missing": "“{title}”由同一企业的几行相加，其中另有一行的数值未能采用，合计不完整，"
            "本行的 {value} 也未计入。请按另一行的问题改正后重新报送。",
            "unit_column": "“{value}”{columns}的数值，{evidence}，疑似整列计量单位有误，暂不计入。{hint}"
            "本表单位有误的，请改正后重新报送；{past}"
            "确认无误的，请管理员在映射文件中写明该列的计量单位。",
            "correction_field_unknown": "更正指标“{value}”不是可以更正的指标，该项更正未执行。"
            "请使用原表表头中的指标名称，如“营业收入”“电力”“自有用地面积”。",
            "correction_incomplete": "该项更正没有填写{missing}，未执行。请补填后重新报送。",
            "correction_not_carried": "该项更正之前报送的累计数包含这个月，但没有该月原报数，也没有填写原值，"
            "无法换算，累计数未调整。请补填原值后重新报送，或重报累计数。",
            "entries_left_out": "同名文件的前一版填报、本版没有填报的{title}事项有 {value} 项（{names}），仍然有效。"
            "确已整改的请填写整改完成日期后重新报送；确属误报的，请管理员用 efficiency withdraw 撤回前一版。",
        },
    ),
    **_rules(
        "warning",
        "read",
        {
            "control_total": "合计数 {value} 与各项之和 {sum} 相差超过 0.5%。"
            "请核对明细是否漏填、重填，或合计公式是否正确。",
            "total_overlong": "合计行的格数与表头不符（“{value}”），看不出哪一格属于哪一列，合计数没有核对。"
            "常见原因是数字中的千分位逗号（如 1,100.5）被当作分隔符。请去掉这些逗号，或给该格加上英文双引号，"
            "或改用 .xlsx 文件，再重新报送。",
            "coefficient_unlike": "能源品种“{carrier}”的折标系数 {value} 与参考值 {reference} 吨标准煤/{unit}"
            "相差超过 30%，换算计量单位后仍不相符。本系统按参考值折算；请核对能源品种、系数及其单位，"
            "确为实测系数的，请填在“采用折标系数”列后重新报送。",
            "energy_unlike": "“{carrier}”{rows}填报的能耗 {value} {unit}，与按消费量折算的 {sum} {unit}相差超过 5%，"
            "以消费量为准。请核对消费量、计量单位和折标系数。",
            "header_near": "“{value}”列未采用：本表没有这一栏，与“{title}”只差一个字。"
            "如是笔误，请改正表头后重新报送；如是其他数据，无需处理。",
            "row_unread": "“{value}”行未采用：本系统没有这项指标。如是笔误或别名，请改用模板中的指标名称后重新报送；"
            "如是其他数据，无需处理。",
            "carrier_unread": "“{value}”列未采用：能源目录中没有这个名称，其数值未计入综合能耗。如是能源品种，"
            "请改用规范名称（如原煤、天然气、电力、热力、柴油）后重新报送；如是其他数据，无需处理。",
            "column_unread": "“{value}”列有数据，但未采用：{reason}如属需要报送的指标，请改正后重新报送；"
            "如是其他数据，无需处理。",
            "cumulative_doubt": "“{value}”写有“累计”，{reason}，各月的列已按当月数计入。"
            "如为累计数，请在标题写明“各月累计”后重新报送；如为当月数，请删去“累计”二字。",
            "plan_doubt": "{where}“{value}”写有计划或预计，看不出本表是否为实际完成数，已按实际完成数计入。"
            "如为计划数或预计数，请改报实际完成数；确为实际完成数的，请在{where}写明“完成情况”。",
            "title_doubt": "标题“{value}”不像实际缴纳的税金，表中“{header}”列已按{title}计入。"
            "如不是实际入库数，请改报实缴税金；确为实际入库数的，请在标题或表头写明“实缴”或“入库”。",
            "change_doubt": "标题“{value}”说的是增减，表中“{header}”等列没有写明，已按{title}等的实际数计入。"
            "如为增减额，请改报实际数；确为实际数的，请在标题中去掉“增减”，或在表头写明“本期”与“增减”各列。",
            "kinds_added": "“{value}”与同一企业的其他{carrier}分行填报，已作为不同部分相加。"
            "如其中一行已包含另一行，请只保留总数后重新报送；确为不同部分的，无需处理。",
            "rows_planned": "“{title}”栏写明 {value} 行是计划数或预计数，不是实际完成数，这些行未采用（本格是第一行）。"
            "如为实际完成数，请改正该栏后重新报送；确为计划数的，无需处理。",
            "percent_in_amount": "“{title}”应填数额，现为百分数“{value}”。已按 {number} 计入，请核对后改为数额。",
            "archive_unread": "该文件是{value}，其中的文件均未读取。"
            "请解压后报送其中的电子表格，或压缩为不加密、不再套压缩包的 .zip 文件后重新报送。",
            "ending_unknown": "该文件是{value}，但扩展名“{ending}”不在读取范围内，未读取。"
            "如需报送，请另存为 .xlsx 文件后重新报送；是备份或模板的请移走。",
            "marks_unread": "工作表“{sheet}”的格式不合规范或内容过多，其中的错误值和尚未计算的公式看不出来，"
            "已当作空白。请用 Excel 或 WPS 打开核对，另存为 .xlsx 后重新报送。",
        },
    ),
    **_rules(
        "warning",
        "resolve",
        {
            "correction_of_span_alone": "该项更正只更正{value}这一累计数，审批之前报送的、含这些月份的其他累计数"
            "（{figures}）不随之改变。这些累计数同样有误的，请改为按月份更正，或逐项更正。",
            "figures_lapsed": "同名文件的前一版填报、本版没有填报的{title}数据有 {value} 项（{names}），"
            "自本版起不再计入。漏报的请补填后重新报送；确已取消的，无需处理。",
            "file_misnamed": "文件名写的是{named}，表中数据的所属期却是 {value}，已按表中的所属期计入。"
            "所属期填错的请改正后重新报送；文件名写错的，请改正文件名。",
            "replaces_file": "本表计入的 {value} 行数据，全部替代了先前报送的“{other}”的同期数据。"
            "所属期填错或报错文件的，请改正后以原文件名重新报送；确属重报的，无需处理。",
            "replaced_by_file": "本表已有 {value} 行数据被后来报送的“{other}”的全部数据替代。"
            "请核对后报的表是否填错所属期；确属重报的，无需处理。",
            "negative": "“{title}”为 {value}，通常不应为负数。已按原值计入，请核对；确属冲减的请说明。",
            "cumulative_falls": "“{title}”本期累计 {value} 小于上期累计 {before}。请核对本期或上期累计数。",
            "unit_suspect": "“{title}”单月数值 {month} 与该企业各月中位数 {median} 相差 8 倍以上。{hint}"
            "请核对数值和计量单位。",
            "coefficient_deviates": "能源品种“{carrier}”采用的折标系数 {value} 与参考值 {reference} 相差超过 30%。"
            "请核对系数及其单位（吨标准煤/{unit}）。",
            "energy_total": "填报的综合能源消费量 {value} 吨标准煤与各能源品种折标之和 {sum} 吨标准煤相差超过 5%，"
            "以各品种为准。请核对。",
            "repeated_figure": "该行数据与本表第 {value} 行重复，只计一次。请核对是否重复填报。{hint}",
            "unit_doubt": "“{value}”列的 {compared} 家企业中有 {fits} 家大于 {limit}，"
            "疑似以更小的单位（如平方米）填报，已按写明的单位计入。单位有误的，请改正表头的计量单位或数值后重新报送；"
            "确认无误的，请管理员在映射文件中写明该列的计量单位。",
            "code_renamed": "“{value}”的统一社会信用代码，此前在“{other}”中是“{before}”的，已按“{value}”计入。"
            "不是同一家企业的，请核对代码，改正后重新报送；确已更名的，请将“{before}”填入“曾用名”。",
            "name_mismatch": "填报的企业名称“{value}”与名录中该代码的企业名称“{registered}”不一致，已按代码计入。"
            "请核对代码是否填错；确已更名的，请更新企业名录。",
        },
    ),
    **_rules(
        "note",
        "read",
        {
            "unit_assumed": "“{title}”没有写明计量单位，已按默认单位“{unit}”处理。请在表头注明计量单位。",
            "format_scaled": "“{title}”列的数字格式“{value}”使看到的数与存储的数不同：已按看到的含义采用"
            "（存储为 {stored} 的，计为 {number}{unit}）。请核对；下次请直接填写以表头单位计的数。",
            "column_passed": "“{value}”列未采用：{reason}如是其他数据，无需处理。",
            "header_loose": "“{value}”列已作为“{title}”采用，但{doubt}。请核对；如相符，请将表头改为“{title}”。",
            "not_a_spreadsheet": "该文件是{value}，不是电子表格，未读取。"
            "如含需要报送的数据，请另存为 .xlsx 文件后报送。",
            "sheet_aside": "工作表“{sheet}”是{value}，不是数据表，未读取。"
            "如含需要报送的数据，请填入普通工作表后重新报送。",
            "hidden_sheet": "工作表“{sheet}”已隐藏，未读取。如需报送，请取消隐藏后重新报送。",
            "repeated_file": "该文件与已报送的文件“{value}”内容完全相同，不重复计入，无需处理。",
            "part_within": "该行是“其中”项，已含在同一企业的其他行中，没有另行相加，无需处理。",
            "parts_by_total": "没有可以区分本行与第 {value} 行的栏目，但合计数表明两行都已计入，已作为不同部分相加。"
            "请核对；下次请增加一列（如“宗地编号”“户号”“征收项目”）加以区分。",
            "formula_idle": "文件中有 {value} 个公式的结果是 0 或空白，而这种格式（{ending}）不记录公式是否已经计算。"
            "请核对这些数值；如不相符，请用 Excel 或 WPS 打开，另存为 .xlsx 后重新报送。",
            "sheet_empty": "工作表“{sheet}”没有数据。如需报送，请填写后重新报送；不需要的请忽略。",
        },
    ),
    **_rules(
        "note",
        "resolve",
        {
            "product_unknown": "产品“{value}”不在单位产品能耗限额目录中，不参与能耗限额对标。"
            "如属限额产品，请改用目录中的产品名称。",
            "superseded_figure": "本表有 {value} 项数据已被后来报送的“{later}”替代，保留备查，无需处理。",
            "file_succeeded": "本表已由后来报送的同名文件“{value}”取代，数据不再计入，保留备查，无需处理。",
            "file_withdrawn": "本表已撤回（原因：{value}），数据不再计入，保留备查，无需处理。",
            "correction_declined": "该项更正的审批意见为“{value}”，未执行，已登记，无需处理。",
            "correction_carried": "该月的更正（{value}）已同时计入含该月、在审批之前报送的累计数：{figures}。无需处理；"
            "其中如有已含该项更正的，请注明晚于审批日期的填报日期后重报。",
            "correction_same_day": "含该月的累计数（{figures}）与该项更正同日（{value}），视为已含该项更正，未再调整。"
            "如未包含，请填写早于审批日期的填报日期后重报。",
            "correction_revoked": "该项更正后来改为“不同意”，不再执行，已登记，无需处理。",
            "completed_figure": "该行与本表第 {value} 行填报的是同一事项的不同部分，已合并计入。{hint}"
            "请核对；下次请填在同一行。",
            "whole_beside_parts": "该行与本表第 {value} 行是同一数据的分项与合计，两者相符，只计一次，无需处理。",
            "register_waited_for": "名录的这一行未能采用。{hint}",
            "counted_once": "“{title}”在同一企业的各行填了同一个数，视为整家企业的数，与本表第 {value} 行只计一次。"
            "如各行应当相加，请填写合计行后重新报送。",
        },
    ),
    **{
        rule.name: ProblemRule(rule.severity, "resolve", f"{rule.message}。")
        for form in FORMS.values()
        for rule in form.rules
    },
}
"""Every rule by its stable identifier."""

PARSE_PROBLEMS: dict[str, pl.DataType] = {
    **{column.name: column.dtype for column in PROBLEMS.columns if column.name != "run_id"},
    "row": pl.Int64(),
}
"""`schemas.PROBLEMS` without the run, plus the sheet's row (null for a problem of a whole sheet or file)."""

EMPTY: pl.DataFrame = pl.DataFrame(schema=PARSE_PROBLEMS)

_LOCATION = ("submission_id", "file_name", "sheet", "cell", "row", "uscc", "name", "field", "value")
_OPTIONAL = {"hint": ""}
_TITLES: dict[str, str] = {}
for _form in reversed(FORMS.values()):
    _TITLES |= {column.name: column.title for column in _form.columns}


def problem(
    rule: str,
    *,
    submission_id: str,
    file_name: str,
    sheet: str = "",
    cell: str | None = None,
    row: int | None = None,
    uscc: str | None = None,
    name: str | None = None,
    field: str | None = None,
    value: str | None = None,
    **words: str,
) -> dict[str, object]:
    """One problem as a row of `PARSE_PROBLEMS`, its message filled in.

    `field` is the canonical field; its Chinese title fills `{title}` unless `title` is among
    `words`. Raises KeyError for a rule or a word that is not there.
    """
    location = {
        "submission_id": submission_id,
        "file_name": file_name,
        "sheet": sheet,
        "cell": cell,
        "row": row,
        "uscc": uscc,
        "name": name,
        "field": field,
        "value": value,
    }
    found = _rule(rule)
    known = {"title": _TITLES.get(field or "", field), **_OPTIONAL, **location, **words}
    _require_words(rule, known)
    filled = {key: BLANK if text is None else str(text) for key, text in known.items()}
    message = found.message.format_map(filled)
    if not sheet:  # a CSV has no sheet to name
        message = message.replace("工作表“”", "该文件")
    return {**location, "rule": rule, "severity": found.severity, "message": message}


def problems_frame(items: Sequence[dict[str, object]]) -> pl.DataFrame:
    """Problems made by `problem`, as a frame of shape `PARSE_PROBLEMS`."""
    return pl.DataFrame(list(items), schema=PARSE_PROBLEMS, orient="row") if items else EMPTY


def problem_rows(rule: str, frame: pl.DataFrame, words: Mapping[str, pl.Expr] | None = None) -> pl.DataFrame:
    """One problem for each row of `frame`, without a Python loop; shape `PARSE_PROBLEMS`.

    `frame` holds the location columns (submission_id, file_name and sheet at least; the others are
    null where it lacks them); `words` are expressions over it for the other placeholders of the
    message. Raises KeyError for a rule or a word that is not there.
    """
    found = _rule(rule)
    given = dict(words or {})
    known: dict[str, pl.Expr] = {
        "title": pl.col("field").replace(_TITLES),
        **{word: pl.lit(text) for word, text in _OPTIONAL.items()},
        **{name: pl.col(name) for name in _LOCATION},
        **given,
    }
    _require_words(rule, known)
    if frame.is_empty():
        return EMPTY
    pieces = [(text, key) for text, key, _, _ in string.Formatter().parse(found.message)]
    message = pl.concat_str(
        part
        for text, key in pieces
        for part in (pl.lit(text), *((known[key].cast(pl.String).fill_null(BLANK),) if key else ()))
    )
    located = frame.with_columns(
        pl.lit(None).cast(PARSE_PROBLEMS[name]).alias(name) for name in _LOCATION if name not in frame.columns
    )
    return located.with_columns(
        pl.lit(rule).alias("rule"), pl.lit(found.severity).alias("severity"), message.alias("message")
    ).select(pl.col(name).cast(dtype) for name, dtype in PARSE_PROBLEMS.items())


def with_more(listed: pl.DataFrame, more: int, last: int) -> pl.DataFrame:
    """The problems `listed` of one column, the last of which stands for `more` of its kind, down to row `last`."""
    counted = listed.tail(1).with_columns(pl.lit(more).alias("_more"), pl.lit(last).alias("_last"))
    return pl.concat([listed.head(-1), as_more(counted)])


def as_more(first: pl.DataFrame) -> pl.DataFrame:
    """Each of the problems `first` as that of `_more` of its kind, down to row `_last`."""
    pieces = _MORE.split("{}")
    counts = [pl.col("_more").cast(pl.String), pl.col("_last").cast(pl.String).fill_null("")]
    return first.with_columns(
        pl.lit(None, dtype=pl.String).alias("uscc"),
        pl.lit(None, dtype=pl.String).alias("name"),
        counts[0].alias("value"),
        pl.concat_str(pl.lit(pieces[0]), counts[0], pl.lit(pieces[1]), counts[1], pl.lit(pieces[2])).alias("message"),
    ).select(list(PARSE_PROBLEMS))


def without_most(problems: pl.DataFrame) -> pl.DataFrame:
    """`problems` in their order, of each rule and column of a sheet the first `MOST_LISTED` and how many more there
    are. Those of the stage `read` are left as they are: the table that they are of has done so.
    """
    if problems.height <= MOST_LISTED:
        return problems
    key = ["submission_id", "rule", "field", "_letters"]
    numbered = problems.with_columns(
        pl.col("cell").str.extract(r"^([A-Z]+)").alias("_letters"),
        pl.col("rule").is_in([rule for rule, about in RULES.items() if about.stage == "resolve"]).alias("_late"),
    ).with_columns(
        pl.int_range(pl.len()).over(key).alias("_at"),
        (pl.len().over(key) - MOST_LISTED).alias("_more"),
        pl.col("row").max().over(key).alias("_last"),
    )
    over = pl.col("_late") & (pl.col("_more") > 1) & (pl.col("_at") >= MOST_LISTED)
    if not numbered.select(over.any()).item():
        return problems
    placed = numbered.with_row_index("_place")
    more = placed.filter(over & (pl.col("_at") == MOST_LISTED))
    counted = as_more(more).insert_column(0, more["_place"])
    return pl.concat([placed.filter(~over).select("_place", *PARSE_PROBLEMS), counted]).sort("_place").drop("_place")


MOST_OF_FAULT = 200
"""Characters of an unexpected exception that its problem shows."""


def fault_shown(fault: BaseException) -> str:
    """An exception that nobody expected, as the problem `internal` shows it: its name and the beginning of its text."""
    text = " ".join(str(fault).split())
    return f"{type(fault).__name__}: {text[:MOST_OF_FAULT]}"


def cell_address(column: str, row: int) -> str:
    """Name a cell as the spreadsheet shows it: `cell_address("F", 17)` is `F17`."""
    return f"{column}{row}"


def locate(rows: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the file, sheet and cell of each: adds file_name, sheet, cell and the column's factor.

    `rows` has submission_id, row, field and may have block; without one, or where the block does not
    state the field (the enterprise's code and name are stated once for all blocks), the field's first
    column is meant. The cell is null where the sheet has no such column.
    """
    if rows.is_empty():
        # Most rules find nothing; their frames need the columns, not the joins.
        return rows.with_columns(
            *(pl.lit(None, dtype=pl.String).alias(name) for name in ("file_name", "sheet", "cell")),
            pl.lit(None, dtype=pl.Float64).alias("factor"),
        )
    placed = rows.drop("file_name", "sheet", "cell", strict=False).join(
        submissions.select("submission_id", "file_name", "sheet"),
        on="submission_id",
        how="left",
        validate="m:1",
        maintain_order="left",
    )
    first = (
        columns.sort("submission_id", "field", "block")
        .unique(["submission_id", "field"], keep="first", maintain_order=True)
        .select("submission_id", "field", pl.col("column").alias("_first"), pl.col("factor").alias("_first_factor"))
    )
    placed = placed.join(first, on=["submission_id", "field"], how="left", validate="m:1", maintain_order="left")
    if "block" in rows.columns:
        exact = columns.select("submission_id", "field", "block", "column", "factor", pl.col("row").alias("_row"))
        placed = placed.join(
            exact, on=["submission_id", "field", "block"], how="left", validate="m:1", maintain_order="left"
        )
    else:
        placed = placed.with_columns(
            pl.lit(None, dtype=pl.String).alias("column"),
            pl.lit(None, dtype=pl.Float64).alias("factor"),
            pl.lit(None, dtype=pl.Int64).alias("_row"),
        )
    return placed.with_columns(
        (pl.coalesce("column", "_first") + pl.coalesce("_row", "row").cast(pl.String)).alias("cell"),
        pl.when(pl.col("column").is_null()).then("_first_factor").otherwise("factor").alias("factor"),
    ).drop("column", "_first", "_first_factor", "_row")


def number_text(number: pl.Expr) -> pl.Expr:
    """Write a number as a person would: at most 12 significant digits, no `.0`."""
    return number.round_sig_figs(12).cast(pl.String).str.strip_suffix(".0")


def written_number(number: float) -> str:
    """Write one number as a person would: at most 12 significant digits."""
    return f"{number:.12g}"


def stated_text(canonical: pl.Expr) -> pl.Expr:
    """Write a figure in the unit of its cell; the frame has the `factor` that `locate` adds."""
    return number_text(canonical / pl.col("factor").fill_null(1.0))


def _rule(rule: str) -> ProblemRule:
    if rule not in RULES:
        raise KeyError(f"no rule {rule!r} in the catalogue of problems; see RULES in efficiency.intake.problems")
    return RULES[rule]


def _require_words(rule: str, known: Mapping[str, object]) -> None:
    missing = [word for word in RULES[rule].words if word not in known]
    if missing:
        raise KeyError(f"the message of rule {rule!r} needs the word(s) {', '.join(missing)}")
