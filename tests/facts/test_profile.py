"""The profile: one row per registered enterprise, with everything a policy may look at and nothing made up."""

import random
from datetime import date

import polars as pl
import pytest

from efficiency.facts.energy import EnergyBasis
from efficiency.facts.profile import Profile, build_profile, inputs_sha256
from efficiency.facts.windows import WindowKind
from schemas import FACTS, PROFILE
from schemas.checks import failures
from schemas.objections import PENDING
from schemas.profile import ADDED_LATER

OCTOBER = date(2026, 10, 1)
ENTERPRISE = {"uscc": "甲", "name": "甲公司"}
MONTHS = [date(2025, 11, 1), date(2025, 12, 1), *(date(2026, m, 1) for m in range(1, 11))]
NO_HISTORY = pl.DataFrame(schema={"uscc": pl.String, "previous_tier": pl.String, "d_streak_before": pl.Int64})

Rows = list[dict[str, object]]


def facts(**forms: Rows) -> dict[str, pl.DataFrame]:
    made = {}
    for form, table in FACTS.items():
        rows = [
            {"submission_id": "s", "sheet": "", "row": 1, "block": 0, "superseded": False, **ENTERPRISE, **row}
            for row in forms.get(form, [])
        ]
        made[form] = pl.DataFrame(rows, schema=table.polars_schema) if rows else table.empty()
    return made


def profile(
    frames: dict[str, pl.DataFrame],
    *,
    window: WindowKind = "rolling_12m",
    annualise: bool = True,
    period: date = OCTOBER,
    previous: pl.DataFrame = NO_HISTORY,
) -> Profile:
    return build_profile(
        frames, period=period, window=window, annualise=annualise, energy=EnergyBasis(), previous=previous
    )


def only(found: Profile) -> dict[str, object]:
    assert found.frame.height == 1
    return found.frame.row(0, named=True)


def monthly(column: str, value: float, **more: object) -> Rows:
    return [{"span_start": month, "span_end": month, column: value, **more} for month in MONTHS]


def test_an_enterprise_of_which_nothing_is_known_has_nulls_not_zeros() -> None:
    row = only(profile(facts(register=[{}])))
    assert row["name"] == "甲公司"
    counted = ("incidents", "open_incidents", "phaseout_overdue")
    counts = {name: value for name, value in row.items() if name.startswith(counted)}
    assert set(counts.values()) == {0}
    assert row["d_streak_before"] == 0
    assert (row["visited"], row["open_objection"]) == (False, False)
    rest = set(row) - set(counts) - {"uscc", "name", "d_streak_before", "visited", "open_objection"}
    assert {name for name in rest if row[name] is not None} == set()


def test_the_profile_has_exactly_the_declared_shape_sorted_by_code() -> None:
    frame = profile(
        facts(
            register=[{"uscc": "乙"}, {}],
            output=monthly("tax", 1.0),
            energy=monthly("consumption", 1.0, carrier="电力"),
            land=[{"owned": 5.0}],
        )
    ).frame
    assert frame.schema == PROFILE.polars_schema
    assert frame["uscc"].to_list() == sorted(["甲", "乙"])
    assert failures(frame, PROFILE).is_empty()


def test_every_part_reaches_the_profile() -> None:
    found = profile(
        facts(
            register=[
                {
                    "industry": "3071",
                    "town": "某镇",
                    "scale": "规上",
                    "utility": False,
                    "commissioned": date(2024, 10, 1),
                }
            ],
            output=monthly("tax", 2.0, employees=30.0),
            energy=monthly("consumption", 10.0, carrier="电力"),
            land=[{"owned": 20.0, "leased_out": 5.0}],
            survey=[
                {
                    "visited": date(2026, 3, 1),
                    "tech_level": "高",
                    "willingness": "强",
                    "project": "扩建",
                    "investment": 300.0,
                }
            ],
            incidents=[{"date": date(2026, 5, 1), "kind": "安全"}],
            products=[
                {
                    "span_start": date(2026, 1, 1),
                    "span_end": OCTOBER,
                    "product": "水泥",
                    "quantity": 1000.0,
                    "unit": "吨",
                    "energy_tce": 80.0,
                }
            ],
        ),
        previous=pl.DataFrame({"uscc": ["甲", "走了"], "previous_tier": ["D", "A"], "d_streak_before": [2, 0]}),
    )
    expected = {
        "industry": "3071",
        "industry_division": "30",
        "town": "某镇",
        "scale": "规上",
        "utility": False,
        "months_since_commissioned": 24,
        "tax": 24.0,
        "employees": 30.0,
        "energy": pytest.approx(120 * 1.229),
        "electricity": 120.0,
        "land": 15.0,
        "land_owned": 20.0,
        "land_leased_in": 0.0,
        "land_leased_out": 5.0,
        "tech_level": "高",
        "willingness": "强",
        "investment": 300.0,
        "open_incidents": 1,
        "incidents_safety": 1,
        "incidents_environment": 0,
        "energy_level": "advanced",
        "previous_tier": "D",
        "d_streak_before": 2,
        "revenue": None,
    }
    row = only(found)
    assert {name: row[name] for name in expected} == expected
    assert found.warnings == []


def test_superseded_rows_do_not_count() -> None:
    old = [{**row, "superseded": True} for row in monthly("tax", 99.0)]
    frames = facts(
        register=[{}, {"name": "旧名", "superseded": True}],
        output=[*monthly("tax", 2.0), *old],
        land=[{"owned": 9.0, "as_of": OCTOBER, "superseded": True}],
        incidents=[{"date": OCTOBER, "kind": "安全", "superseded": True}],
    )
    row = only(profile(frames))
    assert (row["name"], row["tax"], row["land"], row["open_incidents"]) == ("甲公司", 24.0, None, 0)


def test_figures_of_enterprises_outside_the_register_are_left_out() -> None:
    frames = facts(register=[{}], output=[{**row, "uscc": "外"} for row in monthly("tax", 2.0)])
    assert only(profile(frames))["tax"] is None


def test_year_to_date_flows_are_annualised_but_staff_and_land_are_not() -> None:
    output = [{"span_start": date(2026, 1, 1), "span_end": OCTOBER, "tax": 10.0, "employees": 30.0}]
    energy = [{"span_start": date(2026, 1, 1), "span_end": OCTOBER, "carrier": "电力", "consumption": 10.0}]
    frames = facts(register=[{}], output=output, energy=energy, land=[{"owned": 20.0}])
    row = only(profile(frames, window="year_to_date"))
    assert (row["tax"], row["employees"], row["land"]) == (pytest.approx(12.0), 30.0, 20.0)
    assert (row["energy"], row["electricity"]) == (pytest.approx(12 * 1.229), pytest.approx(12.0))
    assert only(profile(frames, window="year_to_date", annualise=False))["tax"] == 10.0


def test_only_the_year_to_date_is_annualised() -> None:
    assert only(profile(facts(register=[{}], output=monthly("tax", 1.0))))["tax"] == 12.0


def test_incidents_are_open_until_they_are_put_right() -> None:
    frames = facts(
        register=[{}],
        incidents=[
            {"date": date(2026, 10, 31), "kind": "安全"},
            {"date": date(2026, 11, 1), "kind": "安全"},
            {"date": date(2026, 1, 1), "kind": "环保", "resolved": date(2026, 10, 31)},
            {"date": date(2026, 1, 1), "kind": "能耗", "resolved": date(2026, 11, 1)},
            {"date": date(2026, 1, 1), "kind": "淘汰类"},
            {"date": date(2026, 1, 1), "kind": "税务"},
        ],
    )
    row = only(profile(frames))
    kinds = ("open_incidents", "incidents_safety", "incidents_environment", "incidents_energy", "incidents_phaseout")
    assert [row[name] for name in kinds] == [4, 1, 0, 1, 1]


def test_the_latest_visit_not_after_the_periods_end_counts() -> None:
    frames = facts(
        register=[{}],
        survey=[
            {"visited": date(2026, 11, 1), "tech_level": "高", "willingness": "强"},
            {"visited": date(2026, 10, 31), "tech_level": "中", "willingness": "弱"},
            {"visited": None, "tech_level": "低", "willingness": "强"},
        ],
    )
    assert only(profile(frames))["tech_level"] == "中"
    assert only(profile(frames, period=date(2026, 9, 1)))["tech_level"] == "低"


def test_projects_of_one_visit_are_taken_together() -> None:
    visit = {"visited": OCTOBER, "tech_level": "中", "willingness": "强"}
    frames = facts(
        register=[{}],
        survey=[
            {**visit, "project": "一期", "project_kind": "技改", "investment": 100.0},
            {**visit, "project": "二期", "project_kind": "扩产", "investment": 500.0},
        ],
    )
    row = only(profile(frames))
    assert (row["investment"], row["project_kind"]) == (600.0, "扩产")
    without = facts(register=[{}], survey=[{**visit, "project": "一期"}])
    assert only(profile(without))["investment"] is None


VISIT = {"visited": date(2026, 8, 31), "tech_level": "中", "willingness": "强"}


def test_a_visit_counts_from_its_day_on_and_is_as_old_as_its_month() -> None:
    frames = facts(register=[{}], survey=[VISIT, {"visited": date(2026, 11, 1), "tech_level": "低"}])
    row = only(profile(frames))
    assert (row["visited"], row["months_since_visit"]) == (True, 2)
    before = only(profile(frames, period=date(2026, 7, 1)))
    assert (before["visited"], before["months_since_visit"]) == (False, None)
    undated = only(profile(facts(register=[{}], survey=[{**VISIT, "visited": None}])))
    assert (undated["visited"], undated["months_since_visit"], undated["tech_level"]) == (False, None, "中")


def test_a_later_visit_takes_nothing_back_that_it_does_not_state() -> None:
    first = {**VISIT, "visited": date(2026, 3, 1), "project": "一期", "project_kind": "技改", "investment": 100.0}
    blank = {"visited": date(2026, 6, 1), "tech_level": None, "willingness": "弱"}
    later = {"visited": date(2026, 9, 1), "tech_level": "高", "willingness": None}
    frames = facts(register=[{}], survey=[first, blank, later])
    row = only(profile(frames))
    said = ("tech_level", "willingness", "project_kind", "investment", "months_since_visit")
    assert [row[name] for name in said] == ["高", "弱", "技改", 100.0, 1]
    june = only(profile(frames, period=date(2026, 6, 1)))
    assert [june[name] for name in said] == ["中", "弱", "技改", 100.0, 0]


def test_the_project_is_that_of_the_latest_visit_that_names_one() -> None:
    old = {**VISIT, "visited": date(2026, 3, 1), "project": "一期", "project_kind": "技改", "investment": 100.0}
    new = {**VISIT, "visited": date(2026, 6, 1), "project": "二期"}
    row = only(profile(facts(register=[{}], survey=[old, new])))
    assert (row["project_kind"], row["investment"]) == (None, None), "one project is not made of two"


def test_an_objection_is_open_until_it_is_decided() -> None:
    frames = facts(register=[{}, {"uscc": "乙"}])
    open_ones = pl.DataFrame({"uscc": ["乙", "乙", "不在名录"]})
    found = profile({**frames, PENDING: open_ones}).frame
    assert dict(found.select("uscc", "open_objection").iter_rows()) == {"甲": False, "乙": True}


def test_months_without_figures_reach_the_profile() -> None:
    output = [*monthly("revenue", 0.0)[:-1], {"span_start": date(2025, 10, 1), "span_end": date(2025, 10, 1),
              "revenue": 1.0}, {"span_start": OCTOBER, "span_end": OCTOBER, "revenue": 0.0}]  # fmt: skip
    row = only(profile(facts(register=[{}], output=output, energy=monthly("consumption", 1.0, carrier="电力"))))
    assert (row["months_without_revenue"], row["months_without_electricity"]) == (12, 0)


def test_what_earlier_versions_read_is_recognised_by_their_digest() -> None:
    found = profile(facts(register=[{}], survey=[VISIT]))
    before = found.frame.drop(ADDED_LATER)
    for missing in (found.gaps, None):
        digest = inputs_sha256(before, missing)
        assert found.gives(digest)
        as_read = found.as_read_earlier(digest)
        assert as_read is not None
        assert inputs_sha256(*as_read) == digest
    assert found.gives(found.inputs_sha256)
    assert not found.gives(inputs_sha256(before.with_columns(town=pl.lit("另一个"))))


def test_feedstock_is_doubted_where_the_division_makes_no_such_products() -> None:
    used = {"carrier": "天然气", "consumption": 10.0, "feedstock": 4.0, "span_start": OCTOBER, "span_end": OCTOBER}
    without = {**used, "carrier": "原煤", "feedstock": 0.0}
    register: Rows = [
        {"uscc": code, "name": f"{code}公司", "industry": industry}
        for code, industry in (("甲", "3071"), ("乙", "2614"), ("丙", "2511"), ("丁", None), ("戊", "3071"))
    ]
    energy = [{**used, "uscc": code} for code in "甲乙丙丁"] + [{**without, "uscc": code} for code in "甲戊"]
    frames = facts(register=register, energy=energy)
    leaving_out = build_profile(
        frames, period=OCTOBER, window="rolling_12m", annualise=True, previous=NO_HISTORY,
        energy=EnergyBasis(exclude=frozenset({"feedstock"})),
    )  # fmt: skip
    (line,) = leaving_out.feedstock
    assert line.startswith("甲公司(甲)：行业大类30填报了用于原材料的能源（天然气）")
    assert line in leaving_out.warnings
    assert line not in leaving_out.earlier_warnings
    assert profile(frames).feedstock == [], "feedstock that counts needs no reason"


def test_months_since_commissioned_are_calendar_months() -> None:
    for commissioned, months in ((date(2026, 10, 1), 0), (date(2025, 11, 1), 11), (date(2026, 12, 1), -2)):
        assert only(profile(facts(register=[{"commissioned": commissioned}])))["months_since_commissioned"] == months


def test_warnings_of_the_parts_are_passed_on() -> None:
    span = {"span_start": date(2026, 1, 1), "span_end": OCTOBER}
    found = profile(
        facts(
            register=[{}],
            energy=[
                {**span, "carrier": "原煤", "consumption": 100.0},
                {**span, "carrier": "综合能源消费量", "consumption": 500.0},
            ],
            products=[{**span, "product": "绿豆糕", "quantity": 1.0, "unit": "吨", "energy_tce": 1.0}],
        )
    )
    assert [("综合能源消费量" in line, "绿豆糕" in line) for line in found.warnings] == [(True, False), (False, True)]


def test_the_digest_is_that_of_the_content() -> None:
    names = [f"企业{number}" for number in range(50)]
    frame = profile(facts(register=[{"uscc": name, "name": name} for name in names])).frame
    digest = inputs_sha256(frame)
    random.Random(1).shuffle(names)
    again = profile(facts(register=[{"uscc": name, "name": name} for name in names])).frame
    assert inputs_sha256(again) == digest
    assert inputs_sha256(frame.sample(fraction=1.0, shuffle=True, seed=1)) == digest
    assert inputs_sha256(frame.with_columns(tax=pl.lit(0.1))) != digest
    assert inputs_sha256(frame.with_columns(town=pl.lit(""))) != digest


@pytest.mark.parametrize(("one", "other"), [(None, ""), ("a", "A"), ("是,否", "是")])
def test_the_digest_tells_apart_what_looks_alike(one: str | None, other: str) -> None:
    schema = {"uscc": pl.String, "town": pl.String}
    digests = {inputs_sha256(pl.DataFrame({"uscc": ["甲"], "town": [town]}, schema=schema)) for town in (one, other)}
    assert len(digests) == 2
