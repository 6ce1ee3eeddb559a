"""⑤ What is not sure: data that are missing, and from whom; verdicts that hang on a choice; what is not verified."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy import words
from efficiency.policy.model import VERIFY
from efficiency.reports.content.one_page.overall import borderline
from efficiency.reports.content.one_page.shape import TITLE_WIDTH, Section
from efficiency.reports.content.totals import confidence_counts, ranked
from efficiency.reports.robustness import first_page_words
from efficiency.reports.text import CONFIDENT, SEVERITIES, count, enumerated, percentage, shortened
from schemas import FED_BY, FORMS
from schemas.profile import ENERGY_MEASURES, LAND_MEASURES, TOTALS

if TYPE_CHECKING:
    from efficiency.reports.report import Report

MOST_FORMS, MOST_SENDERS, MOST_LABELS = 4, 2, 3
WARNING_WIDTH = 84
_FORM_OF = {
    **dict.fromkeys((column.name for column in LAND_MEASURES), "land"),
    **dict.fromkeys((column.name for column in ENERGY_MEASURES), "energy"),
    **FED_BY,
}
"""Word for a total → the form that states it."""
_TITLES = {column.name: column.title for column in TOTALS}
_IN_A_FOLDER = pl.col("file_name").str.contains("/", literal=True)
_SENDER = pl.col("file_name").str.split("/").list.first().alias("sender")
"""Who sent a file: the first folder of its path."""


def doubts(report: Report, listed: pl.DataFrame) -> Section:
    """⑤ 尚不确定的."""
    said = [
        *_missing(report),
        *_filled_in(report),
        *_unfirm(report, listed),
        *first_page_words(report),
        *_unverified(report),
        *_to_be_mended(report),
    ]
    if not said:
        said.append("未发现缺失数据、临界等级、未核实事项和待改正的数据。")
    return Section("doubts", "五、尚不确定的", tuple(said))


def senders(report: Report) -> dict[str, list[str]]:
    """Form → who sent it, most sheets first: the first folder of the files' paths, where they have one."""
    found = (
        report.submissions.filter(_IN_A_FOLDER & pl.col("form").is_not_null())
        .with_columns(_SENDER)
        .group_by("form", "sender")
        .len()
        .sort("form", "len", "sender", descending=[False, True, False])
    )
    grouped: dict[str, list[str]] = {}
    for form, sender, _ in found.iter_rows():
        grouped.setdefault(form, []).append(sender)
    return grouped


def _lacking(report: Report, indicators: pl.DataFrame) -> pl.DataFrame:
    """Enterprise and total (uscc, word): what an indicator without a value needs and the figures do not determine."""
    empty = indicators.filter(pl.col("value").is_null())
    sides = ("numerator_expression", "denominator_expression")
    expressions = {expression for side in sides for expression in empty[side].unique()}
    needed = {expression: " ".join(_words(expression)) for expression in sorted(expressions)}
    words = sorted({word for expression in expressions for word in _words(expression)})
    if not words:
        return pl.DataFrame(schema={"uscc": pl.String, "word": pl.String})
    unknown = (pl.when(pl.col("word") == word).then(pl.col(word).is_null()) for word in words)
    return (
        empty.unpivot(sides, index="uscc", value_name="word")
        .select("uscc", pl.col("word").replace(needed).str.split(" "))
        .explode("word")
        .unique(maintain_order=True)
        .join(report.scores.select("uscc", *words), on="uscc", how="inner")
        .filter(pl.coalesce(*unknown))
        .select("uscc", "word")
    )


def _words(expression: str) -> list[str]:
    """The totals that `expression` names."""
    return [word for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", expression) if word in _TITLES]


def _by_form(report: Report, lacking: pl.DataFrame) -> list[str]:
    """《能源消费》2户(统计局、供电公司报送),… the most enterprises first."""
    of_form = lacking.with_columns(
        pl.col("word").replace_strict(_FORM_OF, default=None, return_dtype=pl.String).alias("form")
    ).drop_nulls("form")
    who = senders(report)
    forms = (
        of_form.group_by("form")
        .agg(pl.col("uscc").n_unique().cast(pl.Int64).alias("enterprises"))
        .sort("enterprises", "form", descending=[True, False])
    )
    said = []
    for form, enterprises in forms.iter_rows():
        named = enumerated([shortened(one, TITLE_WIDTH) for one in who.get(form, [])], MOST_SENDERS)
        said.append(f"《{FORMS[form].title}》{count(enterprises)}" + (f"({named}报送)" if named else ""))
    return said


def _missing(report: Report) -> list[str]:
    """Who could not be evaluated, by the form whose figures are missing and who sends it."""
    without = report.scores.filter(pl.col("status") == "insufficient")
    if without.is_empty():
        return []
    rows = report.indicators.join(without.select("uscc"), on="uscc", how="semi")
    parts = _by_form(report, _lacking(report, rows))
    words = f"：缺{enumerated(parts, MOST_FORMS)}" if parts else ""
    again = "，一户可缺多项" if len(parts) > 1 else ""
    return [f"数据不足、未评等级{count(without.height)}{words}{again}。"]


def _filled_in(report: Report) -> list[str]:
    """Ranked enterprises that lack an indicator's value, which the policy makes up for."""
    evaluated = ranked(report.scores).select("uscc")
    rows = report.indicators.filter(pl.col("value").is_null()).join(evaluated, on="uscc", how="semi")
    if rows.is_empty():
        return []
    return [f"参评企业中{count(rows['uscc'].n_unique())}有指标缺值，由办法补分或调整权重，等级取决于办法的选择。"]


def _unfirm(report: Report, listed: pl.DataFrame) -> list[str]:
    firm, known = confidence_counts(report)
    if not known:
        return ["等级稳健度未测算，等级对权重和数据的敏感程度不明。"] if report.scores["tier"].count() else []
    if firm == known:
        return []
    unfirm = borderline(listed)
    on_lists = f"其中清单上{count(unfirm)}" if unfirm else "均不在清单上"
    moved = words.moved(report.policy)
    return [
        f"{count(known - firm)}等级临界({moved}随机扰动时等级不变的不到{percentage(CONFIDENT)})，{on_lists}，先复核。"
    ]


def _unverified(report: Report) -> list[str]:
    asked = report.candidates.filter(pl.col("list") == VERIFY)
    if asked.is_empty():
        return []
    labels = (
        asked.select(pl.col("missing").str.split("、").alias("label"))
        .explode("label").drop_nulls().group_by("label").len().sort("len", "label", descending=[True, False])
    )  # fmt: skip
    named = [f"“{shortened(label, TITLE_WIDTH + 8)}”{count(number)}" for label, number in labels.iter_rows()]
    lacking = f"：缺{enumerated(named, MOST_LABELS)}" if named else ""
    return [f"待核实{count(asked.height)}{lacking}，补齐前不提请处置。"]


def _to_be_mended(report: Report) -> list[str]:
    """Errors and warnings that wait for a mended file, by who sent it; the first warning of the evaluation."""
    said = []
    counts = dict(report.problems["severity"].value_counts().iter_rows())
    open_ones = [
        f"{SEVERITIES[severity]}{counts[severity]:,}条" for severity in ("error", "warning") if counts.get(severity)
    ]
    if open_ones:
        wrong = report.problems.filter((pl.col("severity") == "error") & _IN_A_FOLDER)
        by = wrong.with_columns(_SENDER).group_by("sender").len().sort("len", "sender", descending=[True, False])
        named = [f"{shortened(sender, TITLE_WIDTH)}{number:,}条" for sender, number in by.iter_rows()]
        refused = report.submissions.filter(pl.col("status") == "refused").height
        of_senders = f"(错误：{enumerated(named, 3)})" if named else ""
        back = f"，整张未采用的工作表{refused:,}张" if refused else ""
        said.append(f"数据待改正：{'、'.join(open_ones)}{of_senders}{back}。")
    if report.warnings:
        first = shortened(report.warnings[0], WARNING_WIDTH).rstrip("。")
        more = f"(共{len(report.warnings)}条)" if len(report.warnings) > 1 else ""
        said.append(f"测算口径提示：{first}{more}。")
    return said
