"""The register of objections (申诉登记): every correction that was asked for, what was decided, and what it did."""

from dataclasses import replace

from schemas.column import Column, Table
from schemas.corrections import FORM_CORRECTIONS
from schemas.profile import TIERS

STATES = {
    "pending": "待审批",
    "accepted": "已采纳",
    "declined": "不予采纳",
    "replaced": "已被后续更正替代",
    "withdrawn": "已撤回",
    "refused": "无法采用",
}
"""State of an objection → what officials read for it."""
PENDING = "pending"
"""The state of an objection that is not decided yet; beside the forms' facts the key of a frame with `uscc`, a row for
each such objection."""

_STATED = ("uscc", "name", "field", "old", "new", "reason", "document", "filed", "deadline", "approved_by", "approved")

OBJECTIONS = Table(
    schema="intake",
    name="objections",
    meaning="One row per correction that was asked for, as its ledger states it last. Its effect is that on the last "
    "period of the first run that applied it",
    columns=(
        *(replace(FORM_CORRECTIONS.column(name), nullable=True) for name in _STATED),
        Column("span_start", "date", "所属期起", "First day of the first month that the figure covers"),
        Column("span_end", "date", "所属期止", "First day of the last month that the figure covers"),
        Column("state", "text", "办理状态", "pending: not approved yet; accepted: it counts; declined: not agreed to; "
               "replaced: a later correction of the figure counts; withdrawn: no longer in the newest version of its "
               "file, or that was withdrawn; refused: not usable, see intake.problems", nullable=False,
               choices=tuple(STATES)),
        Column("received", "timestamp", "首次收到时间", "When it was read first", nullable=False),
        Column("submission_id", "text", "报送编号", "Sheet that states it last", nullable=False),
        Column("sheet", "text", "工作表", "Worksheet name; empty for CSV", nullable=False),
        Column("row", "integer", "行号", "Row of the sheet", nullable=False, minimum=1),
        Column("period", "text", "评价期", "Last period of the first run that knew it; null while it "
               "has entered none"),
        Column("evaluation_before", "text", "更正前评价", "Current evaluation of the period before that; null if none"),
        Column("evaluation_after", "text", "更正后评价", "The evaluation made with it; other files of the same run "
               "have their part in the difference"),
        Column("score_before", "number", "更正前得分", "The enterprise's score before"),
        Column("score_after", "number", "更正后得分", "The enterprise's score after"),
        Column("rank_before", "integer", "更正前名次", "The enterprise's rank before"),
        Column("rank_after", "integer", "更正后名次", "The enterprise's rank after"),
        Column("tier_before", "text", "更正前等级", "The enterprise's tier before", choices=TIERS),
        Column("tier_after", "text", "更正后等级", "The enterprise's tier after", choices=TIERS),
        Column("others_moved", "integer", "受影响的其他企业数", "Other enterprises whose tier differs between the two"),
    ),
)  # fmt: skip
