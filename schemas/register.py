"""企业名录: who is evaluated, in which industry and town, and what protects or excludes it."""

from schemas.column import NAME, USCC, Column, Form, facts_table

REGISTER = Form(
    id="register",
    title="企业名录",
    meaning="the enterprises of the zone and their lasting attributes",
    columns=(
        Column(USCC.name, USCC.kind, USCC.title, USCC.meaning, aliases=USCC.aliases, required=True, nullable=False),
        Column(NAME.name, NAME.kind, NAME.title, NAME.meaning, aliases=NAME.aliases, required=True, nullable=False),
        Column("former_name", "text", "曾用名", "Former name, by which older submissions may call the enterprise"),
        Column(
            "industry",
            "text",
            "行业代码",
            "Industry code, GB/T 4754-2017, 2 to 4 digits",
            aliases=("国民经济行业代码",),
            required=True,
        ),
        Column(
            "town",
            "text",
            "镇办",
            "Town or sub-district",
            aliases=("所属镇办", "所属乡镇", "镇(街道)", "镇街", "所属镇街", "乡镇"),
        ),
        Column(
            "scale",
            "text",
            "规模",
            "Above (规上) or below (规下) the statistical size threshold",
            aliases=("企业规模",),
            choices=("规上", "规下"),
        ),
        Column(
            "commissioned",
            "date",
            "投产日期",
            "First day of the month in which production began",
            aliases=("投产时间",),
        ),
        Column("newly_above_scale", "flag", "是否新升规", "Newly risen above the size threshold", aliases=("新升规",)),
        Column("under_construction", "flag", "是否在建", "Major project under construction", aliases=("在建",)),
        Column("utility", "flag", "是否公用事业", "Public utility: power, heat, gas, water", aliases=("公用事业",)),
        Column("honours", "text", "资质荣誉", "Qualifications and honours, separated by 、"),
        Column("chain", "text", "产业链", "Industrial chain the enterprise belongs to", aliases=("所属产业链",)),
    ),
)

ENTERPRISES = facts_table("enterprises", REGISTER)
