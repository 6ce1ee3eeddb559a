"""企业名录: who is evaluated, in which industry and town, and what protects or excludes it."""

from schemas.column import NAME, USCC, Column, Form, facts_table

REGISTER = Form(
    id="register",
    title="企业名录",
    meaning="the enterprises of the zone and their lasting attributes",
    columns=(
        Column(USCC.name, USCC.kind, USCC.title, USCC.meaning, aliases=USCC.aliases, required=True, nullable=False),
        Column(NAME.name, NAME.kind, NAME.title, NAME.meaning, aliases=NAME.aliases, required=True, nullable=False),
        Column(
            "former_name",
            "text",
            "曾用名",
            "Former name, by which older submissions may call the enterprise",
            hint="更名企业填写原名称，以便识别以前的报送数据。",
        ),
        Column(
            "industry",
            "text",
            "行业代码",
            "Industry code, GB/T 4754-2017, 2 to 4 digits",
            aliases=("国民经济行业代码",),
            required=True,
            hint="《国民经济行业分类》（GB/T 4754-2017）2 至 4 位代码，如 3071。",
        ),
        Column(
            "town",
            "text",
            "镇办",
            "Town or sub-district",
            aliases=("所属镇办", "所属乡镇", "镇(街道)", "镇街", "所属镇街", "乡镇"),
            hint="所在镇（街道）名称，各次报送写法应一致。",
        ),
        Column(
            "scale",
            "text",
            "规模",
            "Above (规上) or below (规下) the statistical size threshold",
            aliases=("企业规模",),
            choices=("规上", "规下"),
            hint="规模以上填“规上”，规模以下填“规下”。",
        ),
        Column(
            "commissioned",
            "date",
            "投产日期",
            "First day of the month in which production began",
            aliases=("投产时间",),
            hint="投产月份的第一天，如 2019-05-01。",
        ),
        Column(
            "newly_above_scale",
            "flag",
            "是否新升规",
            "Newly risen above the size threshold",
            aliases=("新升规",),
            hint="本年度新升为规模以上的填“是”。",
        ),
        Column(
            "under_construction",
            "flag",
            "是否在建",
            "Major project under construction",
            aliases=("在建",),
            hint="重大项目在建的填“是”。",
        ),
        Column(
            "utility",
            "flag",
            "是否公用事业",
            "Public utility: power, heat, gas, water",
            aliases=("公用事业",),
            hint="供电、供热、供气、供水等公用事业填“是”。",
        ),
        Column(
            "honours",
            "text",
            "资质荣誉",
            "Qualifications and honours, separated by 、",
            hint="如 高新技术企业、专精特新；多项用顿号分隔。",
        ),
        Column(
            "chain",
            "text",
            "产业链",
            "Industrial chain the enterprise belongs to",
            aliases=("所属产业链",),
            hint="所属重点产业链名称。",
        ),
    ),
)

ENTERPRISES = facts_table("enterprises", REGISTER)
