"""一票否决: events that bar an enterprise from a good tier until they are put right."""

from schemas.column import NAME, USCC, Column, Form, Rule

KINDS = ("安全", "环保", "税务", "质量", "能耗", "淘汰类", "其他")

FORM_INCIDENTS = Form(
    id="incidents",
    title="一票否决",
    meaning="accidents, penalties and findings with the date of their rectification",
    columns=(
        USCC,
        NAME,
        Column(
            "date",
            "date",
            "发生日期",
            "Date of the event",
            required=True,
            nullable=False,
            hint="事故、处罚或认定的日期。",
        ),
        Column("kind", "text", "事项类别", "Kind of the event", required=True, choices=KINDS, hint="从下拉列表选择。"),
        Column(
            "document", "text", "文号", "Number of the document that states it", hint="处罚决定书或认定文件的文号。"
        ),
        Column(
            "resolved",
            "date",
            "整改完成日期",
            "Date on which it was put right; empty while open",
            hint="完成整改并经验收的日期；尚未完成的留空。",
        ),
        Column(
            "deadline",
            "date",
            "整改期限",
            "Day by which it is to be put right, or the equipment, process or product phased out",
            aliases=("整改时限", "限期整改日期", "淘汰期限", "淘汰时限", "完成时限", "完成期限"),
            hint="文件规定的整改或淘汰期限；没有规定的留空。",
        ),
    ),
    key=("uscc", "date", "kind", "document"),
    stands_until_withdrawn=True,
    rules=(
        Rule(
            "resolved_before_event",
            "resolved >= date",
            ("resolved", "date"),
            "warning",
            "整改完成日期早于发生日期，请核对两个日期",
        ),
    ),
    advice=("每个事项填一行；完成整改后补填整改完成日期并重新报送。",),
)
