"""What is noticed before scoring: what came last month and not this month, and what came in another shape."""

from schemas.column import Column, Table

KINDS = {
    "not_reported": "未报送",
    "late": "迟报",
    "enterprise_missing": "企业缺报",
    "new_header": "表头变化",
    "lost_column": "栏目缺失",
    "new_unit": "计量单位变化",
    "rows_jump": "行数突变",
    "sum_jump": "合计突变",
}
"""Kind of a finding → its name in Chinese, gravest first."""

WATCH = Table(
    schema="intake",
    name="watch",
    meaning="One row per thing that differs from the submission before: what is late or missing, and what has drifted",
    columns=(
        Column("period", "text", "评价期", "Period that was about to be evaluated, YYYY-MM", nullable=False),
        Column(
            "kind",
            "text",
            "类别",
            "not_reported and late: a department's regular return; enterprise_missing: an enterprise of it; "
            "new_header, lost_column, new_unit, rows_jump, sum_jump: drift of its layout or figures",
            nullable=False,
            choices=tuple(KINDS),
        ),
        Column("department", "text", "部门", "Top folder of the file below the inbox; empty where it is in none"),
        Column("series", "text", "报表", "Path of the file without dates: what a department sends again and again"),
        Column("form", "text", "表式", "Form of the sheets", nullable=False),
        Column("file_name", "text", "文件", "Newest file of the series that is known, path below the inbox"),
        Column("field", "text", "指标", "Canonical field or energy carrier; several separated by 、"),
        Column("uscc", "text", "统一社会信用代码", "Enterprise, for enterprise_missing"),
        Column("name", "text", "企业名称", "Enterprise name, for enterprise_missing"),
        Column("before", "text", "上期", "What it was in the submission before: period, header, unit, number"),
        Column("now", "text", "本期", "What it is now"),
        Column(
            "days",
            "integer",
            "逾期天数",
            "Days after the day by which it came in most earlier months; null where not known",
        ),
        Column("message", "text", "说明", "What is noticed and what to do, in Chinese", nullable=False),
    ),
)
