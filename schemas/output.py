"""产出: output, tax, staff, water and discharges of an enterprise, by span of months."""

from schemas.column import NAME, ONE_SPAN_A_ROW, USCC, Column, Figure, Form, Rule


def _measure(
    name: str,
    title: str,
    meaning: str,
    unit: str,
    *,
    hint: str,
    aliases: tuple[str, ...] = (),
    minimum: float | None = 0,
    figure: Figure = "flow",
) -> Column:
    """A measure: it may be corrected, is compared with other months and returns, and feeds the word of its name."""
    return Column(
        name,
        "number",
        title,
        meaning,
        unit=unit,
        aliases=aliases,
        minimum=minimum,
        hint=hint,
        figure=figure,
        compared=("months", "returns"),
        correctable=True,
        feeds=((name, 1),),
    )


MEASURES = (
    _measure(
        "revenue",
        "营业收入",
        "Operating revenue",
        "万元",
        aliases=("主营业务收入", "销售收入"),
        hint="营业收入，不含增值税。",
    ),
    _measure(
        "gross_output",
        "工业总产值",
        "Gross industrial output value",
        "万元",
        aliases=("总产值",),
        hint="工业总产值（当年价格）。",
    ),
    _measure(
        "value_added",
        "工业增加值",
        "Industrial value added; may honestly be negative",
        "万元",
        aliases=("增加值",),
        minimum=None,
        hint="工业增加值，亏损企业可为负数。",
    ),
    _measure(
        "tax",
        "实缴税金",
        "Tax really paid; a refund may make it negative",
        "万元",
        aliases=("入库税收", "实缴税收", "税收", "入库税金"),
        minimum=None,
        hint="实际入库税金；退税大于缴税时为负数。",
    ),
    _measure(
        "rd_expense",
        "研发费用",
        "Research and development expense",
        "万元",
        aliases=("研发经费支出", "研发经费", "R&D经费支出", "R&D经费"),
        hint="研发费用或研发经费支出。",
    ),
    _measure(
        "employees",
        "平均用工人数",
        "Average number of staff",
        "人",
        aliases=("从业人员平均人数", "从业人员平均数", "平均职工人数", "职工平均人数"),
        figure="level",
        hint="报告期平均用工人数。",
    ),
    _measure(
        "emissions",
        "主要污染物排放量",
        "Discharge of the main pollutants (equivalent)",
        "吨",
        aliases=("污染物排放当量", "主要污染物排放当量"),
        hint="主要污染物排放量（当量合计）。",
    ),
    _measure(
        "cod",
        "化学需氧量排放量",
        "Discharge of chemical oxygen demand",
        "吨",
        aliases=("COD排放量", "化学需氧量"),
        hint="化学需氧量排放量。",
    ),
    _measure(
        "water",
        "用水量",
        "Water taken",
        "吨",
        aliases=("取水量",),
        hint="取用新水量；1 立方米按 1 吨填写。",
    ),
)

FORM_OUTPUT = Form(
    id="output",
    title="产出",
    meaning="economic output, tax, staff and discharges of a span of months",
    columns=(USCC, NAME, *MEASURES),
    flow=True,
    parts=True,
    one_of=tuple(column.name for column in MEASURES),
    side_by_side=True,
    replaces="figure",
    rules=(
        Rule(
            "tax_exceeds_revenue",
            "tax <= revenue",
            ("tax", "revenue"),
            "warning",
            "实缴税金大于营业收入，请核对两项数值及其计量单位",
        ),
    ),
    advice=(ONE_SPAN_A_ROW, "本部门没有的指标整列留空即可，由其他部门报送。"),
)
