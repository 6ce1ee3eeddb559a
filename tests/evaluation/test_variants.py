"""Method variants: each is a plain evaluation under the changed policy, and none of them decides anything."""

from __future__ import annotations

import polars as pl
import pytest
from builders.examples import examples
from builders.profiles import policy_text, profile
from builders.random_policies import rows
from hypothesis import given

from efficiency.evaluation.evaluate import Evaluation, evaluate
from efficiency.evaluation.lists import lists_met, select, verifications
from efficiency.evaluation.variants import VariantMode, with_variants
from efficiency.policy.load import PolicyError, builtin_policies, load_policy, parse_policy
from efficiency.policy.model import Policy, Robustness

CANDIDATES = """
[[candidate]]
list = "shutdown"
title = "关停"
when = "tier = 'D'"
reason = "D类"
[[candidate]]
list = "upgrade"
title = "升级改造"
when = "tier = 'C' AND energy_score < 90"
reason = "C类"
"""
FIGURES = ("tax", "land", "revenue", "energy", "value_added", "employees", "emissions", "rd_expense", "electricity")


def variant(id_: str, *changes: str) -> str:
    return f'\n[[variant]]\nid = "{id_}"\ntitle = "口径{id_}"\nwhy = "也说得通"\nset = {{ {", ".join(changes)} }}\n'


EQUAL = variant("equal", '"cohort.*.indicator.*.weight" = 1')
BY_LAND = variant("land", '"cohort.*.indicator.tax_per_mu.weight" = 95')
NEVER = variant("never", '"cohort.*.indicator.*.cap" = 1e6')
"""Another method that moves nobody: no share comes near the cap."""


def under_variants(frame: pl.DataFrame, policy: Policy, mode: VariantMode = "all") -> Evaluation:
    """The evaluation of one profile, which is that of every window too."""
    return with_variants(evaluate(frame, policy), policy, lambda _: frame, mode)


def cohort(count: int) -> pl.DataFrame:
    """Enterprises whose land and energy efficiency go different ways, so that weights matter."""
    return profile(
        *(
            {"tax": 50.0 + 8.0 * i, "land": 10.0, "revenue": 120.0 - 9.0 * i, "energy": 12.0 + (i * 7) % 5}
            for i in range(count)
        )
    )


def of_variant(judged: Evaluation, id_: str) -> pl.DataFrame:
    assert judged.variants is not None
    return judged.variants.rows.filter(variant=id_)


def assert_plain(judged: Evaluation, id_: str, frame: pl.DataFrame, changed: Policy) -> None:
    """The rows of the variant are what a plain evaluation of `frame` under the policy `changed` gives, bit by bit."""
    plain, own = evaluate(frame, changed), of_variant(judged, id_)
    for name in ("uscc", "status", "score", "rank", "tier"):
        assert own[name].cast(plain.scores[name].dtype).equals(plain.scores[name]), (id_, name)
    assert own["list"].equals(lists_met(plain.profile, changed)), id_


def without_draws(policy: Policy) -> Policy:
    changed = policy.model_copy(update={"robustness": Robustness(draws=0)})
    changed._varied = tuple(one.model_copy(update={"robustness": Robustness(draws=0)}) for one in changed._varied)
    return changed


@examples(6, 60)
@given(rows)
def test_each_builtin_variant_is_a_plain_evaluation_under_the_changed_policy(drawn: list[dict[str, object]]) -> None:
    frame = profile(
        *(
            {**dict.fromkeys(FIGURES), **row, "value_added": row["revenue"], "electricity": row["energy"]}
            for row in drawn
        )
    )
    policy = without_draws(load_policy("zibo-jkq"))
    judged = under_variants(frame, policy)
    for one, changed in policy.varied:
        assert_plain(judged, one.id, frame, changed)


def test_a_variant_is_what_the_policy_written_out_gives() -> None:
    frame, text = cohort(12), policy_text(tail=CANDIDATES)
    judged = under_variants(frame, parse_policy(text + EQUAL))
    written = parse_policy(text.replace("weight = 60", "weight = 50").replace("weight = 40", "weight = 50"))
    assert_plain(judged, "equal", frame, written)
    assert judged.scores["tier"].to_list() != of_variant(judged, "equal")["tier"].to_list()


@pytest.mark.parametrize("same", [NEVER, variant("named", 'title = "另一个名称"')])
def test_a_variant_that_comes_to_the_same_moves_nothing(same: str) -> None:
    judged = under_variants(cohort(12), parse_policy(policy_text(tail=CANDIDATES) + same))
    assert set(judged.scores["agreement"]) == {1.0}
    assert set(judged.scores["list_agreement"]) == {1.0}
    assert judged.variants is not None
    moved = judged.variants.effects.row(0, named=True)
    assert (moved["tiers_moved"], moved["lists_moved"], moved["newly_listed"], moved["d_moved"]) == (0, 0, 0, 0)
    assert moved["tiered"] == 12


def test_agreement_counts_the_policy_itself_among_the_methods() -> None:
    judged = under_variants(cohort(12), parse_policy(policy_text(tail=CANDIDATES) + EQUAL + BY_LAND + NEVER))
    assert judged.variants is not None
    tiers = judged.scores.select("uscc", pl.col("tier").alias("own"), "agreement", "list_agreement")
    lists = pl.DataFrame({"uscc": judged.scores["uscc"], "on": lists_met(judged.profile, load(EQUAL))})
    found = judged.variants.rows.join(tiers, on="uscc").join(lists, on="uscc")
    expected = found.group_by("uscc", maintain_order=True).agg(
        (1 + (pl.col("tier").cast(pl.String) == pl.col("own")).sum()).alias("tiers") / 4,
        (1 + pl.col("list").eq_missing(pl.col("on")).sum()).alias("lists") / 4,
    )
    assert judged.scores["agreement"].to_list() == expected["tiers"].to_list()
    assert judged.scores["list_agreement"].to_list() == expected["lists"].to_list()
    assert 0.25 <= min(expected["tiers"]) < 1


def load(*variants: str) -> Policy:
    return parse_policy(policy_text(tail=CANDIDATES) + "".join(variants))


def test_who_is_not_ranked_under_a_variant_does_not_agree_there() -> None:
    frame = cohort(8)
    narrowed = variant("narrow", '"cohort.*.indicator.tax_per_mu.numerator" = "value_added"')
    judged = under_variants(frame, load(narrowed))
    assert set(of_variant(judged, "narrow")["status"]) == {"insufficient"}
    assert set(judged.scores["agreement"]) == {0.5}


def test_without_a_tier_there_is_no_agreement_of_tiers_and_one_of_lists() -> None:
    frame = profile({"tax": None, "land": 3.0}, *cohort(5).select("tax", "land", "revenue", "energy").to_dicts())
    judged = under_variants(frame, load(EQUAL))
    assert judged.scores["tier"][0] is None
    assert judged.scores["agreement"][0] is None
    assert judged.scores["list_agreement"][0] == 1.0


def test_what_is_not_computed_is_null_and_no_failed_tick() -> None:
    asking = '[[verification]]\nlists = ["shutdown"]\nwhen = "list_agreement >= 0.99"\nlabel = "不取决于算法"\n'
    asking += '[[verification]]\nlists = ["shutdown"]\nwhen = "agreement >= 0.99"\nlabel = "等级不取决于算法"\n'
    policy = parse_policy(policy_text(tail=CANDIDATES + asking) + EQUAL + BY_LAND)
    frame = cohort(12)
    left_out = under_variants(frame, policy, "none")
    assert left_out.scores["agreement"].null_count() == left_out.scores["list_agreement"].null_count() == 12
    lists = select(left_out, policy)
    assert set(lists["list"]) <= {"shutdown", "upgrade"}
    assert verifications(left_out, policy, lists)["passed"].null_count() > 0

    computed = under_variants(frame, policy)
    to_verify = select(computed, policy).filter(list="verify")
    unsure = computed.scores.filter(pl.col("tier") == "D", pl.col("agreement") < 0.99)
    assert to_verify["uscc"].to_list() == unsure["uscc"].to_list()
    assert to_verify["missing"].to_list() == ["不取决于算法、等级不取决于算法"] * unsure.height
    assert unsure.height


def test_a_list_may_ask_how_far_a_tier_agrees_and_variants_are_judged_with_the_same_answer() -> None:
    sure = CANDIDATES.replace("tier = 'D'", "tier = 'D' AND agreement > 0.99")
    policy = parse_policy(policy_text(tail=sure) + EQUAL + BY_LAND)
    judged = under_variants(cohort(12), policy)
    known = judged.scores.select("uscc", "agreement")
    listed = judged.variants.rows.filter(pl.col("list") == "shutdown") if judged.variants else pl.DataFrame()
    assert listed.join(known, on="uscc").filter(pl.col("agreement") <= 0.99).is_empty()
    named = select(judged, policy).filter(list="shutdown").join(known, on="uscc")
    assert named.filter(pl.col("agreement") <= 0.99).is_empty()


def test_lists_alone_keeps_the_rows_of_those_on_lists_and_the_same_shares() -> None:
    policy = load(EQUAL, BY_LAND)
    everybody, listed = under_variants(cohort(12), policy), under_variants(cohort(12), policy, "lists")
    assert everybody.variants is not None
    assert listed.variants is not None
    assert everybody.scores.equals(listed.scores)
    assert everybody.variants.effects.equals(listed.variants.effects)
    named = select(listed, policy)["uscc"]
    assert listed.variants.rows.equals(everybody.variants.rows.filter(pl.col("uscc").is_in(named.implode())))
    assert listed.variants.inputs_sha256 != everybody.variants.inputs_sha256


def test_a_variant_with_another_window_reads_its_own_profile() -> None:
    policy = load(variant("year", 'window = "calendar_year"'))
    frame, of_year = cohort(8), cohort(8).with_columns(pl.col("tax").reverse())
    judged = with_variants(evaluate(frame, policy), policy, lambda _: of_year, "all")
    assert_plain(judged, "year", of_year, policy.varied[0][1])
    again = with_variants(evaluate(frame, policy), policy, lambda _: frame, "all")
    assert judged.variants is not None
    assert again.variants is not None
    assert judged.variants.inputs_sha256 != again.variants.inputs_sha256


def test_draws_are_repeated_where_a_list_asks_for_them() -> None:
    firm = CANDIDATES.replace("tier = 'D'", "tier = 'D' AND tier_confidence > 0.5")
    policy = parse_policy(policy_text(tail=firm + "[robustness]\ndraws = 20\n") + EQUAL)
    frame = cohort(12)
    assert_plain(under_variants(frame, policy), "equal", frame, policy.varied[0][1])


def test_every_builtin_policy_runs_with_and_without_variants() -> None:
    frame = cohort(8)
    for id_, _ in builtin_policies():
        policy = load_policy(id_)
        judged = under_variants(frame, policy)
        assert (judged.variants is None) == (not policy.variant)


@pytest.mark.parametrize(
    ("changes", "offender", "remedy"),
    [
        ('"cohort.*.indicator.*.weight" = 2, "cohort.x.tiers.within" = []', "cohort.x.tiers.within", "matches nothing"),
        ('"cohort.*.indicator.*.cop" = 2.0', "cohort.*.indicator.*.cop", "did you mean 'cap'"),
        ('"cohort.*.tiers.by" = "rank"', "cohort.*.tiers.by", "changes nothing"),
        ('"cohort.*.tiers.cuts.A" = 0.9', "invalid", "cuts out of order"),
        ('"cohort.*.indicator.*.numerator" = "taxx"', "invalid", "did you mean 'tax'"),
        ('"cohort.*.indicator.*.weight" = 0', "invalid", "give its indicators weights"),
        ('window = "month"', "invalid", "use 'rolling_12m'"),
        ('"energy.electricity" = "equivalent"', "invalid", "equivalent_kgce_per_kwh"),
        ('"cohort.*.id" = "b"', "cohort.*.id", "cannot be changed"),
        ("variant = []", "variant", "cannot be changed"),
        ('"a..b" = 1', "a..b", "is no path"),
        (
            '"cohort.*.tiers.cuts" = { A = 0.1, B = 0.7, C = 0.9 }, "cohort.*.tiers.cuts.A" = 0.1',
            "same place",
            "keep one",
        ),
        ('"surcharge.steps" = [0.1]', "surcharge.steps", "matches nothing"),
        ('"cohort.*.indicator.*.weight" = 1e308', "too large", "give smaller ones"),
    ],
)
def test_a_variant_that_says_nothing_new_or_breaks_the_policy_is_refused(
    changes: str, offender: str, remedy: str
) -> None:
    text = policy_text(tail=CANDIDATES) + variant("v", changes)
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "p.toml")
    message = str(caught.value)
    assert "variant 'v'" in message
    assert offender in message
    assert remedy in message
    line = next(number for number, written in enumerate(text.splitlines(), 1) if written.startswith("set ="))
    assert f"p.toml, line {line}:" in message


def test_the_same_method_under_two_names_is_refused() -> None:
    twice = variant("alike", '"cohort.*.indicator.tax_per_mu.weight" = 7', '"cohort.*.indicator.*.cap" = 2.0')
    with pytest.raises(PolicyError, match="variant 'again': is the same method as variant 'alike'"):
        load(twice, EQUAL, twice.replace("alike", "again"))


def test_draws_are_a_method_of_their_own_only_where_a_list_reads_them() -> None:
    seed, other = variant("seed", '"robustness.seed" = 3'), variant("other", '"robustness.seed" = 4')
    with pytest.raises(PolicyError, match="is the same method as variant 'seed'"):
        load(seed, other)
    firm = CANDIDATES.replace("tier = 'D'", "tier = 'D' AND tier_confidence > 0.5")
    assert parse_policy(policy_text(tail=firm) + seed + other).varied[1][1].robustness.seed == 4


def test_agreement_is_the_quotient_to_the_last_bit() -> None:
    """So that agreement > 0.7 does not hold of 7 in 10."""
    by_cut = [variant(f"cut{i}", f'"cohort.*.tiers.cuts.A" = 0.{21 + 4 * i}') for i in range(9)]
    judged = under_variants(cohort(20), load(*by_cut))
    assert judged.variants is not None
    shares = dict(judged.scores.select("uscc", "agreement").iter_rows())
    own = dict(judged.scores.select("uscc", "tier").iter_rows())
    for uscc, share in shares.items():
        kept = judged.variants.rows.filter(pl.col("uscc") == uscc)["tier"].to_list().count(own[uscc])
        assert share == (1 + kept) / 10, uscc
    assert {0.6, 0.7} & set(shares.values())


def test_equal_weights_of_equal_weights_are_refused() -> None:
    text = policy_text(tail=CANDIDATES).replace("weight = 60", "weight = 50").replace("weight = 40", "weight = 50")
    with pytest.raises(PolicyError, match="changes nothing"):
        parse_policy(text + EQUAL)


@pytest.mark.parametrize("lacking", ["id", "title", "why", "set"])
def test_a_variant_says_what_it_does_and_why(lacking: str) -> None:
    lines = [line for line in EQUAL.splitlines() if not line.startswith(lacking)]
    with pytest.raises(PolicyError, match=lacking):
        parse_policy(policy_text() + "\n".join(lines))


def test_two_variants_of_one_name_and_too_many_are_refused() -> None:
    with pytest.raises(PolicyError, match="variant id 'equal' occurs twice"):
        load(EQUAL, EQUAL)
    with pytest.raises(PolicyError, match="variant title '口径equal' occurs twice"):
        load(EQUAL, BY_LAND.replace("口径land", "口径equal"))
    with pytest.raises(PolicyError, match="more than 30"):
        load(*(variant(f"v{i}", f'"cohort.*.tiers.cuts.A" = 0.{i + 201}') for i in range(31)))


def test_paths_name_entries_by_what_they_are_called() -> None:
    tail = CANDIDATES + '[[override]]\nwhen = "open_incidents > 0"\nat_most = "C"\nlabel = "一票.否决"\n'
    changes = (
        '"override.\'一票.否决\'.at_most" = "D"',
        "\"candidate.shutdown.when\" = \"tier IN ('C', 'D')\"",
        '"cohort.all.indicator.tax_per_mu.cap" = 2',
        'excluded = [{ when = "utility", label = "公用事业" }]',
        '"energy.coefficients.天然气" = 13.3',
    )
    text = policy_text(tail=tail)
    id_ = parse_policy(text).cohort[0].id
    changed = parse_policy(text + variant("v", *(one.replace("cohort.all", f"cohort.{id_}") for one in changes)))
    _, under = changed.varied[0]
    assert under.override[0].at_most == "D"
    assert under.candidate[0].when == "tier IN ('C', 'D')"
    assert [indicator.cap for indicator in under.cohort[0].indicator] == [2.0, None]
    assert under.excluded[0].label == "公用事业"
    assert under.energy.coefficients == {"天然气": 13.3}
    assert under.variant == ()


def test_an_infinite_cap_is_none_and_weights_keep_their_sum() -> None:
    text = policy_text(tail=CANDIDATES).replace("weight = 60", "weight = 60\n  cap = 1.5")
    _, under = parse_policy(text + variant("v", '"cohort.*.indicator.*.cap" = inf', *BY_LAND_CHANGE)).varied[0]
    assert [indicator.cap for indicator in under.cohort[0].indicator] == [None, None]
    assert sum(indicator.weight for indicator in under.cohort[0].indicator) == pytest.approx(100)


BY_LAND_CHANGE = ('"cohort.*.indicator.tax_per_mu.weight" = 90',)
