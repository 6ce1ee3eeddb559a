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
        ),
        Column(
            "leased_in",
            "number",
            "租入面积",
            "Land or floor rented from others",
            unit="亩",
            aliases=("承租面积", "租入用地面积", "承租用地面积"),
            minimum=0,
        ),
        Column(
            "leased_out",
            "number",
            "租出面积",
            "Land or floor let to others",
            unit="亩",
            aliases=("出租面积", "租出用地面积", "出租用地面积"),
            minimum=0,
        ),
        Column("idle", "number", "闲置面积", "Idle land", unit="亩", aliases=("闲置用地面积",), minimum=0),
        Column("as_of", "date", "截止日期", "Date on which the areas held"),
    ),
    key=("uscc", "as_of"),
    rules=(
        Rule(
            "leased_out_exceeds",
            "leased_out <= COALESCE(owned, 0) + COALESCE(leased_in, 0)",
            ("leased_out", "owned", "leased_in"),
            "warning",
            "租出面积大于自有与租入面积之和,请核对三项面积",
        ),
    ),
)

LAND = facts_table("land", FORM_LAND)
