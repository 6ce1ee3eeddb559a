"""Whatever known headers stand together in a table, in whatever order: reading it ends in rows and problems."""

import tempfile
from pathlib import Path
from typing import Any

from builders.sheets import Rows, balanced, write
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.layout.header_cells import ROLES
from efficiency.intake.read import read_file
from efficiency.reference.tables import carrier_aliases
from schemas import FORMS

FIELDS = sorted({header for form in FORMS.values() for column in form.columns for header in column.headers})
HEADERS = [*FIELDS, *(names[0] for names in ROLES.values()), *sorted(carrier_aliases())]
LONG = [
    "能源名称",
    "计量单位",
    "消费量",
    "使用量",
    "用电量",
    "用气量",
    "用于原材料",
    "加工转换产出",
    "采用折标系数",
    "综合能耗",
]
MARKS = ["{}", "本月{}", "{}累计", "{}(吨)", "{}(万元)", "{}(吨标准煤)", "其中:{}", "{}(上年同期)", "10月", "合计"]
CELLS: list[Any] = ["甲公司", "电力", "原煤", "吨", "千瓦时", "2026-10", "10", 12.5, 0, None, "约5", "合计", "-", "高"]


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """A title, one or two rows of headers, and rows of cells that may be anything."""
    words = draw(st.sampled_from([HEADERS, LONG]))
    header = st.builds(str.format, st.sampled_from(MARKS), st.sampled_from(words))
    named = draw(st.lists(header, min_size=1, max_size=9))
    named.insert(draw(st.integers(0, len(named))), draw(st.sampled_from(["企业名称", "统一社会信用代码", "能源名称"])))
    above = draw(st.lists(st.sampled_from([None, "", "本月", "累计", "用电量", "能源消费"]), max_size=len(named)))
    body = draw(
        st.lists(st.lists(st.sampled_from(CELLS), min_size=len(named), max_size=len(named)), min_size=1, max_size=4)
    )
    title = draw(st.sampled_from(["2026年10月", "2026年1-10月用电量(千瓦时)", "企业名称:甲公司", "情况表"]))
    return [[title], above, named, *body] if draw(st.booleans()) else [[title], named, *body]


@given(rows=tables())
def test_no_set_of_known_headers_ends_the_reading_of_a_file(rows: Rows) -> None:
    with tempfile.TemporaryDirectory() as folder:
        parsed = balanced(read_file(write(Path(folder) / "表.xlsx", {"Sheet1": rows})))
    assert "internal" not in parsed.problems["rule"]  # a fault of the program over a sheet
