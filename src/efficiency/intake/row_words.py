"""What the word that stands where an enterprise should says of its row: a total, a note, a heading, a mark of time.

A row that names no enterprise is no data: the heading of a group with its sums, a comparison with last year, a stamp.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from efficiency.intake.cells import number_in, says_nothing, squeezed
from efficiency.intake.periods import canonical, marker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Odd = Literal["total", "subtotal", "note", "heading", "time"]

TELLING = (
    r"[\s年月季计注说表核人责话期源章字下*＊※。;；:：、.．,，\d名〇○均值比率]|^[(（]|^(?:其中|增|校验|核对|总数|(?i:total))"
    r"|[局会室府道处镇科]$"
)
"""Characters without which a name cannot be a total, a note or a repeated header: most rows need no closer look."""

_TOTAL = re.compile(
    r"^(?:其中:?)?.{0,8}?(?:合计|总计|小计|共计)(?:数|户数)?:?(?:\([^)]*\)|\d+[户家个])?$|^累计$|^总数$|^TOTAL:?$"
)
_SUBTOTAL = re.compile(r"小计|.(?:合计|总计|共计)")
_GRAND = re.compile(r"^(?:总|全区|全县|全市|全部|本表|园区)?(?:合计|总计|共计)")
_SUM_OF_COLUMN = re.compile(r"^(?:合计|总计|小计|共计)$")
_NOTE = re.compile(
    r"^(?:备?注|附注|说明|填表说明|填报说明|指标解释|填表人|填报人|制表人?|审核人?|复核人?|经办人|负责人|单位负责人|统计负责人|分管领导"
    r"|联系人|联系电话|电话|填报日期|填表日期|报出日期|报送日期|打印日期|制表日期|数据来源|资料来源|来源|盖章|签字|签章|公章|单位公章"
    r"|填报单位|报送单位)(?:签字|签章|盖章)?\d*(?:\([^)]*\))?(?::.*)?$|^注\d*[:.、].*|^(?:计量|金额|货币)?单位:.+"
    r"|^\(?以下(?:空白|无正文)\)?$|^.{1,5}人员?:.*"
)
_GROUP = re.compile(r"^(?:[一二三四五六七八九十]{1,3}、|\([一二三四五六七八九十]{1,3}\)|[*※])|.:$")
"""A group of enterprises (一、规上企业; 张店镇:) or a remark (*为估计数)."""
_NUMERAL = re.compile(r"\(?[一二三四五六七八九十]{1,3}[)、.]?")
"""The number of a group, in the column of serial numbers."""
_COMPARED = re.compile(
    r"(?=.*(?:上年|去年|上月|上期|同期|同比|环比|[增减比±]))(?:比|较)?(?:上年|去年|上月|上期)?(?:同期|同月)?(?:[数值]|合计|总计)?"
    r"(?:同比|环比)?(?:增长|增减|增加|减少|下降|增速|增幅|±)*+[额量率值数]?(?:\([^)]*\)|[%±+-])*"
    r"|(?:户均|平均|最大|最小|均)[值数]?|中位数|占比(?:\([^)]*\)|%)?|完成率|校验|核对|其中:?.+"
)
"""What a row says of the rows above it."""
_ENTERPRISE = re.compile(r"公司|厂|集团|合作社|中心|研究院|经营部")
_DAY = re.compile(r"20\d\d[-年./]\d{1,2}[-月./]\d{1,2}日?")
_MAY_BE_TIME = re.compile(r"(?m)^[^\d\n]*\d.*[年月季]|\d{6}|\d{4}-\d|^[^〇○\n]*[〇○].*年|\d{4}[./]\d")
_AT_THE_FOOT = re.compile(
    r"[。;；,]|^\d{1,2}[、.．](?:\D|$)|^.{40,}$|^第\d+页|^共\d|^\(完\)$|^(?:抄送|抄报|主送)"
    r"|(?:局|委员会|管委会|办公室|政府|街道|办事处|镇|科|处)$"
)
"""A sentence, the number of a page, or the organisation that signs."""
_CODE_CHARACTER, _HAN = re.compile(r"[0-9A-Za-z]"), re.compile(r"[\u4e00-\u9fff]")


def word_of(code: str | None, name: str | None, labels: Sequence[str | None]) -> str | None:
    """The word that stands where an enterprise should: the name, or the first text; None where there is a code."""
    # 合计 and 规上企业(3家) may stand in the column of codes.
    if code is not None and _CODE_CHARACTER.search(code) and not _HAN.search(code):
        return None
    return next((word for text in (name, *labels) if (word := plain(text))), None)


@lru_cache(maxsize=1 << 16)
def plain(text: str | None) -> str | None:
    """`text` squeezed; None where it says nothing."""
    return None if text is None or says_nothing(text) else squeezed(text)


@lru_cache(maxsize=1 << 16)
def odd_row(word: str | None, carrier: str | None, *, alone: bool) -> Odd | None:
    """What a row with this `word` and `carrier` is, where it is no data.

    `alone`: the table names no enterprise, so that the names of its carriers are no labels of rows (能源合计).
    """
    total = carrier is not None and is_sum(carrier)
    if word is None:
        return "total" if total else None
    enterprise = _ENTERPRISE.search(word) is not None
    if not alone and not enterprise and _COMPARED.fullmatch(word):
        return "note"
    if total or (not alone and _TOTAL.search(word)):
        return "subtotal" if _SUBTOTAL.search(word) and not _GRAND.search(word) else "total"
    if _NOTE.search(word):
        return "note"
    if _GROUP.search(word):
        return "heading"
    timed = not alone and _MAY_BE_TIME.search(word) is not None
    return "time" if timed and (_DAY.fullmatch(canonical(word)) or marker(word) is not None) else None


def is_sum(text: str) -> bool:
    """Whether a cell in a column of carriers or months says that its row sums those above (合计)."""
    return _SUM_OF_COLUMN.search(squeezed(text)) is not None


def heads_a_group(name: str | None, labels: Iterable[str | None]) -> bool:
    """Whether a row is that of a group (一 | 规上工业): numbered as one, and not called like an enterprise."""
    if name is not None and _ENTERPRISE.search(name):
        return False
    return any(text is not None and _NUMERAL.fullmatch(squeezed(text)) for text in labels)


def may_have_sums(word: str) -> bool:
    """Whether figures beside the heading `word` are those of a group: not where it looks like an enterprise."""
    return _ENTERPRISE.search(word) is None and word[0] not in "*※"


def closes_a_table(word: str) -> bool:
    """Whether a line without figures, below all that have some, is no enterprise's."""
    return _AT_THE_FOOT.search(word) is not None


def states_a_figure(text: str) -> bool:
    """Whether a cell holds a figure, or what stands in the place of one: an error value, an idle formula."""
    return number_in(text) is not None or text.strip()[:1] in ("#", "=")
