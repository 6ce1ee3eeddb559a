"""一页纸: five questions answered from the results, each figure that of the lists; nothing said that is not known."""

import re
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from builders.reports import POLICY, of_nobody, renamed, sample_report, verdict_report
from hypothesis import given
from hypothesis import strategies as st

from efficiency.reports.content import lists, one_page, totals
from efficiency.reports.report import Report
from efficiency.reports.text import display_width, shortened
from schemas import FORMS, INDICATORS
from schemas.results import MOVEMENT_PARTS

SECTIONS = ("overall", "lists", "standing_out", "decisions", "doubts")


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report(120, unrated=9)


def said(page: one_page.OnePage, own: str) -> str:
    return "\n".join(page.section(own).texts)


def rows(page: one_page.OnePage, own: str) -> tuple[tuple[Any, ...], ...]:
    table = page.section(own).table
    return table.rows if table else ()


def nobody(report: Report) -> Report:
    return replace(of_nobody(report), warnings=())


def with_movements(report: Report) -> Report:
    """`report` whose scores all changed: up by their own data where the tier rose or stayed, down by the peers else."""
    moved = totals.with_previous_tier(report).filter(pl.col("score").is_not_null())
    fell = (pl.col("before") < pl.col("tier")).fill_null(value=False)
    parts = {name: pl.lit(0.0) for name in MOVEMENT_PARTS}
    parts["own"] = pl.when(fell).then(0.5).otherwise(3.0)
    parts["peers"] = pl.when(fell).then(-2.5).otherwise(-1.0)
    return replace(report, movements=moved.select(
        "uscc", (pl.col("score") - parts["own"] - parts["peers"]).alias("score_before"),
        (parts["own"] + parts["peers"]).alias("change"), *(part.alias(name) for name, part in parts.items()),
        pl.lit(None, dtype=pl.String).alias("note"), pl.lit("2026-09").alias("previous_period"),
    ))  # fmt: skip


# -- ① and ② ----------------------------------------------------------------------------------------------------------


def test_five_questions_are_answered_in_order(report: Report) -> None:
    assert tuple(section.id for section in one_page.one_page(report).sections) == SECTIONS


def test_tables_share_their_columns(report: Report) -> None:
    for section in one_page.one_page(report).sections:
        if section.table:
            assert len(section.table.columns) == len(one_page.WIDTHS)
            assert all(len(row) == len(one_page.WIDTHS) for row in section.table.rows)


def test_extent_and_tiers_are_those_of_the_results(report: Report) -> None:
    page, ranked = one_page.one_page(report), report.scores.filter(pl.col("status") == "ranked")
    assert f"名录企业129户，参评120户，未参评9户；参评企业用地{ranked['land'].sum():,.0f}亩" in said(page, "overall")
    assert f"综合能耗{ranked['energy'].sum():,.0f}吨标准煤" in said(page, "overall")
    for label, enterprises, land, energy, _ in rows(page, "overall"):
        own = ranked.filter(pl.col("tier") == str(label)[0])
        assert (enterprises, land, energy) == pytest.approx((own.height, own["land"].sum(), own["energy"].sum()))


def test_unknown_land_is_counted_and_not_taken_for_zero(report: Report) -> None:
    first = pl.int_range(pl.len()) < 3
    some = report.scores.with_columns(land=pl.when(first).then(None).otherwise("land"))
    assert "未计用地未知的3户" in said(one_page.one_page(replace(report, scores=some)), "overall")
    none = report.scores.with_columns(land=pl.lit(None, pl.Float64))
    assert "用地未知" in said(one_page.one_page(replace(report, scores=none)), "overall")
    assert "用地0亩" not in said(one_page.one_page(replace(report, scores=none)), "overall")


def test_without_an_earlier_period_nothing_is_said_to_have_changed(report: Report) -> None:
    alone = replace(report, previous=None, scores=report.scores.with_columns(previous_tier=pl.lit(None, pl.String)))
    page = one_page.one_page(alone)
    assert "无上期评价，不作比较。" in page.section("overall").sentences
    assert not re.search("升档|降档|上升|下降", said(page, "overall"))
    assert all(str(row[-1]).endswith("无上期") for row in rows(page, "overall"))


def test_who_moved_is_named_with_the_part_that_moved_it(report: Report) -> None:
    page = one_page.one_page(with_movements(report))
    changes = totals.tier_changes(report)
    counts = dict(changes["direction"].value_counts().iter_rows())
    sentence = page.section("overall").sentences[1]
    assert sentence.startswith("与上期(2026年9月)相比")
    up, down = sentence.split("；")[:2]
    assert f"升档{counts['升档']}户" in up
    assert f"降档{counts['降档']}户" in down
    assert "自身数据+3.00分" in up
    assert "同组基准-2.50分" in down
    named = {shortened(name, 30): (before, tier) for name, before, tier, _ in changes.iter_rows()}
    for part, marker in ((up, f"升档{counts['升档']}户："), (down, f"降档{counts['降档']}户：")):
        name, before, tier = re.search(rf"{marker}(.+?)([A-D])→([A-D])", part).groups()
        assert named[name] == (before, tier)


def test_a_veto_is_the_reason_of_a_fall_before_any_part_of_the_score(report: Report) -> None:
    fallen = totals.with_previous_tier(report).filter(pl.col("before") < pl.col("tier"))["uscc"].to_list()
    vetoed = pl.when(pl.col("uscc").is_in(fallen))
    scores = report.scores.with_columns(
        override_labels=vetoed.then(pl.lit("一票否决")).otherwise("override_labels"),
        tier_initial=vetoed.then(pl.lit("A")).otherwise("tier_initial"),
    )
    sentence = one_page.one_page(with_movements(replace(report, scores=scores))).section("overall").sentences[1]
    assert "(调档：一票否决)" in sentence.split("；")[1]


def test_scores_risen_and_fallen_are_counted(report: Report) -> None:
    moved = with_movements(report)
    rises, falls = ((moved.movements["change"] * sign > 0).sum() for sign in (1, -1))
    assert (
        one_page.one_page(moved)
        .section("overall")
        .sentences[2]
        .startswith(f"得分上升{rises}户、下降{falls}户；首要原因：")
    )


def test_lists_say_how_many_are_ready_to_be_verified_and_in_doubt(report: Report) -> None:
    page = one_page.one_page(report)
    for one in lists.candidate_lists(report):
        if one.frame.is_empty():
            continue
        row = next(row for row in rows(page, "lists") if row[0] == one.title)
        unfirm = one.frame["review"].count()
        assert row[1:4] == pytest.approx((one.frame.height, one.frame["land"].sum(), one.frame["energy"].sum()))
        assert row[4] == f"可提请{one.frame.height - unfirm}、临界{unfirm}；待核实0"


def test_who_lacks_a_verification_is_counted_beside_the_list_and_never_as_ready() -> None:
    report = verdict_report()
    page = one_page.one_page(report)
    asked = report.candidates.filter(pl.col("list") == "verify")
    shutdown = next(row for row in rows(page, "lists") if row[0] == "关停")
    assert shutdown[4].endswith(f"待核实{asked.height}")
    assert shutdown[1] == report.candidates.filter(pl.col("list") == "shutdown").height
    assert "待核实" not in {row[0] for row in rows(page, "lists")}
    assert f"待核实{asked.height}户" in said(page, "lists")


def test_an_empty_list_is_named_as_empty(report: Report) -> None:
    none = report.candidates.filter(pl.col("list") != "shutdown")
    page = one_page.one_page(replace(report, candidates=none))
    assert "关停本期无" in said(page, "lists")
    assert "关停" not in {row[0] for row in rows(page, "lists")}


def test_more_lists_than_have_room_are_counted(report: Report) -> None:
    number = pl.int_range(pl.len()) % 9
    many = report.candidates.with_columns(list=pl.format("own_{}", number), title=pl.format("清单{}", number))
    page = one_page.one_page(replace(report, candidates=many))
    shown = sum(int(row[1]) for row in rows(page, "lists"))
    assert f"另有3类清单共{many.height - shown}户" in said(page, "lists")


# -- ③ ----------------------------------------------------------------------------------------------------------------


def test_towns_stand_out_by_the_figures_of_the_overview(report: Report) -> None:
    page = one_page.one_page(report)
    towns = totals.group_table(report, "town").filter(pl.col("ranked") >= 5).sort("tax_per_mu", descending=True)
    row = next(row for row in rows(page, "standing_out") if row[0] == "镇办亩均税收")
    first, last = towns.row(0, named=True), towns.row(-1, named=True)
    assert row[1] == f"{totals.total_or_ratio(report, 'tax', 'land'):,.2f}"
    assert row[2] == f"{first['label']} {first['tax_per_mu']:,.2f}({first['ranked']}户)"
    assert row[3] == f"{last['label']} {last['tax_per_mu']:,.2f}({last['ranked']}户)"


def test_a_town_of_few_or_of_one_giant_does_not_stand_out(report: Report) -> None:
    code = report.scores["uscc"]
    few, giant = code[:4].to_list(), code[4:12].to_list()
    town = (
        pl.when(pl.col("uscc").is_in(few))
        .then(pl.lit("少数镇"))
        .when(pl.col("uscc").is_in(giant))
        .then(pl.lit("巨头镇"))
    )
    scores = report.scores.with_columns(
        town=town.otherwise("town"),
        tax=pl.when(pl.col("uscc").is_in(few + giant)).then(1e6).otherwise("tax"),
        land=pl.when(pl.col("uscc") == giant[0]).then(1e5).otherwise("land"),
    )
    row = next(
        row
        for row in rows(one_page.one_page(replace(report, scores=scores)), "standing_out")
        if row[0] == "镇办亩均税收"
    )
    assert "少数镇" not in str(row)
    assert "巨头镇" not in str(row)


def test_an_industry_that_is_one_giant_is_said_to_be(report: Report) -> None:
    giant = pl.col("uscc") == report.scores["uscc"][0]
    scores = report.scores.with_columns(energy=pl.when(giant).then(1e9).otherwise("energy"))
    assert "(其中一户占该行业的100%)" in said(one_page.one_page(replace(report, scores=scores)), "standing_out")
    alike = report.scores.with_columns(energy=pl.lit(100.0))
    assert "其中一户" not in said(one_page.one_page(replace(report, scores=alike)), "standing_out")


def test_towns_that_are_not_stated_are_counted_and_not_compared(report: Report) -> None:
    page = one_page.one_page(replace(report, scores=report.scores.with_columns(town=pl.lit(" "))))
    assert "参评企业中120户未填镇办" in said(page, "standing_out")
    assert not any("镇办" in str(row[0]) for row in rows(page, "standing_out"))


# -- ④ ----------------------------------------------------------------------------------------------------------------


def test_decisions_are_ready_proposals_the_gravest_first_and_the_rest_counted() -> None:
    report = verdict_report(200)
    page = one_page.one_page(report)
    ready = report.candidates.filter((pl.col("list") != "verify") & (pl.col("tier_confidence") >= 0.8))
    shown = rows(page, "decisions")
    order = ["关停", "并转", "升级改造", "对接头部企业"]
    places = [order.index(str(row[1])) for row in shown]
    assert places == sorted(places)
    assert 2 <= len(shown) <= 6
    names = {shortened(name, 30) for name in ready["name"]}
    assert all(re.match(r"\d\. (.+)\(", str(row[0]))[1] in names for row in shown)
    assert f"其余可提请研究的{ready.height - len(shown)}户" in said(page, "decisions")
    mergers = ready.filter(pl.col("list") == "merger").join(report.scores.select("uscc", "land"), on="uscc")
    heaviest = mergers.sort("land", descending=True)["name"][0]
    assert shortened(heaviest, 30) in next(str(row[0]) for row in shown if row[1] == "并转")


def test_a_decision_says_what_speaks_for_it_and_what_against() -> None:
    report = verdict_report(60)
    one = report.candidates.filter((pl.col("list") == "shutdown") & (pl.col("tier_confidence") >= 0.8)).row(
        0, named=True
    )
    own = pl.col("uscc") == one["uscc"]

    def put(**figures: object) -> Report:
        return replace(
            report,
            scores=report.scores.with_columns(
                pl.when(own).then(pl.lit(value, dtype=report.scores.schema[name])).otherwise(name).alias(name)
                for name, value in figures.items()
            ),
            candidates=report.candidates.filter(own),
            problems=report.problems.clear(),
        )

    bad = put(
        tech_level="低", willingness="弱", protected=False, land_tier="D", energy_tier="C", d_streak=3, tax=0.0,
        visited=True, months_since_visit=2, employees=None, previous_tier="D",
    )  # fmt: skip
    (row,) = rows(one_page.one_page(bad), "decisions")
    assert "已核实：已走访、科技含量已核实为低、等级稳健" in row[3]
    assert row[4] == "已掌握的数据中未见"
    good = put(
        tech_level="高", willingness="强", protected=True, energy_tier="A", d_streak=1, previous_tier="B", tax=88.0,
        override_labels="在建", employees=45.0, visited=False, open_objection=True,
    )  # fmt: skip
    (row,) = rows(one_page.one_page(good), "decisions")
    assert row[4].startswith("属受保护企业(在建)；有申诉待审批；上期为B类")
    assert "D类" not in row[3].replace("土地效率也为D类", "")


@pytest.mark.parametrize(("own_list", "against"), [("upgrade", "发展意愿弱"), ("partner", "科技含量低；发展意愿弱")])
def test_who_is_unwilling_is_not_proposed_for_support_as_if_nothing_spoke_against_it(
    own_list: str, against: str
) -> None:
    report = verdict_report(60)
    low = report.scores.with_columns(
        tech_level=pl.lit("低"), willingness=pl.lit("弱"), visited=pl.lit(value=True), months_since_visit=pl.lit(2),
        previous_tier=pl.col("tier"), d_streak=pl.lit(0),
    )  # fmt: skip
    candidates = report.candidates.filter(pl.col("list") == own_list)
    page = one_page.one_page(replace(report, scores=low, candidates=candidates, problems=report.problems.clear()))
    assert rows(page, "decisions")
    for row in rows(page, "decisions"):
        assert against in str(row[4])


def test_what_nobody_has_stated_speaks_against_as_unknown() -> None:
    report = verdict_report(60)
    blank = report.scores.with_columns(
        tech_level=pl.lit(None, pl.String), willingness=pl.lit(None, pl.String), visited=pl.lit(value=False),
        tax=pl.lit(0.0), employees=pl.lit(None, pl.Float64), previous_tier=pl.col("tier"), d_streak=pl.lit(0),
        land_tier=pl.lit("C"), energy_tier=pl.lit("C"),
    )  # fmt: skip
    page = one_page.one_page(replace(report, scores=blank, problems=report.problems.clear()))
    for row in rows(page, "decisions"):
        assert "未走访；科技含量、发展意愿未知" in row[4]
        assert not re.search("科技含量[高中低]|发展意愿[强中弱]", row[3])


def test_nobody_is_proposed_who_is_in_doubt_or_unverified() -> None:
    report = verdict_report(60)
    unfirm = replace(report, candidates=report.candidates.with_columns(tier_confidence=pl.lit(0.5)))
    page = one_page.one_page(unfirm)
    assert rows(page, "decisions") == ()
    assert "没有符合核查要求且等级稳健" in said(page, "decisions")
    listed = report.candidates.filter(pl.col("list") != "verify").height
    assert f"临界的{listed}户先复核；待核实的1户核实后再议" in said(page, "decisions")


# -- ⑤ ----------------------------------------------------------------------------------------------------------------


def test_missing_data_are_named_with_form_and_sender(report: Report) -> None:
    lacking = report.scores.filter(pl.col("status") == "insufficient")["uscc"].to_list()
    made = pl.DataFrame(
        [
            {
                "evaluation_id": "e", "period": "2026-10", "policy_id": "sample", "uscc": uscc, "cohort": "above_scale",
                "indicator": "revenue_per_tce", "title": "单位能耗营业收入", "dimension": "energy", "weight": 40.0,
                "numerator_expression": "revenue", "denominator_expression": "energy + 0", "numerator": 1.0,
            }
            for uscc in lacking
        ],
        schema=INDICATORS.polars_schema,
    )  # fmt: skip
    scores = report.scores.with_columns(revenue=pl.coalesce("revenue", pl.lit(1.0)))
    sent = report.submissions.with_columns(file_name=pl.format("供电公司/{}", "file_name"))
    page = one_page.one_page(
        replace(report, scores=scores, indicators=pl.concat([report.indicators, made]), submissions=sent)
    )
    expected = f"数据不足、未评等级{len(lacking)}户：缺《{FORMS['energy'].title}》{len(lacking)}户(供电公司报送)。"
    assert expected in page.section("doubts").sentences


def test_a_value_that_the_policy_makes_up_for_is_a_doubt(report: Report) -> None:
    own = (pl.col("indicator") == "tax_per_mu") & (pl.col("uscc") == report.scores["uscc"][0])
    made = report.indicators.with_columns(value=pl.when(own).then(None).otherwise("value"))
    assert "参评企业中1户有指标缺值" in said(one_page.one_page(replace(report, indicators=made)), "doubts")
    assert "指标缺值" not in said(one_page.one_page(report), "doubts")


def test_doubts_count_unfirm_tiers_unverified_boxes_and_open_problems() -> None:
    report = verdict_report(60)
    firm, known = totals.confidence_counts(report)
    text = said(one_page.one_page(report), "doubts")
    assert f"{known - firm}户等级临界" in text
    assert "待核实1户：缺“已走访”1户、“科技含量已核实为低”1户" in text
    assert "数据待改正：错误7条、警告4条" in text
    assert "测算口径提示：某指标的基准不为正，未计分" in text


def test_where_nothing_is_in_doubt_that_is_said(report: Report) -> None:
    sure = replace(
        report,
        scores=report.scores.filter(pl.col("status") == "ranked").with_columns(tier_confidence=pl.lit(1.0)),
        problems=report.problems.clear(),
        warnings=(),
    )
    assert said(one_page.one_page(sure), "doubts") == "未发现缺失数据、临界等级、未核实事项和待改正的数据。"


# -- all of it --------------------------------------------------------------------------------------------------------


def test_an_evaluation_of_nobody_has_its_page(report: Report) -> None:
    page = one_page.one_page(nobody(report))
    assert "名录企业0户，参评0户。" in said(page, "overall")
    assert "本期没有企业进入建议清单。" in said(page, "lists")
    assert "不作比较" in said(page, "standing_out")


def test_a_method_without_tiers_has_its_page(report: Report) -> None:
    names = ("tier", "tier_initial", "land_tier", "energy_tier", "previous_tier")
    untiered = report.scores.with_columns(pl.lit(None, pl.String).alias(name) for name in names)
    policy = re.sub(r"  \[cohort\.tiers\]\n.*\n.*\n", "", POLICY)
    page = one_page.one_page(
        replace(report, scores=untiered, previous=None, candidates=report.candidates.clear(), policy_toml=policy)
    )
    assert "本办法只排名，不划分等级。" in page.section("overall").sentences
    assert rows(page, "overall") == ()


def test_long_names_are_cut_with_a_mark_and_line_breaks_go(report: Report) -> None:
    names = dict.fromkeys(report.scores["uscc"], "很长\n的名称<b>" * 30)
    page = one_page.one_page(renamed(report, names))
    texts = [text for section in page.sections for text in section.texts]
    texts += [value for own in SECTIONS for row in rows(page, own) for value in row if isinstance(value, str)]
    assert not any("\n" in text for text in texts)
    assert max(display_width(text) for text in texts) < 400
    assert any("…" in text for text in texts)


def test_the_same_report_gives_the_same_page(report: Report) -> None:
    shuffled = replace(report, scores=report.scores.reverse(), candidates=report.candidates.reverse())
    assert one_page.one_page(report) == one_page.one_page(sample_report(120, unrated=9))
    assert one_page.one_page(shuffled).section("decisions") == one_page.one_page(report).section("decisions")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(4, 40))
def test_a_shortened_text_fits_and_never_ends_in_half_a_figure(text: str, width: int) -> None:
    short = shortened(text, width)
    assert display_width(short) <= width
    assert "\n" not in short
    if short.endswith("…") and len(short) > 1 and not text.strip().endswith("…"):
        assert not short[-2].isascii() or not short[-2].isdigit() or set(short[:-1]) <= set("0123456789.,")
