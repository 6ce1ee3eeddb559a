"""申诉更正: approved corrections of single figures, with who approved them and why."""

from schemas.column import NAME, USCC, Column, Form

CARRIED = "申诉更正"
"""Beginning of `part` of what a correction of a month carries into a longer figure: `申诉更正 2026-03` is the corrected
figure; with more words it is the one that it replaces, which facts keep with the opposite sign."""


FORM_CORRECTIONS = Form(
    id="corrections",
    title="申诉更正",
    meaning="an approved correction of one figure of one span",
    columns=(
        USCC,
        NAME,
        Column(
            "field",
            "text",
            "更正指标",
            "Measure that is corrected, by a header of its form",
            required=True,
            nullable=False,
            hint="从下拉列表选择要更正的指标。",
        ),
        Column(
            "old",
            "number",
            "原值",
            "Value before the correction, in the measure's canonical unit",
            hint="更正前的数值，计量单位与原表一致。",
        ),
        Column(
            "new",
            "number",
            "更正值",
            "Value after the correction, in the measure's canonical unit",
            required=True,
            figure="value",
            hint="更正后的数值，计量单位见填报说明。",
        ),
        Column("reason", "text", "更正依据", "Evidence for the correction", hint="依据的材料名称、文号。"),
        Column(
            "approved_by",
            "text",
            "审批人",
            "Who approved it",
            required=True,
            hint="批准更正的负责人姓名；未经审批的不予更正。",
        ),
        Column("approved", "date", "审批日期", "When it was approved", hint="批准日期。"),
        Column(
            "decision",
            "text",
            "审批意见",
            "Whether it was agreed to; empty with an approver means agreed",
            aliases=("审批结果",),
            choices=("同意", "不同意"),
            hint="从下拉列表选择；不同意的不予更正，只作登记。",
        ),
        Column(
            "document",
            "text",
            "依据文号",
            "Number of the document that proves it",
            aliases=("文号",),
            hint="证明材料或批复的文号；没有的留空。",
        ),
        Column(
            "filed", "date", "申诉日期", "When it was asked for", aliases=("提出日期",), hint="企业提出申诉的日期。"
        ),
        Column(
            "deadline",
            "date",
            "办理期限",
            "Day by which it is to be decided, as the office sets it",
            aliases=("答复期限",),
            hint="按本地规定应当答复的日期；没有规定的留空。",
        ),
    ),
    flow=True,
    key=("uscc", "field"),
    lists_entries=True,
    advice=("每个企业、每个时期、每项指标填一行；更正值优先于任何报送数据。",),
)
