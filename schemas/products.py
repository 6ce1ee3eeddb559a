"""单位产品能耗: quantity and energy of each limited product, to be compared with the limits table."""

from schemas.column import NAME, ONE_SPAN_A_ROW, USCC, Column, Form

FORM_PRODUCTS = Form(
    id="products",
    title="单位产品能耗",
    meaning="quantity and energy of one product in a span of months",
    columns=(
        USCC,
        NAME,
        Column(
            "product",
            "text",
            "产品名称",
            "Product, by its name in the limits table",
            required=True,
            nullable=False,
            hint="从下拉列表选择限额标准中的产品；其他产品直接填写名称。",
        ),
        Column(
            "quantity",
            "number",
            "产量",
            "Quantity produced, in `unit`",
            required=True,
            minimum=0,
            figure="flow",
            hint="合格产品产量，按本行计量单位填写。",
        ),
        Column(
            "unit",
            "text",
            "计量单位",
            "Unit of the quantity as stated",
            aliases=("单位", "产量单位", "产品单位"),
            hint="产量的计量单位，如 吨、平方米、重量箱。",
        ),
        Column(
            "energy_tce",
            "number",
            "产品能耗",
            "Energy used for the product",
            unit="吨标准煤",
            required=True,
            minimum=0,
            figure="flow",
            compared=("returns",),
            hint="生产该产品的综合能耗。",
        ),
    ),
    flow=True,
    parts=True,
    key=("uscc", "product"),
    quantity_unit="unit",
    advice=(ONE_SPAN_A_ROW,),
)
