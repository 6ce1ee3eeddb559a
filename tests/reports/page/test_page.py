"""报告_<period>.html: one file in which no name becomes markup, and whose data are those of the report."""

import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from builders.pages import NAMES, Outline, embedded_data, unpacked
from builders.reports import sample_report
from hypothesis import given
from hypothesis import strategies as st

from efficiency.errors import EfficiencyError
from efficiency.reports.page import write_page
from efficiency.reports.page.columns import embedded, packed
from efficiency.reports.page.render import render
from efficiency.reports.report import Report

pytest_plugins = ("builders.page_fixtures",)


def test_page_has_its_own_scripts_alone_and_loads_nothing(page: Path) -> None:
    outline = Outline(page.read_text(encoding="utf-8"))
    scripts = [attributes for tag, attributes in outline.elements if tag == "script"]
    assert [attributes.get("type") for attributes in scripts] == [
        None, "application/json", "application/json", None, "text/plain",
    ]  # fmt: skip
    loading = {"src", "srcset", "href", "action", "data", "poster"}
    addresses = [value for _, attributes in outline.elements for name, value in attributes.items() if name in loading]
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    assert not {"iframe", "object", "embed", "img"} & {tag for tag, _ in outline.elements}


def test_content_policy_forbids_the_network_and_any_other_script_or_style(page: Path) -> None:
    outline = Outline(page.read_text(encoding="utf-8"))
    policy = next(a["content"] for _, a in outline.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy
    assert re.fullmatch(r"style-src 'sha256-[^ ']+'", policy.split("; ")[2])


def test_data_come_back_whole_from_the_page(page: Path, report: Report) -> None:
    data = embedded_data(page.read_text(encoding="utf-8"))
    assert set(NAMES) <= set(data["enterprises"]["name"])
    assert len(data["enterprises"]["uscc"]) == report.scores.height
    assert {view["title"]: len(view["rows"]["uscc"]) for view in data["views"] if "rows" in view} == {
        **dict.fromkeys(("升级改造", "关停", "并转", "对接头部企业"), 0),
        **dict(report.candidates["title"].value_counts().iter_rows()),
    }


def test_a_list_is_called_what_the_policy_calls_it_also_for_who_has_no_rank(report: Report) -> None:
    other = report.scores.filter(pl.col("status") == "insufficient")["uscc"][0]
    own = pl.col("list") == "shutdown"
    candidates = report.candidates.with_columns(
        pl.when(own).then(pl.lit("关停退出")).otherwise("title").alias("title"),
        pl.when(own & (pl.col("priority") == 1)).then(pl.lit(other)).otherwise("uscc").alias("uscc"),
    )
    policy = report.policy_toml.replace('title = "关停"', 'title = "关停退出"')
    data = embedded_data(render(replace(report, candidates=candidates, policy_toml=policy)))
    listed = dict(zip(data["enterprises"]["uscc"], data["enterprises"]["list_title"], strict=True))
    assert listed[other] == "关停退出"
    assert set(listed.values()) - {None} <= {mark["title"] for mark in data["marks"]}
    assert "关停退出" in {one["title"] for one in data["lists"]}


def test_no_name_can_end_the_data_block(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    begin = text.index('id="data">') + len('id="data">')
    block = text[begin : text.index("</script>", begin)]
    assert set(NAMES) <= set(json.loads(block)["enterprises"]["name"])
    assert not set("<>&\u2028\u2029") & set(block)


def test_figures_of_an_enterprise_stand_once_in_the_page(page: Path, report: Report) -> None:
    """Numerators and denominators that the enterprise's own totals say already are named, not repeated."""
    data = embedded_data(page.read_text(encoding="utf-8"))
    assert [one["same"] for one in data["indicators"]] == [
        {"numerator": "tax", "denominator": "land"},
        {"numerator": "revenue", "denominator": "land"},
        {"numerator": "revenue", "denominator": "energy"},
    ]
    codes = data["enterprises"]["uscc"]
    for one, key in zip(data["indicators"], ("tax_per_mu", "revenue_per_mu", "revenue_per_tce"), strict=True):
        expected = {row["uscc"]: row for row in report.indicators.filter(pl.col("indicator") == key).to_dicts()}
        rows = one["rows"]
        assert {codes[who] for who in rows["who"]} == set(expected)
        for who, value, benchmark, score in zip(
            *(rows[n] for n in ("who", "value", "benchmark", "score")), strict=True
        ):
            row = expected[codes[who]]
            assert [value, benchmark, score] == pytest.approx([row["value"], row["benchmark"], row["score"]], rel=1e-8)


def test_same_report_gives_the_same_bytes(report: Report, page: Path, tmp_path: Path) -> None:
    write_page(tmp_path / "again.html", report)
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.html"]


def test_page_of_a_zone_is_below_two_megabytes() -> None:
    assert len(render(sample_report(467, unrated=21)).encode()) < 2_000_000


def test_a_place_that_cannot_be_written_is_told(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EfficiencyError, match=r"cannot be written .* and run again"):
        write_page(tmp_path / "file" / "page.html", report)


def test_a_figure_that_is_not_finite_is_refused(report: Report) -> None:
    broken = replace(report, scores=report.scores.with_columns(pl.lit(float("nan")).alias("land")))
    with pytest.raises(ValueError, match="a missing figure must be null"):
        render(broken)


def test_with_too_many_enterprises_the_page_holds_the_lists_and_says_so(report: Report) -> None:
    data = embedded_data(render(report, limit=30))
    assert 0 < len(data["enterprises"]["uscc"]) <= 30
    assert set(data["enterprises"]["uscc"]) <= set(report.candidates["uscc"])
    assert all(view["id"].startswith("list-") for view in data["views"])
    assert "超过本页能列的30户" in data["limited"]
    assert data["background"]


COLUMNS = st.one_of(
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
    st.lists(st.none() | st.integers(-(2**40), 2**40)),
    st.lists(st.none() | st.text(max_size=5)),
    st.lists(st.none() | st.booleans()),
    st.lists(st.none() | st.sampled_from(["</script>", "<!--", "\u2028", "=1", '"', "\\"])),
    st.integers(2, 50).map(lambda count: [*range(7, 7 + count)]),
)


@given(COLUMNS)
def test_any_column_comes_back_from_the_page_as_it_was(values: list[object]) -> None:
    frame = pl.DataFrame({"one": values}, strict=False)
    text = embedded(packed(frame))
    assert not set("<>&\u2028\u2029") & set(text)
    assert unpacked(json.loads(text))["one"] == frame["one"].to_list()


def test_a_column_that_repeats_itself_is_written_by_its_distinct_values() -> None:
    frame = pl.DataFrame({"town": ["北郊镇", None, "南定镇", "北郊镇"] * 3})
    assert json.loads(packed(frame)) == {"town": {"of": ["北郊镇", "南定镇"], "at": [0, -1, 1, 0] * 3}}
