"""What changes seldom: register, land, visits, incidents, approved corrections; path → book."""

from __future__ import annotations

from datetime import date

from sample_data.enterprises import Enterprise, draw, lognormal, normal
from sample_data.figures import MONTHS, SENT, year_to_date
from sample_data.sheets import Book, Cell, Head, Row, Sheet
from sample_data.zone import CODE, NAME, NOTE, ORDINAL, World, yes_no


def register(zone: World) -> dict[str, Book]:
    """The Economic Development Bureau's list, above and below scale, with a hidden draft."""
    heads = [
        ORDINAL,
        CODE,
        NAME,
        Head("曾用名", width=24),
        Head("行业代码"),
        Head("镇办"),
        Head("规模", width=8),
        Head("投产日期", format="yyyy-mm"),
        Head("是否新升规"),
        Head("是否在建"),
        Head("是否公用事业"),
        Head("资质荣誉", width=28),
        Head("产业链"),
    ]

    def sheet(name: str, chosen: list[Enterprise]) -> Sheet:
        return Sheet(
            name,
            f"淄博经济开发区工业企业名录({name})",
            heads,
            notes=[NOTE],
            above=["填报单位：经济发展局"],
            rows=[
                Row(
                    e.uscc,
                    [
                        order,
                        e.uscc,
                        e.name,
                        e.former_name,
                        e.industry,
                        e.town,
                        "规上" if e.above_scale else "规下",
                        e.commissioned,
                        yes_no(e.newly_above_scale),
                        yes_no(e.under_construction),
                        yes_no(e.sector.chain == "公用事业"),
                        "、".join(e.honours) or None,
                        e.sector.chain,
                    ],
                )
                for order, e in enumerate(chosen, start=1)
            ],
        )

    above = [e for e in zone.enterprises if e.above_scale]
    draft = sheet("底稿", above[:60])
    draft.hidden = True
    return {
        "经济发展局/工业企业名录.xlsx": Book(
            [sheet("规上", above), sheet("规下", [e for e in zone.enterprises if not e.above_scale]), draft]
        )
    }


def land(zone: World) -> dict[str, Book]:
    """Natural resources: areas in square metres at three dates."""
    heads = [
        ORDINAL,
        CODE,
        NAME,
        Head("自有用地面积（平方米）", total=True),
        Head("承租面积（平方米）", total=True),
        Head("出租面积（平方米）", total=True),
        Head("闲置面积（平方米）", total=True),
        Head("截止日期", format="yyyy-mm-dd"),
    ]
    made = {}
    for label, day in (
        ("2024年末", date(2024, 12, 31)),
        ("2025年末", date(2025, 12, 31)),
        ("2026年6月末", date(2026, 6, 30)),
    ):
        rows: list[Row] = []
        for e in zone.enterprises:
            if e.number in zone.without_land or (e.commissioned and e.commissioned > day):
                continue
            rented = e.leased_in > 0
            own = e.land if day.year > 2024 or e.number % 11 else round(e.land * 0.94, 1)  # some have built since 2024
            rows.append(
                Row(
                    e.uscc,
                    [
                        len(rows) + 1,
                        e.uscc,
                        e.name,
                        own,
                        e.leased_in if rented else None,
                        e.leased_out or None,
                        e.idle or None,
                        day,
                    ],
                )
            )
        made[f"自然资源局/{label}工业用地调查.xlsx"] = Book(
            [Sheet("用地", f"工业企业用地调查汇总表({label})", heads, rows, total_label="合计", notes=[NOTE])]
        )
    return made


def visits(zone: World) -> dict[str, Book]:
    """Three rounds of visits; 80 of the enterprises plan a project, about 24 亿元 in all."""
    stream = draw("visits")
    visited = [e for e in zone.enterprises if e.above_scale and e.sector.chain != "公用事业" and stream.random() < 0.93]
    stream.shuffle(visited)
    eager = sorted(visited, key=lambda e: -(0.6 * e.quality + normal(draw("will", e.number))))
    planners = {e.number for e in sorted(eager[:150], key=lambda e: draw("plan", e.number).random())[:80]}
    wishes = {number: lognormal(draw("wish", number), 1900, 0.75) for number in sorted(planners)}
    scale = 240_000 / sum(wishes.values())
    rank = {e.number: place for place, e in enumerate(eager)}
    heads = [
        ORDINAL,
        NAME,
        CODE,
        Head("走访日期", format="yyyy-mm-dd"),
        Head("科技含量"),
        Head("发展意愿"),
        Head("拟建项目", width=30),
        Head("项目类型"),
        Head("计划总投资(万元)", total=True),
    ]
    made = {}
    for turn, (label, month) in enumerate(
        (("2025年10月", date(2025, 10, 1)), ("2026年3月", date(2026, 3, 1)), ("2026年9月", date(2026, 9, 1)))
    ):
        rows: list[Row] = []
        for e in visited[turn::3]:
            own = draw("visit", e.number)
            strength = 0.8 * e.quality + 0.7 * normal(own) + (0.7 if e.honours else 0.0)
            project: list[Cell] = [None, None, None]
            if e.number in planners:
                kind = own.choice(("扩产", "技改", "技改"))
                what = own.choice(
                    ("生产线扩建", "新厂区建设", "产能提升")
                    if kind == "扩产"
                    else ("窑炉节能改造", "智能化改造", "设备更新", "余热回收利用")
                    if e.sector.fills_205
                    else ("智能化改造", "设备更新", "绿色化改造", "数字化车间")
                )
                project = [f"{e.name[2:4]}{what}项目", kind, round(wishes[e.number] * scale / 10) * 10]
            rows.append(
                Row(
                    e.uscc,
                    [
                        len(rows) + 1,
                        e.name,
                        e.uscc,
                        month.replace(day=own.randint(3, 26)),
                        "高" if strength > 0.75 else "中" if strength > -0.8 else "低",
                        "强" if rank[e.number] < 170 else "中" if rank[e.number] < 340 else "弱",
                        *project,
                    ],
                )
            )
        made[f"经济发展局/走访台账/{label}走访台账.xlsx"] = Book(
            [Sheet("走访台账", f"{label}企业走访台账", heads, rows, total_label="合计", notes=[NOTE])]
        )
    return made


def incidents(zone: World) -> dict[str, Book]:
    """Twelve events, four of them put right."""
    heads = [
        ORDINAL,
        CODE,
        NAME,
        Head("发生日期", format="yyyy-mm-dd"),
        Head("事项类别"),
        Head("文号", width=26),
        Head("整改完成日期", format="yyyy-mm-dd"),
    ]
    stream = draw("incidents")
    ordinary = sorted(
        (e for e in zone.enterprises if e.above_scale and e.commissioned and e.sector.chain != "公用事业"),
        key=lambda e: e.quality + normal(stream),
    )
    events = [
        ("安全", date(2025, 12, 4), None),
        ("环保", date(2026, 3, 18), date(2026, 6, 30)),
        ("淘汰类", date(2026, 5, 8), None),
        ("能耗", date(2026, 4, 21), None),
        ("税务", date(2026, 1, 15), date(2026, 4, 2)),
        ("安全", date(2026, 8, 11), None),
        ("环保", date(2026, 7, 3), None),
        ("淘汰类", date(2026, 2, 27), None),
        ("质量", date(2025, 9, 10), date(2026, 1, 20)),
        ("环保", date(2026, 9, 24), None),
        ("能耗", date(2025, 7, 16), date(2025, 12, 30)),
        ("安全", date(2026, 6, 5), None),
    ]
    rows = [
        Row(e.uscc, [order, e.uscc, e.name, day, kind, f"淄经开样例〔{day.year}〕{order}号", resolved])
        for order, (e, (kind, day, resolved)) in enumerate(zip(ordinary[3::5], events, strict=False), start=1)
    ]
    return {"应急与生态/一票否决事项.xlsx": Book([Sheet("一票否决", "一票否决事项台账", heads, rows, notes=[NOTE])])}


def corrections(zone: World) -> dict[str, Book]:
    """Two approved corrections of figures that were sent."""
    heads = [
        ORDINAL,
        CODE,
        NAME,
        Head("所属期", width=14),
        Head("更正指标", width=14),
        Head("原值"),
        Head("更正值"),
        Head("更正依据", width=30),
        Head("审批人"),
        Head("审批日期", format="yyyy-mm-dd"),
    ]
    month = SENT[-1]
    tiles = [
        e
        for e in zone.enterprises
        if e.sector.id == "chemicals"
        and e.above_scale
        and not e.loss
        and e.commissioned
        and e.commissioned.year < 2024
        and e.number not in zone.late_statistics
    ]
    first, second = tiles[10], tiles[20]
    revenue = (year_to_date(zone.figures[first.number].revenue, month) or 0) / 10
    paid = round((zone.figures[second.number].tax[MONTHS.index(date(2025, 12, 1))] or 0) / 10_000, 2)
    rows = [
        Row(
            first.uscc,
            [
                1,
                first.uscc,
                first.name,
                "2026年1-10月",
                "营业收入",
                revenue,
                round(revenue * 1.062, 1),
                "经审计的销售台账(样例)",
                "评价专班",
                date(2026, 11, 6),
            ],
        ),
        Row(
            second.uscc,
            [
                2,
                second.uscc,
                second.name,
                "2025年12月",
                "实缴税金",
                paid,
                round(paid * 1.35, 2),
                "异地入库完税证明(样例)",
                "评价专班",
                date(2026, 11, 6),
            ],
        ),
    ]
    return {
        "经济发展局/申诉更正.xlsx": Book([Sheet("申诉更正", "企业申诉更正台账(金额：万元)", heads, rows, notes=[NOTE])])
    }
