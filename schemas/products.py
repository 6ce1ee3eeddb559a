"""单位产品能耗: quantity and energy of each limited product, to be held against the limits table."""

from schemas.column import NAME, USCC, Column, Form, facts_table

FORM_PRODUCTS = Form(
    id="products",
    title="单位产品能耗",
    meaning="quantity and energy of one product in a span of months",
    columns=(
        USCC,
        NAME,
        Column(
            "product", "text", "产品名称", "Product, by its name in the limits table", required=True, nullable=False
        ),
        Column("quantity", "number", "产量", "Quantity produced, in `unit`", required=True, minimum=0),
        Column("unit", "text", "计量单位", "Unit of the quantity as stated"),
        Column(
            "energy_tce", "number", "产品能耗", "Energy used for the product", unit="吨标准煤", required=True, minimum=0
        ),
    ),
    flow=True,
    key=("uscc", "product"),
)

PRODUCTS = facts_table("products", FORM_PRODUCTS)
