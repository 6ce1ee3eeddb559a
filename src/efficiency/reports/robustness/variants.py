"""方法稳健: what the policy's method variants say, from the stored results alone.

A 口径 is a way to evaluate that can be defended: the policy as it is, and each of its variants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.policy.model import VERIFY, VERIFY_TITLE
from efficiency.reports.text import count, enumerated, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.policy.model import Policy
    from efficiency.reports.report import Report

NOT_RANKED = "—"
"""Shown where an enterprise has no tier under a variant."""
BETTER, WORSE = "↑", "↓"
"""Before a tier that is better or worse than that of the policy."""
GRAVE = ("close", "merge")
MOST_NAMED = 3
NAME_WIDTH = 30
LEGEND = (
    f"每格为该口径下的等级：与本办法相同的只写等级，{BETTER}更好，{WORSE}更差，{NOT_RANKED}该口径下不评等级；"
    "其后的“出”表示该口径下不在原清单上。"
)
MEANING = (
    "同一批数据按办法中几项本可另作选择的规定分别重新评价。各口径只用来看结论是否取决于方法，不改变本期等级和清单。"
)
_TITLES_OF_NONE = "—"


@dataclass(frozen=True, slots=True)
class Grid:
    """Who is on lists under each variant."""

    titles: tuple[str, ...]
    """Titles of the variants, in the policy's order."""
    rows: tuple[tuple[str, str, str, str, str, tuple[tuple[str, str | None], ...]], ...]
    """List, enterprise, tier, in how many methods the tier stays, in how many the list, and for each variant what is
    shown and the tier that it is coloured by (None without a tier)."""
    left_out: int
    """Enterprises on lists beyond those of `rows`."""


def methods_of(report: Report) -> int:
    """The number of methods under which the facts were evaluated, the policy itself among them; 0 without variants."""
    return report.variant_effects.height + 1 if report.variant_effects.height else 0


def not_evaluated(report: Report) -> str | None:
    """Why there is nothing to show; None where the variants were evaluated."""
    if methods_of(report):
        return None
    if report.policy.variant:
        return "本次运行未测算方法口径，等级是否取决于方法选择不明。"
    return "本办法未设方法口径，等级是否取决于方法选择不明。"


def agreement_words(share: float | None, methods: int, what: str) -> str | None:
    """13 种口径中 12 种为D类; None where it is not known."""
    if share is None or not methods:
        return None
    return f"{methods}种口径中{round(share * methods)}种{what}"


def agreement_columns(methods: int) -> list[pl.Expr]:
    """The same as columns: tier_methods of `agreement` and `tier`, list_methods of `list_agreement`."""
    kept = {name: (pl.col(name) * methods).round().cast(pl.Int64) for name in ("agreement", "list_agreement")}
    tier = pl.format("{}种口径中{}种为{}类", pl.lit(methods), kept["agreement"], "tier")
    listed = pl.format("{}种口径中{}种列入", pl.lit(methods), kept["list_agreement"])
    return [tier.alias("tier_methods"), listed.alias("list_methods")]


def choices(report: Report) -> list[tuple[int, str, str, int, int, int, int]]:
    """One row per variant: number, title, why, tiers moved, tiers no longer D, listed ones moved, newly listed."""
    names = ("number", "title", "why", "tiers_moved", "d_moved", "lists_moved", "newly_listed")
    return list(report.variant_effects.sort("number").select(names).iter_rows())


def headline(report: Report) -> str:
    """Which choice moves most tiers, and how many keep theirs under all, in one or two sentences."""
    effects, methods = report.variant_effects.sort("number"), methods_of(report)
    tiered = int(effects["tiered"][0])
    if not tiered:
        return "本期无企业评级，各口径之间没有等级可比。"
    same = _always(report.scores, "agreement")
    most = effects.sort("tiers_moved", "number", descending=[True, False]).row(0, named=True)
    words = f"{tiered:,}户有等级的企业中，{same:,}户在全部{methods}种口径下等级不变"
    if most["tiers_moved"]:
        words += f"；改变等级最多的一项是“{most['title']}”，改变{most['tiers_moved']:,}户"
    return f"{words}。{_of_d(report, methods)}"


def _of_d(report: Report, methods: int) -> str:
    in_d = report.scores.filter(pl.col("tier") == "D")
    if in_d.is_empty():
        return ""
    return f"D类{count(in_d.height)}中，{count(_always(in_d, 'agreement'))}在全部{methods}种口径下都是D类。"


def _always(rows: pl.DataFrame, column: str) -> int:
    """How many agree under all methods."""
    return rows.filter(pl.col(column) > 1 - 1e-9).height


def first_page_words(report: Report) -> list[str]:
    """How many verdicts do not depend on any choice of method, and which of the grave ones do; two sentences."""
    if (why := not_evaluated(report)) is not None:
        return [f"方法：{why}"] if report.policy.variant else []
    methods = methods_of(report)
    tiered = report.scores.filter(pl.col("tier").is_not_null())
    if tiered.is_empty():
        return []
    same = _always(tiered, "agreement")
    effects = report.variant_effects.sort("tiers_moved", "number", descending=[True, False]).row(0, named=True)
    most = (
        f"；改变最多的是“{shortened(effects['title'], 30)}”({count(effects['tiers_moved'])})"
        if same < tiered.height
        else ""
    )
    said = [
        f"本办法与办法所列其他{methods - 1}种说得通的算法比较：{count(tiered.height)}的等级中"
        f"{count(same)}在这{methods}种算法下都一样，{count(tiered.height - same)}取决于算法{most}。"
    ]
    if (grave := _grave(report)) is not None:
        said.append(grave)
    return said


def _grave(report: Report) -> str | None:
    """How many of those who meet the rules of shutdown or merger do so under every method, and who does not."""
    lists = {rule.list: rule.title for rule in report.policy.candidate if rule.proposal in GRAVE}
    named = report.candidates.with_columns(pl.coalesce("would_be", "list").alias("rule")).filter(
        pl.col("rule").is_in(list(lists))
    )
    if named.is_empty():
        return None
    agreed = named.join(report.scores.select("uscc", "list_agreement"), on="uscc", how="left", maintain_order="left")
    open_ones = agreed.filter(pl.col("list_agreement") < 1 - 1e-9).sort("list_agreement", "uscc")
    titles = "、".join(shortened(title, 16) for title in dict.fromkeys(lists[own] for own in named["rule"]))
    also = "(含待核实)" if (named["list"] == VERIFY).any() else ""
    firm = named.height - open_ones.height
    words = f"符合{titles}规则的{count(named.height)}{also}中，{count(firm)}在各种算法下都符合"
    if open_ones.is_empty():
        return f"{words}。"
    shown = [_hanging(report, row) for row in open_ones.iter_rows(named=True)]
    return f"{words}；{count(open_ones.height)}取决于算法：{enumerated(shown, MOST_NAMED)}。"


def _hanging(report: Report, row: Mapping[str, Any]) -> str:
    """An enterprise whose list depends on the method: on which choice, where it is a single one."""
    methods, name = methods_of(report), shortened(row["name"], NAME_WIDTH)
    stays = round(row["list_agreement"] * methods)
    if stays == methods - 1:
        other = report.variants.filter(pl.col("uscc") == row["uscc"], pl.col("list").ne_missing(pl.lit(row["rule"])))
        titles = other.join(report.variant_effects.select("variant", "title"), on="variant")["title"].to_list()
        if titles:
            return f"{name}(只因“{shortened(titles[0], 24)}”而不符合)"
    return f"{name}({methods}种中{stays}种符合)"


def grid(report: Report, most: int) -> Grid:
    """The first `most` enterprises on lists, the gravest lists first, on each those whose list is least sure."""
    effects, methods = report.variant_effects.sort("number"), methods_of(report)
    ids = effects["variant"].to_list()
    order = _order(report.policy)
    listed = (
        report.candidates.with_columns(pl.coalesce("would_be", "list").alias("rule"))
        .join(report.scores.select("uscc", "agreement", "list_agreement"), on="uscc", how="left", maintain_order="left")
        .with_columns(pl.col("rule").replace_strict(order, default=len(order), return_dtype=pl.Int64).alias("__order"))
        .sort("__order", "list_agreement", "agreement", "uscc", nulls_last=True)
    )
    shown = listed.head(most)
    of_shown = report.variants.join(shown.select("uscc"), on="uscc", how="semi")
    found = {
        (uscc, own): (tier, on)
        for uscc, own, tier, on in of_shown.select("uscc", "variant", "tier", "list").iter_rows()
    }
    titles = report.policy.list_titles
    rows = []
    for row in shown.iter_rows(named=True):
        title = titles.get(row["rule"], row["title"])
        cells = tuple(_cell(row, *found.get((row["uscc"], own), (None, None))) for own in ids)
        rows.append(
            (
                f"{VERIFY_TITLE}(拟{title})" if row["list"] == VERIFY else title,
                row["name"],
                row["tier"] or NOT_RANKED,
                _of(row["agreement"], methods),
                _of(row["list_agreement"], methods),
                cells,
            )
        )
    return Grid(tuple(effects["title"]), tuple(rows), listed.height - shown.height)


def _order(policy: Policy) -> dict[str, int]:
    """Id of each list → its place, those that propose the gravest first, then in the policy's order."""
    proposals = {rule.list: rule.proposal for rule in reversed(policy.candidate)}
    gravity = [*GRAVE, "renovate", "support", None]
    lists = dict.fromkeys(rule.list for rule in policy.candidate)
    return {own: i for i, own in enumerate(sorted(lists, key=lambda one: gravity.index(proposals[one])))}


def _cell(row: Mapping[str, Any], tier: str | None, listed: str | None) -> tuple[str, str | None]:
    """What a cell shows of a variant, and the tier by which it is coloured."""
    left = "" if listed == row["rule"] else "出"
    if tier is None:
        return f"{NOT_RANKED}{left}", None
    own = row["tier"]
    mark = "" if own is None or tier == own else BETTER if tier < own else WORSE
    return f"{mark}{tier}{left}", tier


def _of(share: float | None, methods: int) -> str:
    return _TITLES_OF_NONE if share is None else f"{round(share * methods)}/{methods}"
