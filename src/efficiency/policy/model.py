"""The tables and keys of a policy file (办法), with their types and defaults.

Keys are checked here as far as their own table allows; the expressions and what takes several tables are checked by
`efficiency.policy.load`. Weights, benchmarks and cuts have no default: no source publishes one that holds elsewhere.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)

from efficiency.language import say
from efficiency.policy.limits import (
    LONGEST_PATH,
    LONGEST_TEXT,
    MOST_CHANGES,
    MOST_COHORTS,
    MOST_COLUMNS,
    MOST_INDICATORS,
    MOST_RULES,
    MOST_VARIANTS,
)
from efficiency.policy.values import Expression, Flag, Letter, Name, Number, Part, Slug, Spread, Text

Tier = Literal["A", "B", "C", "D"]
Dimension = Literal["land", "energy", "other"]
Missing = Literal["zero", "cohort_mean", "reweight", "insufficient"]
FormulaName = Literal["ratio", "minmax"]
"""See `efficiency.policy.formulas`."""
Proposal = Literal["close", "merge", "renovate", "support"]
PROPOSALS: dict[str, Proposal] = {
    "shutdown": "close", "phaseout": "close", "merger": "merge", "upgrade": "renovate", "partner": "support",
}  # fmt: skip
"""Known list → what it proposes."""
VERIFY = "verify"
"""The list of those who meet a list's rule but not all its verifications."""
VERIFY_TITLE = "待核实"
TIER_NAMES: dict[str, str] = {"A": "优先发展", "B": "支持发展", "C": "提升发展", "D": "限制发展"}
"""What tiers are called where a policy does not say."""
Window = Literal["rolling_12m", "year_to_date", "calendar_year"]


class Energy(Part):
    """How energy carriers are converted to tonnes of standard coal."""

    electricity: Literal["calorific", "equivalent"] = "calorific"
    equivalent_kgce_per_kwh: Annotated[Number, Field(gt=0)] | None = None
    exclude: tuple[Literal["feedstock", "green_power"], ...] = ()
    coefficients: dict[str, Annotated[Number, Field(ge=0)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _equivalent_has_factor(self) -> Self:
        if self.electricity == "equivalent" and self.equivalent_kgce_per_kwh is None:
            raise ValueError(say('electricity = "equivalent" needs equivalent_kgce_per_kwh, e.g. 0.300'))
        if self.electricity == "calorific" and self.equivalent_kgce_per_kwh is not None:
            raise ValueError(
                say('equivalent_kgce_per_kwh is only used with electricity = "equivalent"; set that or remove it')
            )
        return self


class Excluded(Part):
    """Enterprises whose data are collected but who are not ranked.

    `letter`: what they are published under, e.g. T (暂不评价类). With `counts_in_n = true` they count in the number of
    enterprises of which the cuts by rank are shares, in the cohort and group that they would be in.
    """

    when: Expression
    label: Text
    letter: Letter | None = None
    counts_in_n: Flag = False


class Benchmark(Part):
    """The value that earns the full weight: a fixed number, or a statistic of the ranked enterprises.

    With `leave_one_out = true` the statistic of each enterprise is that of the others of its group, of whom there must
    be `min_group`; the fallback to the whole cohort leaves it out too.
    """

    fixed: Annotated[Number, Field(gt=0)] | None = None
    stat: Literal["weighted_mean", "mean", "median", "quantile"] | None = None
    q: Annotated[Number, Field(ge=0, le=1)] | None = None
    within: Annotated[tuple[str, ...], Field(max_length=MOST_COLUMNS)] = ()
    min_group: Annotated[int, Field(ge=1, strict=True)] = 1
    times: Annotated[Number, Field(gt=0)] = 1.0
    leave_one_out: Flag = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.fixed is None) == (self.stat is None):
            raise ValueError(say('give either fixed = … or stat = "weighted_mean" | "mean" | "median" | "quantile"'))
        if self.fixed is not None and self.model_fields_set - {"fixed"}:
            raise ValueError(
                say(
                    "fixed stands alone; remove {others}",
                    others=sorted(self.model_fields_set - {"fixed"}),
                )
            )
        if (self.stat == "quantile") != (self.q is not None):
            raise ValueError(say('q belongs to stat = "quantile" and is needed there, e.g. q = 0.75'))
        return self


class Indicator(Part):
    """One indicator of a cohort: value = numerator ÷ denominator, scored by the cohort's formula.

    `cap` and `floor` are multiples of the weight and are not applied when left out.
    """

    id: Name
    title: Text
    unit: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)] | None = None
    dimension: Dimension = "other"
    numerator: Expression
    denominator: Expression
    better: Literal["higher", "lower"] = "higher"
    weight: Annotated[Number, Field(ge=0)]
    benchmark: Benchmark | None = None
    cap: Annotated[Number, Field(gt=0)] | None = None
    floor: Number | None = None
    missing: Missing = "insufficient"

    @model_validator(mode="after")
    def _floor_below_cap(self) -> Self:
        if self.cap is not None and self.floor is not None and self.floor > self.cap:
            raise ValueError(
                say("floor {floor} is above cap {cap}; swap them", floor=f"{self.floor:g}", cap=f"{self.cap:g}")
            )
        return self


class Cuts(Part):
    """The ends of tiers A, B and C; the rest is D. Cumulative shares of the ranking, or least scores in points."""

    A: Number
    B: Number
    C: Number


class Tiers(Part):
    """How scores become tiers."""

    by: Literal["rank", "score"] = "rank"
    within: Annotated[tuple[str, ...], Field(max_length=MOST_COLUMNS)] = ()
    cuts: Cuts

    @model_validator(mode="after")
    def _cuts_in_order(self) -> Self:
        a, b, c = self.cuts.A, self.cuts.B, self.cuts.C
        if self.by == "rank" and not 0 <= a <= b <= c <= 1:
            raise ValueError(
                say(
                    "cuts out of order: by rank they are cumulative shares, 0 ≤ A ≤ B ≤ C ≤ 1, found {a}, {b}, {c}; "
                    "e.g. {{ A = 0.20, B = 0.75, C = 0.95 }}",
                    a=f"{a:g}",
                    b=f"{b:g}",
                    c=f"{c:g}",
                )
            )
        if self.by == "score" and not a >= b >= c:
            raise ValueError(
                say(
                    "cuts out of order: by score they are least scores, A ≥ B ≥ C, found {a}, {b}, {c}; e.g. {{ A = "
                    "90, B = 75, C = 60 }}",
                    a=f"{a:g}",
                    b=f"{b:g}",
                    c=f"{c:g}",
                )
            )
        return self


class Cohort(Part):
    """Enterprises that are compared with each other, with the indicators and cuts by which they are.

    Officials read `title` (Chinese, by default the id). With `weights_sum = false` the weights of this cohort may sum
    to something other than 100.
    """

    id: Slug
    title: Text | None = None
    where: Expression
    formula: FormulaName = "ratio"
    factor: Expression = "1.0"
    weights_sum: Flag = True
    indicator: Annotated[tuple[Indicator, ...], Field(min_length=1, max_length=MOST_INDICATORS)]
    tiers: Tiers | None = None

    @property
    def label(self) -> str:
        """The name that officials read."""
        return self.title or self.id

    def headline(self, dimension: Dimension) -> Indicator | None:
        """Its first indicator of `dimension`, by which lists show the efficiency."""
        return next((indicator for indicator in self.indicator if indicator.dimension == dimension), None)


class Adjustment(Part):
    """加减分: points added to the score where `when` holds."""

    when: Expression
    points: Number
    label: Text


class Override(Part):
    """定档, 提档, 降档: exactly one of `tier` (fixes it), `at_most` (no better than), `at_least` (no worse than).

    With `protects = true` whoever meets it is protected, whether or not it changed the tier: no list proposes to
    shut, merge or renovate it while no incident is open. Such an override may leave the tier alone.
    """

    when: Expression
    tier: Tier | None = None
    at_most: Tier | None = None
    at_least: Tier | None = None
    protects: Flag = False
    label: Text

    @property
    def effect(self) -> Tier | None:
        """The tier that it names; None where it only protects."""
        return self.tier or self.at_most or self.at_least

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        effects = sum(effect is not None for effect in (self.tier, self.at_most, self.at_least))
        if effects > 1 or (effects == 0 and not self.protects):
            raise ValueError(say('give exactly one of tier, at_most, at_least, e.g. at_most = "C", or protects = true'))
        return self


class Candidate(Part):
    """An entry of a candidate list; the first that an enterprise matches puts it on that list and no other.

    `order`: the score that heads the list, "worst" or "best"; by default best for the list `partner`, worst for every
    other. A list's order and title are those of its first entry. `proposes`: what is to become of the enterprise, by
    default that of the list's id in `PROPOSALS`.
    """

    list: Slug
    title: Text
    when: Expression
    reason: Text
    order: Literal["worst", "best"] | None = None
    proposes: Proposal | None = None

    @property
    def best_first(self) -> bool:
        """True when the best score heads the list."""
        return self.order == "best" if self.order else self.list == "partner"

    @property
    def proposal(self) -> Proposal | None:
        """What is to become of the enterprise; None where neither the entry nor its list says."""
        return self.proposes or PROPOSALS.get(self.list)

    @property
    def spares_protected(self) -> bool:
        """True when a protected enterprise without an open incident does not meet it."""
        return self.proposal in ("close", "merge", "renovate")

    @model_validator(mode="after")
    def _own_list(self) -> Self:
        if self.list == VERIFY:
            raise ValueError(
                say("list {verify!r} is made of those who fail a [[verification]]; choose another id", verify=VERIFY)
            )
        return self


class Verification(Part):
    """核查: what must be known of an enterprise before one of `lists` may propose it; else it goes to 待核实."""

    lists: Annotated[tuple[Slug, ...], Field(max_length=MOST_RULES)]
    when: Expression
    label: Text

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if not self.lists:
            raise ValueError(say('lists names none; name the lists that it is for, e.g. lists = ["shutdown"]'))
        if "、" in self.label or not self.label.isprintable():
            raise ValueError(
                say(
                    "label {label!r} holds 、, by which labels are joined, or a control character; reword it",
                    label=self.label,
                )
            )
        return self


class Partners(Part):
    """Who may take in an enterprise of the list `merger`.

    `min_size`: how many times the revenue and the land of the merging enterprise it has at least. `most`: for how
    many enterprises it is named at most.
    """

    where: Expression = "tier IN ('A', 'B') AND NOT protected"
    min_size: Annotated[Number, Field(ge=0)] = 0.0
    most: Annotated[int, Field(ge=1, strict=True)] = 3


class Variant(Part):
    """Another choice of method that can be defended: the evaluation is repeated with the changes of `set`.

    `set` names keys of the policy (see `efficiency.policy.variants`) and gives each another value. `why` is the reason
    for which the choice can be defended; officials and courts read it beside `title`.
    """

    id: Slug
    title: Text
    why: Text
    set: Annotated[
        dict[Annotated[str, StringConstraints(max_length=LONGEST_PATH)], Any],
        Field(min_length=1, max_length=MOST_CHANGES),
    ]


class Robustness(Part):
    """The draws behind tier_confidence: random factors on weights, and on figures where the policy asks for it.

    `weight_sd` and `data_sd` are relative: each weight, and each measure of each enterprise that a numerator or
    denominator uses, is multiplied by lognormal(0, sd). `data_sd = "own"` takes the spread of each measure from what
    was stated again in the zone; where that changed fewer than `own_min_cases` figures, it is `data_sd_otherwise`. With
    `benchmarks = true` the benchmarks that are statistics of the enterprises (also least, greatest and mean values)
    are computed again in each draw; otherwise they stay as evaluated. Fixed benchmarks are the same in all draws.
    """

    draws: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 1000
    weight_sd: Annotated[Number, Field(ge=0, le=2)] = 0.10
    data_sd: Spread = 0.0
    own_min_cases: Annotated[int, Field(ge=1, strict=True)] = 30
    data_sd_otherwise: Annotated[Number, Field(ge=0, le=2)] = 0.05
    benchmarks: Flag = False
    seed: Annotated[int, Field(ge=0, strict=True)] = 20260101

    @model_validator(mode="after")
    def _benchmarks_move_with_data(self) -> Self:
        if self.benchmarks and self.data_sd == 0:
            raise ValueError(
                say(
                    "benchmarks = true takes benchmarks from moved figures, but data_sd is 0 and no figure moves; give "
                    "data_sd, e.g. 0.05, or remove benchmarks"
                )
            )
        return self


class OtherSurcharge(Part):
    """A surcharge on electricity besides that of the tier, e.g. 差别电价, for enterprises for which `when` holds."""

    when: Expression
    yuan_per_kwh: Annotated[Number, Field(gt=0)]
    label: Text


class Surcharge(Part):
    """The surcharge on the electricity of an enterprise in D, in yuan per kWh, by consecutive years in D.

    `steps`: first year, second and so on; the last step holds from then on. `periods_per_year`: the number of
    evaluated periods that make a year, 12 where each month is evaluated, 1 where only a year is (see
    `evaluation.scoring.surcharge`). `other`: surcharges that may apply too; of all that apply only the highest is
    charged. `source`: the source of the figures, for 方法说明.
    """

    steps: Annotated[tuple[Annotated[Number, Field(gt=0)], ...], Field(min_length=1, max_length=MOST_RULES)]
    periods_per_year: Annotated[int, Field(ge=1, le=12, strict=True)]
    source: Text
    other: Annotated[tuple[OtherSurcharge, ...], Field(max_length=MOST_RULES)] = ()

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        if list(self.steps) != sorted(self.steps):
            found = ", ".join(f"{step:g}" for step in self.steps)
            raise ValueError(
                say("steps out of order: a longer time in D never costs less, found {found}; sort them", found=found)
            )
        return self


class Notice(Part):
    """What the public notice says of itself: who publishes it, how long it is posted, where to object.

    `days`: how many days from the day on which it is published, which nothing here knows; `deadline`: the last day on
    which objections are received, where that is fixed. `where`: the office that receives them; `contact`: person,
    telephone, address. What is not stated is a blank line for the publisher to fill in.
    """

    publisher: Text | None = None
    days: Annotated[int, Field(ge=1, le=366, strict=True)] | None = None
    deadline: date | None = None
    where: Text | None = None
    contact: Text | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.days is not None and self.deadline is not None:
            raise ValueError(say("days and deadline both say when the notice ends; keep the one that holds"))
        return self


class Policy(Part):
    """A 办法, as in the TOML file; only `id` and a cohort are needed. Officials read its `title`, by default the id."""

    id: Slug
    title: Text
    source: str = ""
    valid_from: date | None = None
    window: Window = "rolling_12m"
    annualise: Flag = True
    weights_sum: Flag = True
    energy: Energy = Field(default_factory=Energy)
    excluded: Annotated[tuple[Excluded, ...], Field(max_length=MOST_RULES)] = ()
    cohort: Annotated[tuple[Cohort, ...], Field(min_length=1, max_length=MOST_COHORTS)]
    adjustment: Annotated[tuple[Adjustment, ...], Field(max_length=MOST_RULES)] = ()
    override: Annotated[tuple[Override, ...], Field(max_length=MOST_RULES)] = ()
    candidate: Annotated[tuple[Candidate, ...], Field(max_length=MOST_RULES)] = ()
    verification: Annotated[tuple[Verification, ...], Field(max_length=MOST_RULES)] = ()
    partners: Partners = Field(default_factory=Partners)
    variant: Annotated[tuple[Variant, ...], Field(max_length=MOST_VARIANTS)] = ()
    tier_names: dict[str, Text] = Field(default_factory=dict)
    notice: Notice = Field(default_factory=Notice)
    robustness: Robustness = Field(default_factory=Robustness)
    surcharge: Surcharge | None = None

    @model_validator(mode="before")
    @classmethod
    def _called_by_its_id(cls, given: object) -> object:
        named = isinstance(given, dict) and isinstance(given.get("id"), str)
        return {"title": given["id"], **given} if named else given  # type: ignore[index,dict-item]  # it is a dict

    @model_validator(mode="after")
    def _names_of_letters(self) -> Self:
        letters = {*TIER_NAMES, *(rule.letter for rule in self.excluded if rule.letter)}
        if unknown := sorted(set(self.tier_names) - letters):
            raise ValueError(
                say("tier_names names {unknown!r}; it takes {letters}", unknown=unknown[0], letters=sorted(letters))
            )
        called = [name for name in self.letter_names.values() if name]
        if twice := sorted({name for name in called if called.count(name) > 1}):
            raise ValueError(say("tier_names calls two letters {twice!r}; give each a name of its own", twice=twice[0]))
        return self

    _text: str = PrivateAttr(default="")
    _sha256: str = PrivateAttr(default="")
    _varied: tuple[Policy, ...] = PrivateAttr(default=())

    @property
    def text(self) -> str:
        """The TOML text that the policy was loaded from, as it was applied."""
        return self._text

    @property
    def sha256(self) -> str:
        """SHA-256 of `text` in UTF-8, hexadecimal."""
        return self._sha256

    @property
    def varied(self) -> tuple[tuple[Variant, Policy], ...]:
        """Each variant with the policy that it makes of this one, which `efficiency.policy.load` has read."""
        return tuple(zip(self.variant, self._varied, strict=True))

    @property
    def score_cuts(self) -> tuple[float, ...]:
        """The scores at which a tier ends, ascending; empty where all tiers are cut by rank."""
        by_score = [cohort.tiers.cuts for cohort in self.cohort if cohort.tiers and cohort.tiers.by == "score"]
        return tuple(sorted({cut for cuts in by_score for cut in (cuts.A, cuts.B, cuts.C)}))

    @property
    def letter_names(self) -> dict[str, str]:
        """Each letter that is published, tiers and then letters of [[excluded]] → what it is called."""
        letters = {rule.letter: rule.label for rule in reversed(self.excluded) if rule.letter}
        return {**TIER_NAMES, **dict(sorted(letters.items())), **self.tier_names}

    @property
    def list_titles(self) -> dict[str, str]:
        """Id of each list → its title, that of its first rule; last the list to be verified, where there is one."""
        rules = {rule.list: rule for rule in reversed(self.candidate)}
        titles = {name: rules[name].title for name in dict.fromkeys(rule.list for rule in self.candidate)}
        return titles | ({VERIFY: VERIFY_TITLE} if self.verification else {})

    @property
    def indicator_ids(self) -> tuple[str, ...]:
        """The ids of all indicators in file order, each once."""
        return tuple(dict.fromkeys(indicator.id for cohort in self.cohort for indicator in cohort.indicator))
