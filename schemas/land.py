"""用地: how much land an enterprise really uses, owned and rented."""

from schemas.column import NAME, USCC, Column, Form, Rule, facts_table

FORM_LAND = Form(
    id="land",
    title="用地",
    meaning="land owned, rented, let and idle at a date",
    columns=(
        USCC,
        NAME,
        Column(
            "owned",
            "number",
            "自有用地面积",
            "Land owned or registered",
            unit="亩",
            aliases=("登记用地面积", "自有土地面积", "用地面积"),
            required=True,
            minimum=0,
            hint="自有或登记用地面积。",
        ),
        Column(
            "leased_in",
            "number",
            "租入面积",
            "Land or floor rented from others",
            unit="亩",
            aliases=("承租面积", "租入用地面积", "承租用地面积"),
            minimum=0,
            hint="向其他单位租入的用地面积，没有的留空。",
        ),
        Column(
            "leased_out",
            "number",
            "租出面积",
            "Land or floor let to others",
            unit="亩",
            aliases=("出租面积", "租出用地面积", "出租用地面积"),
            minimum=0,
            hint="出租给其他单位的用地面积，不得大于自有与租入面积之和。",
        ),
        Column(
            "idle",
            "number",
            "闲置面积",
            "Idle land",
            unit="亩",
            aliases=("闲置用地面积",),
            minimum=0,
            hint="闲置未用的面积。",
        ),
        Column("as_of", "date", "截止日期", "Date on which the areas held", hint="上述面积的截止日期，如 2026-10-31。"),
    ),
    key=("uscc", "as_of"),
    rules=(
        Rule(
            "leased_out_exceeds",
            "leased_out <= COALESCE(owned, 0) + COALESCE(leased_in, 0)",
            ("leased_out", "owned", "leased_in"),
            "warning",
            "租出面积大于自有与租入面积之和，请核对三项面积",
        ),
    ),
)

LAND = facts_table("land", FORM_LAND)
