"""Makes the score card of one enterprise, or of all: results, the cells behind its figures, the way to the next tier.

Everything is read from the published evaluation: scores, indicators and the text of the policy that was applied. Only
columns of overrides that the results lack (register flags, kinds of incidents) are taken from the facts as they are
now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.errors import UsageError
from efficiency.evaluation.explanation.composition import compose
from efficiency.evaluation.explanation.course import course_measures, course_of, courses
from efficiency.evaluation.explanation.judged import as_profile, with_profile_columns
from efficiency.evaluation.explanation.partners import partner_rows, rows_of_partners
from efficiency.evaluation.explanation.sources import Frames, source_cells, with_versions, words_of
from efficiency.evaluation.explanation.standing import Standing, Standings, standings
from efficiency.evaluation.scope import assign
from efficiency.evaluation.scoring import apply_overrides, peers_of
from efficiency.evaluation.targets import (
    MOST_MEMBERS,
    TAKES,
    Search,
    Supposing,
    next_better,
    score_needed,
    supposing,
    what_it_takes,
    why_out_of_reach,
)
from efficiency.language import say
from efficiency.periods import period_end
from efficiency.policy.formulas import formula_of
from efficiency.policy.load import parse_policy
from efficiency.reference.tables import normalise_name
from schemas import FACTS, FEEDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from efficiency.policy.model import Adjustment, Cohort, FormulaName, Policy

NEAREST = 3
"""The number of similar names that an error offers."""


class ExplainError(UsageError):
    """No such enterprise, period or policy; the message names those that there are."""


@dataclass(frozen=True)
class Target:
    """The next better tier of an enterprise and what it takes to reach it."""

    tier: str | None
    """The next better tier; None when there is none to reach."""
    score_needed: float | None
    """Lowest score that is in it before overrides; None when no score is."""
    blocked_by: tuple[str, ...]
    """Labels of the overrides that keep the enterprise below `tier` whatever its score."""
    what_it_takes: pl.DataFrame
    """One row per indicator (shape `target.TAKES`); empty when no better score is needed or possible."""
    note: str
    """Why no score leads there, in Chinese; empty when one does."""


@dataclass(frozen=True)
class Explanation:
    """The score card of one enterprise in one evaluation."""

    evaluation: dict[str, Any]
    """The row of results.evaluations, without the policy's text."""
    policy_title: str
    policy: Policy
    """The policy as it was applied."""
    other_policies: tuple[str, ...]
    """Policies that have a current evaluation of the period too."""
    score: dict[str, Any]
    """The row of results.scores."""
    cohort_title: str | None
    cuts: tuple[float, ...]
    """Scores at which a tier ends, where the policy cuts by score."""
    formula: FormulaName | None
    """How the cohort scores its indicators; None without a cohort."""
    ranked: int
    """Ranked enterprises of the cohort: rank is one of so many."""
    indicators: pl.DataFrame
    """The rows of results.indicators in the policy's order, with `place` among the `places` values of the cohort's
    ranked enterprises: 1 + how many have a better value; and `group_first`, `group_last` and `group_places` among
    those of `standing`."""
    standing: Standing | None
    """Where it stands in its industry; None where it is not ranked."""
    course: pl.DataFrame
    """The twelve months up to the period's: measure, title, unit, month and value, null where not determined."""
    adjustments: tuple[tuple[str, float], ...]
    """Label and points of the adjustments that applied."""
    candidate: dict[str, Any] | None
    """The row of results.candidates, if it is on a list."""
    verifications: pl.DataFrame
    """Its rows of results.verifications, in the policy's order."""
    partners: pl.DataFrame
    """The rows of results.indicators of the partners named for it, with their tier."""
    sources: pl.DataFrame
    """Every stated figure of two years that feeds its figures (shape `sources.SOURCES`); `explain_all` leaves
    it empty."""
    totals: pl.DataFrame
    """Its window totals as evaluated and as the sum of their parts (shape `composition.TOTALS_MADE`)."""
    composition: pl.DataFrame
    """The stated figures that make up the totals (shape `composition.PARTS`)."""
    movement: dict[str, Any] | None
    """The row of results.movements; None without a previous evaluation."""
    target: Target


@dataclass(frozen=True)
class _Opened:
    """One evaluation, with everything that all of its score cards read."""

    evaluation: dict[str, Any]
    others: tuple[str, ...]
    policy: Policy
    scores: pl.DataFrame
    profile: pl.DataFrame
    """Every enterprise with the columns that its evaluation read (shape `schemas.PROFILE`)."""
    counted: pl.DataFrame
    """Who is not ranked but counts in n: the profile, and counted_in, the cohort in which it does."""
    ranked: pl.DataFrame
    """The ranked enterprises with every column that overrides and groups may name."""
    peers: dict[tuple[str, str], list[float]]
    """Cohort and indicator → the statistics of the ranked that the cohort's formula names."""
    partners: dict[str, pl.DataFrame]
    """Code of each partner that is named for anybody → its rows of results.indicators, with its tier."""
    standings: Standings
    asked: frozenset[str]
    """The enterprises that cards are made of."""
    searches: dict[str, Search | None] = field(default_factory=dict)
    """Cohort → the changes that take those of its enterprises to the next better tier; made when first asked for."""

    def search(self, cohort: Cohort) -> Search | None:
        """What would take the enterprises of `cohort` to the next better tier; None where it has no cuts.

        Of a cohort that is too large for all cards at once too.
        """
        if cohort.id not in self.searches:
            base = supposing(self.profile, self.policy, cohort)
            tiers = self.scores.filter(pl.col("cohort") == cohort.id, pl.col("uscc").is_in(self.asked))
            targets = {
                uscc: better
                for uscc, tier in tiers.select("uscc", "tier").iter_rows()
                if (better := next_better(tier)) is not None
            }
            few = len(targets) == 1
            searchable = base is not None and (few or base.members.height <= MOST_MEMBERS)
            self.searches[cohort.id] = (
                Search(base, targets, *((16, 7) if few else (6, 6))) if base is not None and searchable else None
            )
        return self.searches[cohort.id]


FIGURES = tuple({FACTS[form.id].qualified: None for fed in FEEDS.values() for form, _, _ in fed})
"""The long tables, of which a card reads the rows of its own enterprise alone."""
_OWN = ("results.indicators", "results.candidates", "results.verifications", "results.movements", *FIGURES)
_SENT = "intake.submissions"
_SHARED = ("results.evaluations", "intake.columns", _SENT)
JUDGED = (
    *_SHARED, "results.scores", "results.indicators", "results.candidates", "results.verifications",
    "results.movements", "facts.enterprises", "facts.surveys", "facts.incidents",
)  # fmt: skip
"""The other tables that cards read."""


def explain(
    frames: Frames,
    key: str,
    period: str,
    policy_id: str | None = None,
    figures_of: Callable[[str], Frames] | None = None,
) -> Explanation:
    """The score card of the enterprise `key` (code, or exact name, also a former one) in `period` (YYYY-MM).

    `frames`: the tables `JUDGED` by qualified name, and `FIGURES`, unless `figures_of` gives those of the enterprise
    with a code: a province's need not be in memory for one card. Without `policy_id` the evaluation made last is taken.
    Raises ExplainError when the period is not evaluated under it or the enterprise is not found.
    """
    opened = _open(frames, period, policy_id)
    uscc = _find(key, opened.scores, frames["facts.enterprises"])
    opened = replace(opened, asked=frozenset({uscc}))
    figures = figures_of(uscc) if figures_of is not None else frames
    own = {name: figures[name] if name in FIGURES else frames[name] for name in _OWN}
    tables = {name: frame.filter(pl.col("uscc") == uscc) for name, frame in own.items()}
    cohort = opened.scores.row(by_predicate=pl.col("uscc") == uscc, named=True)["cohort"]
    months = courses(tables, opened.policy, period, course_measures(opened.policy, cohort))
    return _card(opened, uscc, {**_shared(frames), **tables}, months)


def explain_all(frames: Frames, period: str, policy_id: str | None = None) -> Iterator[Explanation]:
    """The score card of every enterprise of the evaluation, in order of cohort, rank and code.

    `Explanation.sources` is empty. Raises as `explain`.
    """
    opened = _open(frames, period, policy_id)
    shared = _shared(frames)
    own = {table: frames[table] for table in _OWN}
    # Partitioned once: to filter each table for each enterprise takes the square of their number.
    parts = {table: frame.partition_by("uscc", as_dict=True) for table, frame in own.items()}
    measures = {
        name
        for cohort in (None, *(one.id for one in opened.policy.cohort))
        for name in course_measures(opened.policy, cohort)
    }
    months = courses(own, opened.policy, period, measures)
    of_each = months.partition_by("uscc", as_dict=True)
    for uscc in opened.scores.sort("cohort", "rank", "uscc", nulls_last=True)["uscc"]:
        rows = {table: found.get((uscc,), own[table].clear()) for table, found in parts.items()}
        yield _card(opened, uscc, {**shared, **rows}, of_each.get((uscc,), months.clear()), all_cells=False)


def _shared(frames: Frames) -> dict[str, pl.DataFrame]:
    """The tables that all cards read as a whole."""
    return {**{table: frames[table] for table in _SHARED}, _SENT: with_versions(frames[_SENT])}


def _open(frames: Frames, period: str, policy_id: str | None) -> _Opened:
    """The evaluation of `period`; raises ExplainError when there is none."""
    evaluation, others = _evaluation(frames["results.evaluations"], period, policy_id)
    chosen = pl.col("evaluation_id") == evaluation["evaluation_id"]
    scores = frames["results.scores"].filter(chosen)
    described = with_profile_columns(frames, scores, period_end(period))
    ranked = described.filter(pl.col("status") == "ranked")
    policy = parse_policy(evaluation.pop("policy_toml"), name=f"policy of {evaluation['evaluation_id']}")
    values = (
        frames["results.indicators"]
        .filter(chosen, pl.col("value").is_not_null())
        .join(ranked, on="uscc", how="semi")
        .select("uscc", "cohort", "indicator", "value")
    )
    profile = as_profile(described)
    excluded = profile.join(scores.filter(pl.col("status") == "excluded"), on="uscc", how="semi", maintain_order="left")
    return _Opened(
        policy=policy,
        evaluation=evaluation,
        others=others,
        scores=scores,
        profile=profile,
        counted=assign(excluded, policy).filter(pl.col("counted_in").is_not_null()),
        asked=frozenset(scores["uscc"]),
        ranked=ranked,
        peers=_peers(values, policy),
        partners=partner_rows(frames, chosen, scores),
        standings=standings(ranked, values, policy),
    )


def _peers(values: pl.DataFrame, policy: Policy) -> dict[tuple[str, str], list[float]]:
    """Of each cohort and indicator, the statistics that the cohort's formula names."""
    of = values.partition_by("cohort", "indicator", as_dict=True)
    return {
        (cohort.id, i.id): peers_of(formula_of(cohort), of.get((cohort.id, i.id), values.clear())["value"])
        for cohort in policy.cohort
        for i in cohort.indicator
    }


def _card(opened: _Opened, uscc: str, frames: Frames, months: pl.DataFrame, *, all_cells: bool = True) -> Explanation:
    """The card of one enterprise; of the tables in `_OWN` only its own rows are read. `months`: its `courses`."""
    policy, score = opened.policy, opened.scores.row(by_predicate=pl.col("uscc") == uscc, named=True)
    mine = (pl.col("evaluation_id") == opened.evaluation["evaluation_id"]) & (pl.col("uscc") == uscc)
    cohort = next((cohort for cohort in policy.cohort if cohort.id == score["cohort"]), None)
    own = _in_order(frames["results.indicators"].filter(mine), cohort).join(
        opened.standings.indicators.filter(pl.col("uscc") == uscc).drop("uscc"),
        on="indicator",
        how="left",
        validate="1:1",
        maintain_order="left",
    )
    candidates = frames["results.candidates"].filter(mine)
    words = words_of([*own["numerator_expression"], *own["denominator_expression"]])
    peers = opened.ranked.filter(pl.col("cohort").eq_missing(pl.lit(score["cohort"], dtype=pl.String)))
    totals, composition = compose(frames, policy, score, words)
    return Explanation(
        evaluation=opened.evaluation,
        policy_title=policy.title,
        policy=policy,
        other_policies=opened.others,
        score=score,
        cohort_title=cohort.label if cohort else None,
        cuts=policy.score_cuts,
        formula=cohort.formula if cohort else None,
        ranked=peers.height,
        indicators=own,
        standing=opened.standings.of(uscc),
        course=course_of(months, score["period"], course_measures(policy, score["cohort"])),
        adjustments=_applied(policy.adjustment, score),
        candidate=candidates.row(0, named=True) if candidates.height else None,
        verifications=frames["results.verifications"].filter(mine).sort("number"),
        partners=rows_of_partners(opened.partners, candidates),
        sources=source_cells(frames, uscc, score["period"], words if all_cells else set()),
        totals=totals,
        composition=composition,
        movement=_movement(frames, opened.evaluation["evaluation_id"], uscc),
        target=_target(opened, cohort, score=score, peers=peers, own=own),
    )


def _evaluation(
    evaluations: pl.DataFrame, period: str, policy_id: str | None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The current evaluation of the period, and the other policies that have one."""
    current = evaluations.filter(pl.col("current")).sort("created_at", "evaluation_id", descending=True)
    of_period = current.filter(pl.col("period") == period)
    if of_period.is_empty():
        known = current["period"].unique().sort().to_list() or say("none yet")
        raise ExplainError(
            say(
                "{period} has not been evaluated. Evaluated periods: {known}. Run it first, or name one of them.",
                period=period,
                known=known,
            )
        )
    found = of_period.filter(pl.col("policy_id") == policy_id) if policy_id else of_period
    if found.is_empty():
        raise ExplainError(
            say(
                "{period} has not been evaluated under policy {policy_id!r}. Evaluated under: {others}.",
                period=period,
                policy_id=policy_id,
                others=of_period["policy_id"].to_list(),
            )
        )
    evaluation = found.row(0, named=True)
    return evaluation, tuple(id_ for id_ in of_period["policy_id"] if id_ != evaluation["policy_id"])


def _applied(adjustments: Sequence[Adjustment], score: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    """Label and points of the adjustments that were applied: those whose joined labels and sum were published.

    Labels alone do not identify them: one may hold a 、 itself, and steps of one bonus share a label.
    """
    points = score["adjustments"] or 0.0
    found = list(_joined_to(score["adjustment_labels"] or "", adjustments))
    chosen = min(found, key=lambda some: abs(math.fsum(one.points for one in some) - points), default=())
    return tuple((one.label, one.points) for one in chosen)


def _joined_to(text: str, adjustments: Sequence[Adjustment]) -> Iterator[tuple[Adjustment, ...]]:
    """Every choice of `adjustments`, in their order, whose labels joined by 、 are `text`."""
    if not text:
        yield ()
    for at, one in enumerate(adjustments):
        if text == one.label:
            yield (one,)
        elif text.startswith(f"{one.label}、"):
            rest = text[len(one.label) + 1 :]
            yield from ((one, *more) for more in _joined_to(rest, adjustments[at + 1 :]))


def _movement(frames: Frames, evaluation_id: str, uscc: str) -> dict[str, Any] | None:
    """The row of results.movements; of several, that of the current previous evaluation, or else of the latest."""
    pairs = frames["results.movements"].filter(pl.col("evaluation_id") == evaluation_id, pl.col("uscc") == uscc)
    if pairs.is_empty():
        return None
    current = frames["results.evaluations"].select(
        pl.col("evaluation_id").alias("previous_evaluation_id"), pl.col("current").alias("previous_is_current")
    )
    known = pairs.join(current, on="previous_evaluation_id", how="left", validate="m:1", maintain_order="left")
    return known.sort("previous_period", "previous_is_current").row(-1, named=True)


def _find(key: str, scores: pl.DataFrame, enterprises: pl.DataFrame) -> str:
    """The code of the enterprise with the code or name `key`; ExplainError where there is none or more than one."""
    wanted = normalise_name(key)
    if wanted in set(scores["uscc"]):
        return wanted
    names: dict[str, set[str]] = {}
    known = enterprises.filter(~pl.col("superseded")).select("uscc", "former_name")
    named = scores.select("uscc", "name").join(known, on="uscc", how="left")
    for code, *called_names in named.iter_rows():
        for called in called_names:
            if called:
                names.setdefault(normalise_name(called), set()).add(code)
    codes = sorted(names.get(wanted, ()))
    if len(codes) == 1:
        return codes[0]
    if codes:
        raise ExplainError(
            say(
                "{key!r} is the name of {number} enterprises. Give the code: {codes}.",
                key=key,
                number=len(codes),
                codes=codes,
            )
        )
    shown = {normalise_name(name): f"{name} ({code})" for code, name in scores.select("uscc", "name").iter_rows()}
    near = [shown[name] for name in get_close_matches(wanted, shown, n=NEAREST, cutoff=0.3)]
    remedy = (
        say("Did you mean {near}?", near="; ".join(near))
        if near
        else say("Give its 统一社会信用代码 or its name as registered.")
    )
    raise ExplainError(say("no enterprise {key!r} in this evaluation. {remedy}", key=key, remedy=remedy))


def _in_order(own: pl.DataFrame, cohort: Cohort | None) -> pl.DataFrame:
    """The enterprise's indicators in the policy's order."""
    order = {indicator.id: i for i, indicator in enumerate(cohort.indicator)} if cohort else {}
    return own.sort(pl.col("indicator").replace_strict(order, default=len(order), return_dtype=pl.Int64))


def _target(
    opened: _Opened, cohort: Cohort | None, *, score: dict[str, Any], peers: pl.DataFrame, own: pl.DataFrame
) -> Target:
    """The target of the enterprise with the row `score`; `peers`: its cohort's ranked; `own`: its indicator rows."""
    nothing = pl.DataFrame(schema=TAKES)
    tier = next_better(score["tier"])
    if cohort is None or cohort.tiers is None or tier is None:
        return Target(None, None, (), nothing, _nothing_above(score))

    mine = peers.filter(pl.col("uscc") == score["uscc"])
    alike = (pl.col(name).eq_missing(pl.lit(mine[name][0])) for name in cohort.tiers.within)
    same_group = pl.all_horizontal(pl.lit(value=True), *alike)
    others = peers.filter(pl.col("uscc") != score["uscc"], same_group)["score"].drop_nulls().to_list()
    counted = opened.counted.filter(pl.col("counted_in") == cohort.id, same_group).height
    needed = score_needed(cohort.tiers, tier, others, counted)
    blocked = _blocked_by(opened.policy, mine, own, tier, needed)
    if needed is None:
        return Target(tier, None, blocked, nothing, f"按名次比例，组内{len(others) + 1}户没有{tier}类名额")
    if score["score"] >= needed:
        return Target(tier, needed, blocked, nothing, "得分已够，等级由定档、降档事由决定")
    search = opened.search(cohort)
    if search is None:
        return Target(tier, needed, blocked, nothing, "企业数较多，逐户查询时测算")
    if not _same_score(search.supposing, score):
        return Target(tier, needed, blocked, nothing, "名录、走访或否决事项在评价之后有变动，重新评价后才能测算")
    of_cohort = {indicator: peers for (of, indicator), peers in opened.peers.items() if of == cohort.id}
    notes = why_out_of_reach(own, cohort, score, needed, of_cohort)
    return Target(tier, needed, blocked, what_it_takes(own, search, notes), "")


def _nothing_above(score: dict[str, Any]) -> str:
    """Why there is no better tier to reach, in Chinese."""
    if score["status"] != "ranked":
        return f"未参评：{score['status_reason'] or '无'}"
    return "本办法对该评价组不划分等级" if score["tier"] is None else "已是最高等级"


def _same_score(base: Supposing, score: dict[str, Any]) -> bool:
    """Whether the enterprise has the published score when it is judged by the facts of now."""
    again = base.members.filter(pl.col("uscc") == score["uscc"])["score"]
    return again.len() == 1 and again[0] is not None and abs(again[0] - score["score"]) < 1e-6


def _blocked_by(
    policy: Policy, mine: pl.DataFrame, own: pl.DataFrame, tier: str, needed: float | None
) -> tuple[str, ...]:
    """Labels of the overrides that leave the enterprise below `tier` with the score `needed`."""
    figures = {row["indicator"]: row for row in own.iter_rows(named=True)}
    supposed = mine.with_columns(
        pl.lit(tier).alias("tier"),
        pl.lit(tier).alias("tier_initial"),
        pl.coalesce(pl.lit(needed, dtype=pl.Float64), "score").alias("score"),
        *(
            pl.lit(figures.get(id_, {}).get(part), dtype=pl.Float64).alias(f"{part}_{id_}")
            for id_ in policy.indicator_ids
            for part in ("value", "score")
        ),
    )
    overridden = apply_overrides(supposed, policy.override)
    if overridden["tier"][0] <= tier:
        return ()
    return tuple((overridden["override_labels"][0] or "").split("、"))
