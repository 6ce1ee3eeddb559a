"""申诉更正: approved corrections of single figures, with who approved them and why."""

from schemas.column import NAME, USCC, Column, Form, facts_table

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
        ),
        Column("old", "number", "原值", "Value before the correction, in the measure's canonical unit"),
        Column("new", "number", "更正值", "Value after the correction, in the measure's canonical unit", required=True),
        Column("reason", "text", "更正依据", "Evidence for the correction"),
        Column("approved_by", "text", "审批人", "Who approved it", required=True),
        Column("approved", "date", "审批日期", "When it was approved"),
    ),
    flow=True,
    key=("uscc", "field"),
)

CORRECTIONS = facts_table("corrections", FORM_CORRECTIONS)
