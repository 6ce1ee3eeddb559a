"""走访台账: technology and will of an enterprise as the visitors found them, and the projects it plans."""

from schemas.column import NAME, USCC, Column, Form

FORM_SURVEY = Form(
    id="survey",
    title="走访台账",
    meaning="technology level, will to develop and planned project found on a visit",
    columns=(
        USCC,
        NAME,
        Column("visited", "date", "走访日期", "Date of the visit", hint="走访当天日期，如 2026-10-15。"),
        Column(
            "tech_level",
            "text",
            "科技含量",
            "Technology level",
            required=True,
            choices=("高", "中", "低"),
            hint="走访组评定：高、中、低。",
        ),
        Column(
            "willingness",
            "text",
            "发展意愿",
            "Will to develop",
            required=True,
            choices=("强", "中", "弱"),
            hint="走访组评定：强、中、弱。",
        ),
        Column(
            "project",
            "text",
            "拟建项目",
            "Planned expansion or renovation project",
            aliases=("扩产技改项目", "拟建项目名称"),
            hint="拟建扩产或技改项目名称，没有的留空。",
        ),
        Column(
            "project_kind",
            "text",
            "项目类型",
            "Expansion (扩产) or technical renovation (技改)",
            choices=("扩产", "技改"),
            hint="扩产或技改。",
        ),
        Column(
            "investment",
            "number",
            "计划总投资",
            "Planned total investment",
            unit="万元",
            minimum=0,
            hint="项目计划总投资。",
        ),
    ),
    table="surveys",
    key=("uscc", "visited", "project"),
    advice=("每次走访、每个拟建项目填一行；各项以最近一次写明该项的走访为准，未写明的不覆盖以前的走访。",),
)
