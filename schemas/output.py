"""产出: what an enterprise yields and what it takes beside land and energy, by span of months."""

from schemas.column import NAME, USCC, Column, Form, Rule, facts_table

MEASURES = (
    Column(
        "revenue",
        "number",
        "营业收入",
        "Operating revenue",
        unit="万元",
        aliases=("主营业务收入", "销售收入"),
        minimum=0,
        hint="营业收入，不含增值税。",
    ),
    Column(
        "gross_output",
        "number",
        "工业总产值",
        "Gross industrial output value",
        unit="万元",
        aliases=("总产值",),
        minimum=0,
        hint="工业总产值（当年价格）。",
    ),
    Column(
        "value_added",
        "number",
        "工业增加值",
        "Industrial value added; may honestly be negative",
        unit="万元",
        aliases=("增加值",),
        hint="工业增加值，亏损企业可为负数。",
    ),
    Column(
        "tax",
        "number",
        "实缴税金",
        "Tax really paid; a refund may make it negative",
        unit="万元",
        aliases=("入库税收", "实缴税收", "税收", "入库税金"),
        hint="实际入库税金；退税大于缴税时为负数。",
    ),
    Column(
        "rd_expense",
        "number",
        "研发费用",
        "Research and development expense",
        unit="万元",
        aliases=("研发经费支出", "研发经费", "R&D经费支出", "R&D经费"),
        minimum=0,
        hint="研发费用或研发经费支出。",
    ),
    Column(
        "employees",
        "number",
        "平均用工人数",
        "Average number of staff",
        unit="人",
        aliases=("从业人员平均人数", "从业人员平均数", "平均职工人数", "职工平均人数"),
        minimum=0,
        hint="报告期平均用工人数。",
    ),
    Column(
        "emissions",
        "number",
        "主要污染物排放量",
        "Discharge of the main pollutants (equivalent)",
        unit="吨",
        aliases=("污染物排放当量", "主要污染物排放当量"),
        minimum=0,
        hint="主要污染物排放量（当量合计）。",
    ),
    Column(
        "cod",
        "number",
        "化学需氧量排放量",
        "Discharge of chemical oxygen demand",
        unit="吨",
        aliases=("COD排放量", "化学需氧量"),
        minimum=0,
        hint="化学需氧量排放量。",
    ),
    Column(
        "water",
        "number",
        "用水量",
        "Water taken",
        unit="吨",
        aliases=("取水量",),
        minimum=0,
        hint="取用新水量；1 立方米按 1 吨填写。",
    ),
)
FLOWS = tuple(column.name for column in MEASURES if column.name != "employees")
"""Measures that add up over months; `employees` is a level, of which the latest month counts."""

FORM_OUTPUT = Form(
    id="output",
    title="产出",
    meaning="economic output, tax, staff and discharges of a span of months",
    columns=(USCC, NAME, *MEASURES),
    flow=True,
    one_of=tuple(column.name for column in MEASURES),
    rules=(
        Rule(
            "tax_exceeds_revenue",
            "tax <= revenue",
            ("tax", "revenue"),
            "warning",
            "实缴税金大于营业收入，请核对两项数值及其计量单位",
        ),
    ),
)

OUTPUT = facts_table("output", FORM_OUTPUT, unique=False)
"""Several departments state different measures of one enterprise and span; what is unique is each measure's value."""
