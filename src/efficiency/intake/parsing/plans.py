"""Whether a text says that its figures are planned or expected (计划, 预计, 目标 …), not reached."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from efficiency.reference.tables import normalise_name
from schemas import FORMS

Plan = Literal["plan", "both", "doubt"]
"""`plan`: the figures are planned; `both`: planned ones stand beside those that were reached; `doubt`: 计划 may be part
of a name."""

LONGEST = 200
"""Characters of a text that are looked at."""
_NAMES = re.compile(
    r"计划总?投资额?|实际(?:入库|缴纳)|(?:拟建|计划|规划)(?:新建|建设|实施|开工|竣工|投产|扩产|技改)?的?(?:重点|重大)?项目|计划(?:开工|竣工|投产|建成|单列|生育|财务|内|外)"
    r"|(?:行动|培育|倍增|提升|攀登|改造|整改|发展|人才|扶持|帮扶|领航|登高|壮大|工程)计划|(?<!\d)[一二三四五六七八九十\d]年计划"
    r"|(?:计划|规划)(?:用[电水])?(?:委|局|处|科|办)|计划用[电水](?:户|单位|企业|大户|管理|、|节约|考核)"
    r"|(?:一般)?公共(?:财政)?预算|预算(?:单位|级次|科目|内|外|法|局|科|处|股)"
    r"|目标(?:考核|责任|管理|企业|客户|市场)|任务(?:编号|号|书|单|名称|来源|批次)|指标体系|十[一二三四五六七]五规划"
)
"""What is called so and is no plan of figures: a programme, an office, a kind of revenue."""
_MEASURES = "|".join(
    sorted(
        {
            re.escape(normalise_name(word))
            for form in FORMS.values()
            for column in form.columns
            if column.figure in ("flow", "level")
            for word in column.words
        }
        | {"用[电水气热煤]", "能耗", "耗", "产量", "电量", "水量", "利润", "经济", "完成", "实现", "达到"}
    )
)
_EXPECTED = re.compile(r"预计|预测|预估|预期|预判|力争|拟(?:完成|实现|达到|缴)|(?:估计|估算)[数值额量]|预完成")
_PLANNED = re.compile(r"计划|规划|目标|任务|预算|指标下达|指标分解|下达.{0,10}?指标")
_OF_FIGURES = re.compile(
    rf"(?:计划|规划|目标|任务|预算)(?:$|[数值额量表书]|安排|分解|下达|指标|汇总|明细|编制|建议|草案|方案|情况|[()\[\]、,/:+及和与\s-]|20\d\d|{_MEASURES})"
    r"|指标下达|指标分解|下达.{0,10}?指标"
)
_TO_REACH = re.compile(
    rf"(计划|{_EXPECTED.pattern})(?:完成|实现|达到|缴纳|入库)(?!情况|进度|率|表|统计|汇总|比|通报|排名|程度|$)"
)
"""计划完成数 is a plan."""
_REACHED = re.compile(
    r"(?:完成|执行|落实|实现|达成|兑现|推进)的?(?:情况|进度|率|表|统计|汇总|对比|比较|通报|排名|程度|$|[()\s])|达标|进展"
)
"""Behind 计划 or 任务, what makes it a report on it: 任务完成情况."""
_ACTUAL = re.compile(r"实际|实绩|实完成|完成[数值额量]|实现[数值额量]")
_IS_REACHED = re.compile(
    r"^(?:本[期月年]|当月|累计)?(?:实际|实绩|完成|执行|实现)(?:完成|执行|实现)?(?:[数值额量]|情况)?(?:$|[(])|[(](?:实际|实绩|完成)[^()]*[)]"
)
_JOINED = re.compile(
    rf"[及和与、,/+暨].{{0,8}}?(?:{_EXPECTED.pattern})|(?:{_EXPECTED.pattern}).{{0,6}}?[及和与、,/+暨]"
)
_OF_ROWS = re.compile(
    r"(?:数据|本行|本月|当月|金额|\d{1,2}月份?)?(?:(?:暂)?[为系是按]|暂)?(?:年度|全年|月度|本年|年初|下达)?"
    r"(?:计划|预计|预测|预估|预期|目标|预算|任务|估计|估算)(?:完成)?(?:[数值额量]|指标|情况)?"
)
_NOTE = re.compile(
    r"(?:[为系是按用以]|均|采用)(?:的)?(?:年度|全年)?(?:预计|预测|预估|估计|估算|计划)(?:完成)?(?:[数值额量]|指标|填|$|[,.;。)])"
)
_WHOLE = re.compile(r"本表|以上|上述|表[内中]|[全都均]|所[有列填]")


@lru_cache(maxsize=4096)
def planned(text: str) -> Plan | None:
    """What a title, a name or a header says of its figures; None where it says nothing of a plan.

    计划总投资, 一般公共预算 and the like are names; 任务完成情况 is of what was reached.
    """
    plain = normalise_name(text[:LONGEST])
    if not (_EXPECTED.search(plain) or _PLANNED.search(plain)):
        return None
    plain = _TO_REACH.sub(r"\1数", _NAMES.sub("〇", plain))
    expected = _EXPECTED.search(plain)
    if not expected and not _PLANNED.search(plain):
        return None
    if _ACTUAL.search(plain):
        return "both"
    if expected:
        return "both" if _JOINED.search(plain) else "plan"
    if _REACHED.search(plain):
        return None
    return "plan" if _OF_FIGURES.search(plain) else "doubt"


@lru_cache(maxsize=4096)
def is_planned(header: str) -> bool:
    """Whether a header, or a heading over columns, is of figures that are planned: 计划, 预计税收, 11月(预计)."""
    return planned(header) in ("plan", "doubt")


def is_reached(header: str) -> bool:
    """Whether one of the cells of a header (joined by `|`) says that its figures were reached: 实际, 税收(完成数).

    实际入库税收 is a name, under which a plan may stand as well.
    """
    cells = normalise_name(header[:LONGEST]).split("|")
    return not any(map(is_planned, cells)) and any(_IS_REACHED.search(cell) for cell in cells)


def says_reached(text: str) -> bool:
    """Whether a title is of what was reached: 完成情况, 实际."""
    plain = normalise_name(text[:LONGEST])
    return _REACHED.search(plain) is not None or _ACTUAL.search(plain) is not None


def is_planned_row(text: str) -> bool:
    """Whether the label or the remark of a row is no more than that its figures are planned: 计划数, 10月为预计数."""
    return _OF_ROWS.fullmatch(normalise_name(text[:LONGEST])) is not None


def planned_by_note(text: str) -> Plan | None:
    """What a note above or below a table says of its figures: 注:本表为预计数 of all, 10月为预计数 of some."""
    plain = normalise_name(text[:LONGEST])
    if not _NOTE.search(plain):
        return None
    return "plan" if _WHOLE.search(plain) else "doubt"
