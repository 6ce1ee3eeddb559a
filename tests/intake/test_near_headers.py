"""A column whose header misses a name by one character is told, and not taken."""

from builders.sheets import problems, stated
from conftest import Reader


def test_a_header_with_a_slip_of_the_pen_is_told_and_not_taken(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收人(万元)", "实缴税金(万元)", "联系电话", "工业总产(万元)"],
            ["甲公司", 100, 1, 13800000000, 7],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "tax", "gross_output") == [("甲公司", None, 1.0, None)]
    assert problems(parsed) == [
        ("B2", "header_near", "营业收人(万元)"),
        ("E2", "header_near", "工业总产(万元)"),
    ]
    assert "与“营业收入”只差一个字" in parsed.problems["message"][0]


def test_a_column_near_a_name_is_not_told_where_it_is_empty_or_the_name_is_there(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "营业收人(万元)", "实缴税金(万元)", "工业总产量(万元)"],
            ["甲公司", 100, 90, 1, None],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "tax") == [("甲公司", 100.0, 1.0)]
    assert problems(parsed) == []


def test_a_carrier_with_a_slip_of_the_pen_is_told(read: Reader) -> None:
    parsed = read(
        [["2026年10月能源消费"], ["企业名称", "电力(万千瓦时)", "液化石油汽(吨)"], ["甲公司", 10, 3]],
    )
    assert stated(parsed, "energy", "name", "carrier") == [("甲公司", "电力")]
    assert problems(parsed) == [("C2", "header_near", "液化石油汽(吨)")]


def test_a_slip_of_the_pen_is_told_beside_the_name_it_resembles(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "实缴税金(万元)", "从业人员平均人娄"], ["甲公司", 1, 5]])
    assert "与“从业人员平均人数”只差一个字" in parsed.problems["message"][0]
