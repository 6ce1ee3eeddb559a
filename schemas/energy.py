"""能源: consumption of each carrier by span of months, as form 205-1 states it or as columns of a wide sheet."""

from schemas.column import NAME, ONE_SPAN_A_ROW, USCC, Column, Form

TOTAL_CARRIER = "综合能源消费量"
"""The carrier name under which a directly stated total (吨标准煤) is kept."""

FORM_ENERGY = Form(
    id="energy",
    title="能源消费",
    meaning="consumption of one energy carrier in a span of months",
    columns=(
        USCC,
        NAME,
        Column(
            "carrier",
            "text",
            "能源名称",
            "Energy carrier, by its standard name in the carriers table",
            aliases=("能源品种",),
            required=True,
            nullable=False,
            hint="从下拉列表选择；一个能源品种填一行。",
        ),
        Column(
            "unit",
            "text",
            "计量单位",
            "Unit in which the row was stated",
            required=True,
            hint="消费量所用的计量单位，从下拉列表选择。",
        ),
        Column(
            "consumption",
            "number",
            "消费量",
            "Consumption in the carrier's form unit; null where the figure was refused, which makes the total missing",
            aliases=("消费量合计", "消费合计", "消费量-合计", "消费量合计数"),
            required=True,
            minimum=0,
            figure="flow",
            compared=("months", "returns"),
            correctable=True,
            all_or_nothing=True,
            feeds=(("energy", 1), ("electricity", 1)),
            hint="报告期消费量合计，按本行计量单位填写；没有消费的品种不必填行。",
        ),
        Column(
            "feedstock",
            "number",
            "用于原材料",
            "Of which used as raw material, in the form unit",
            minimum=0,
            feeds=(("energy", -1), ("electricity", -1)),
            hint="其中用作原料、材料的数量，计量单位同消费量。",
        ),
        Column(
            "transformed",
            "number",
            "加工转换产出",
            "Output of energy transformation, in the form unit",
            minimum=0,
            feeds=(("energy", -1), ("electricity", -1)),
            hint="加工转换产出的数量，计量单位同消费量。",
        ),
        Column(
            "coefficient",
            "number",
            "采用折标系数",
            "The enterprise's own coefficient, tce per the carrier's form unit whatever unit the row is in",
            minimum=0,
            hint="有实测系数的填写，为每吨（万立方米、百万千焦、万千瓦时）折标准煤的吨数；没有的留空，按参考系数折算。",
        ),
    ),
    flow=True,
    parts=True,
    side_by_side=True,
    key=("uscc", "carrier"),
    named_by="carrier",
    row_unit="unit",
    advice=(ONE_SPAN_A_ROW, "能源消费量与综合能耗由系统按折标系数计算，不必填报合计行。"),
)
