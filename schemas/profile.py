"""The enterprise profile: one row per enterprise and period, and the words that a policy's expressions may use."""

from schemas.column import Column, Table
from schemas.forms import MEASURED

LAND_MEASURES = (
    Column("land", "number", "用地面积", "Land used: owned + leased in − leased out", unit="亩"),
    Column("land_owned", "number", "自有用地", "Land owned", unit="亩"),
    Column("land_leased_in", "number", "租入用地", "Land rented from others", unit="亩"),
    Column("land_leased_out", "number", "租出用地", "Land let to others", unit="亩"),
    Column("land_idle", "number", "闲置用地", "Idle land", unit="亩"),
)
ENERGY_MEASURES = (
    Column(
        "energy", "number", "综合能耗", "Energy of the window under the policy's basis and exclusions", unit="吨标准煤"
    ),
    Column("electricity", "number", "用电量", "Electricity of the window, green power included", unit="万千瓦时"),
)
TOTALS = (
    *LAND_MEASURES,
    *(
        Column(
            measure.name,
            "number",
            measure.title,
            f"{measure.meaning}: {'total' if measure.figure == 'flow' else 'latest month'} of the window",
            unit=measure.unit,
        )
        for _, measure in MEASURED
    ),
    *ENERGY_MEASURES,
)
"""Words for figures of the window; null means that the submitted figures do not determine the total."""

INCIDENTS = {
    "incidents_safety": ("安全", "未整改安全事项"),
    "incidents_environment": ("环保", "未整改环保事项"),
    "incidents_energy": ("能耗", "未整改能耗事项"),
    "incidents_phaseout": ("淘汰类", "淘汰类事项"),
}
"""Word that counts open incidents of one kind → that kind (of `schemas.incidents.KINDS`), and the word's title."""
MONTHS_WITHOUT = {
    "months_without_revenue": ("连续无营业收入月数", "revenue"),
    "months_without_electricity": ("连续无用电月数", "electricity"),
}
"""Word that counts months without a figure → its title, and the word for the figure's total."""
TIERS = ("A", "B", "C", "D")
ENERGY_LEVELS = {"advanced": "达到标杆水平", "standard": "达到基准水平", "below": "低于基准水平"}
"""Level of a product against the limits table → what officials read for it."""

PROFILE = Table(
    schema="results",
    name="profile",
    meaning="One row per enterprise of the register at the end of a period",
    columns=(
        Column("uscc", "text", "统一社会信用代码", "Enterprise", nullable=False),
        Column("name", "text", "企业名称", "Enterprise name", nullable=False),
        Column("industry", "text", "行业代码", "Industry code, GB/T 4754-2017"),
        Column("industry_division", "text", "行业大类", "First two digits of the industry code"),
        Column("town", "text", "镇办", "Town or sub-district"),
        Column("scale", "text", "规模", "规上 or 规下"),
        Column("chain", "text", "产业链", "Industrial chain"),
        Column("honours", "text", "资质荣誉", "Qualifications and honours"),
        Column("utility", "flag", "公用事业", "Public utility"),
        Column("newly_above_scale", "flag", "新升规", "Newly above the size threshold"),
        Column("under_construction", "flag", "在建", "Major project under construction"),
        Column(
            "months_since_commissioned",
            "integer",
            "投产月数",
            "Whole calendar months from the commissioning month to the period's month",
            unit="月",
        ),
        *TOTALS,
        *(
            Column(
                word,
                "integer",
                title,
                f"Trailing months up to the period's with no {what}, each determined as exactly 0, back to the first "
                "month that is stated at most; 0 where the period's month is not zero, null where an undetermined "
                "month comes first",
                unit="月",
            )
            for word, (title, what) in MONTHS_WITHOUT.items()
        ),
        Column("visited", "flag", "已走访", "A dated visit not after the period's end", nullable=False),
        Column(
            "months_since_visit",
            "integer",
            "距最近走访月数",
            "Whole calendar months from the month of the latest dated visit to the period's month",
            unit="月",
        ),
        Column("tech_level", "text", "科技含量", "Technology level of the latest visit that states it"),
        Column("willingness", "text", "发展意愿", "Will to develop of the latest visit that states it"),
        Column(
            "investment",
            "number",
            "计划总投资",
            "Planned investment of the latest visit that names a project",
            unit="万元",
        ),
        Column("project_kind", "text", "项目类型", "Kind of the planned project, of the same visit"),
        Column(
            "open_incidents", "integer", "未整改事项数", "Incidents not resolved at the period's end", nullable=False
        ),
        *(
            Column(word, "integer", title, f"Open incidents of kind {kind}", nullable=False)
            for word, (kind, title) in INCIDENTS.items()
        ),
        Column(
            "incident_documents",
            "text",
            "未整改事项",
            "Date, kind and document of the open incidents, in Chinese, the oldest first",
        ),
        Column(
            "phaseout_items",
            "text",
            "淘汰类事项及期限",
            "Date, document and deadline of the open incidents of kind 淘汰类, in Chinese, the oldest first",
        ),
        Column(
            "phaseout_overdue",
            "integer",
            "逾期淘汰类事项数",
            "Open incidents of kind 淘汰类 whose deadline is over at the period's end; one without a deadline is not",
            nullable=False,
        ),
        Column(
            "open_objection",
            "flag",
            "有待审批申诉",
            "A correction that was asked for is neither approved nor declined",
            nullable=False,
        ),
        Column(
            "energy_level",
            "text",
            "能效水平",
            "Worst product against the limits table",
            choices=tuple(ENERGY_LEVELS),
        ),
        Column(
            "below_baseline",
            "text",
            "能效低于基准水平的产品",
            "The product furthest above its baseline, with its unit energy, baseline and standard, in Chinese; null "
            "where no product is worse than its baseline",
        ),
        Column(
            "renovate_by",
            "text",
            "改造或淘汰期限",
            "Day (YYYY-MM-DD) by which a product that is worse than its baseline was to be renovated or phased out, "
            "the earliest of its products; null where the limits table has no deadline for it",
        ),
        Column(
            "months_past_renovate_by",
            "integer",
            "逾期月数",
            "Whole calendar months from the month of renovate_by to the period's month, 0 up to then",
            unit="月",
        ),
        Column(
            "previous_tier",
            "text",
            "上期等级",
            "Tier in the last current evaluation of an earlier period under the same policy",
            choices=TIERS,
        ),
        Column(
            "d_streak_before",
            "integer",
            "此前连续D类期数",
            "Consecutive evaluated periods in D immediately before this one",
            nullable=False,
        ),
    ),
    key=("uscc",),
)
ADDED_LATER = (
    *MONTHS_WITHOUT,
    "visited",
    "months_since_visit",
    "open_objection",
    "incident_documents",
    "phaseout_items",
    "phaseout_overdue",
    "below_baseline",
    "renovate_by",
    "months_past_renovate_by",
)
"""Columns that the profile of version 2026.11.2 and earlier did not have, so that their digests of it can be made."""
PROFILE_TITLES = {column.name: column.title for column in PROFILE.columns}
"""Column of the profile → its Chinese title."""
