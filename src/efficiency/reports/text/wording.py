"""Chinese words for what problems name in codes: severities and canonical fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas import FORMS

if TYPE_CHECKING:
    import polars as pl

SEVERITIES: dict[str, str] = {"error": "错误", "warning": "警告", "note": "提示"}
"""Severity → the word a submitter reads, gravest first."""
SUBMISSION_STATUSES: dict[str, str] = {"accepted": "全部采纳", "partly": "部分采纳", "refused": "退回"}
"""Status of a submitted sheet → what officials read for it."""
RULES: dict[str, str] = {
    "unreadable": "文件无法读取",
    "internal": "程序故障",
    "form_unknown": "表式无法识别",
    "header_duplicate": "表头重复",
    "unit_unknown": "计量单位无法识别",
    "unit_mismatch": "计量单位与指标不符",
    "period_unknown": "所属期无法确定",
    "not_a_number": "应填数字",
    "merged_figure": "合并单元格跨企业",
    "error_cell": "单元格为错误值",
    "formula_uncached": "公式未计算",
    "not_a_date": "应填日期",
    "not_a_choice": "不在可选项内",
    "carrier_unknown": "能源品种不在目录",
    "row_unread": "行未采用",
    "carrier_mismatch": "消费量填在其他品种的行",
    "industry_invalid": "行业代码无效",
    "uscc_damaged": "信用代码存为数字已损坏",
    "row_empty": "整行无可用数据",
    "row_overlong": "格数与表头不符",
    "total_overlong": "合计行格数与表头不符",
    "coefficient_missing": "缺少折标系数",
    "consumption_missing": "缺少消费量",
    "uscc_invalid": "信用代码校验不符",
    "enterprise_unknown": "企业不在名录",
    "enterprise_ambiguous": "企业名称对应多个代码",
    "enterprise_missing": "未填企业",
    "conflict": "同表填报不一致",
    "part_missing": "分项不完整",
    "part_unread": "分项无法采用",
    "unit_column": "整列疑似单位错误",
    "correction_field_unknown": "更正指标无法识别",
    "correction_incomplete": "更正事项不完整",
    "control_total": "合计与明细不符",
    "percent_in_amount": "数额栏填了百分数",
    "correction_not_carried": "更正未能计入累计数",
    "correction_carried": "更正计入累计数",
    "correction_same_day": "更正与累计数同日",
    "correction_of_span_alone": "更正未及其他累计数",
    "entries_left_out": "事项未再列出仍有效",
    "figures_lapsed": "前版数据不再计入",
    "file_misnamed": "文件名与所属期不符",
    "replaces_file": "整表替代另一文件",
    "replaced_by_file": "被另一文件整表替代",
    "file_succeeded": "已由同名文件取代",
    "file_withdrawn": "已撤回",
    "negative": "出现负数",
    "cumulative_falls": "累计数下降",
    "unit_suspect": "疑似单位错误",
    "coefficient_deviates": "折标系数偏离参考值",
    "energy_total": "综合能耗与分品种之和不符",
    "name_mismatch": "名称与代码不一致",
    "code_renamed": "同一代码换了名称",
    "unit_doubt": "整列数值过大",
    "coefficient_unlike": "折标系数与品种不符",
    "energy_unlike": "能耗与消费量不符",
    "header_near": "表头疑似笔误",
    "figures_planned": "计划或预计数",
    "plan_doubt": "是否计划数存疑",
    "title_doubt": "标题与指标不符存疑",
    "change_doubt": "实际数或增减额存疑",
    "rows_planned": "计划数的行未采用",
    "kinds_added": "同类能源已相加",
    "cumulative_doubt": "各月数是否累计存疑",
    "column_unread": "有数据的列未采用",
    "column_passed": "其他列未采用",
    "format_scaled": "数字格式改变了含义",
    "header_loose": "表头含义存疑",
    "carrier_unread": "能源品种列未采用",
    "marks_unread": "错误值可能当作空白",
    "unit_assumed": "未注明计量单位",
    "not_a_spreadsheet": "不是电子表格",
    "sheet_aside": "不是数据表",
    "archive_unread": "压缩包未读取",
    "ending_unknown": "扩展名不在读取范围",
    "hidden_sheet": "隐藏工作表未读取",
    "repeated_file": "重复文件",
    "formula_idle": "公式结果存疑",
    "sheet_empty": "工作表无数据",
    "product_unknown": "产品不在限额目录",
    "superseded_figure": "已被后报数据替代",
    "correction_declined": "更正未获同意",
    "correction_revoked": "更正后来未获同意",
    "completed_figure": "同一事项已合并",
    "repeated_figure": "重复填报",
    "register_waited_for": "数据等待名录改正",
    "counted_once": "各行相同只计一次",
    "whole_beside_parts": "合计与分项并列",
    "part_within": "其中项不另相加",
    "parts_by_total": "按合计数相加",
    "leased_out_exceeds": "租出超过自有与租入",
    "tax_exceeds_revenue": "税金大于收入",
    "resolved_before_event": "整改早于发生",
}
"""Rule of a problem → what officials read for it; a rule that is not named here is shown as it is."""
FIELDS: dict[str, str] = {
    **{column.name: column.title for form in reversed(FORMS.values()) for column in form.columns},
    "span_end": "所属期",
}
"""Canonical field → Chinese title; where two forms share a field's name, the form declared first titles it."""


def field_title(field: pl.Expr) -> pl.Expr:
    """Chinese title of a canonical field; what is no field (an energy carrier) is shown as it is, null is blank."""
    return field.replace(FIELDS).fill_null("")
