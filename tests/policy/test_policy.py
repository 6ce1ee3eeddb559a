"""A policy is accepted as it is meant, or refused with the line and the remedy."""

from hashlib import sha256
from pathlib import Path

import pytest
from builders.profiles import INDICATOR, TIERS, indicator, policy, policy_text

from efficiency.errors import UsageError
from efficiency.policy.lines import key_lines
from efficiency.policy.load import PolicyError, builtin_policies, builtin_text, load_policy, parse_policy

TAIL = """
[[override]]
when = "open_incidents > 0"
at_most = "C"
label = "一票否决"
[[candidate]]
list = "shutdown"
title = "关停"
when = "tier = 'D'"
reason = "连续{d_streak}期D类"
"""


def refused(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "p.toml")
    return str(caught.value)


def line_with(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def swap(old: str, new: str) -> str:
    text = policy_text(tail=TAIL)
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "offender", "remedy"),
    [
        ('missing = "zero"', 'missing = "zero"\n  capp = 1.5', "capp", "did you mean 'cap'"),
        ('numerator = "tax"', 'numerator = "taxx"', "taxx", "did you mean 'tax'"),
        ("weight = 60", "weight = 50", "[[cohort]]", "sum to 90, not 100"),
        ("A = 0.20, B = 0.75", "A = 0.80, B = 0.75", "A = 0.80", "cuts out of order"),
        ("A = 0.20, B = 0.75", "A = 20, B = 75", "A = 20", "cuts out of order"),
        ("where = \"scale = '规上'\"", 'where = "FALSE"', "FALSE", "can never match"),
        ("where = \"scale = '规上'\"", "where = \"scale = '规模以上'\"", "规模以上", "one of 规上, 规下"),
        ("where = \"scale = '规上'\"", "where = \"utility = '是'\"", "utility = '是'", "write utility or NOT utility"),
        ("where = \"scale = '规上'\"", 'where = "score > 1"', "score > 1", "only after scoring"),
        ('id = "revenue_per_energy"', 'id = "tax_per_mu"', "", "occurs twice"),
        ('id = "revenue_per_energy"', 'id = "added"', 'id = "added"', "value_added"),
        ('at_most = "C"', 'at_most = "E"', 'at_most = "E"', "use 'A', 'B', 'C' or 'D'"),
        ('at_most = "C"', 'at_most = "C"\ntier = "D"', "[[override]]", "exactly one of tier, at_most, at_least"),
        ('when = "open_incidents > 0"', 'when = "d_streak > 1"', "d_streak > 1", "only in [[candidate]]"),
        ('when = "open_incidents > 0"', 'when = "(SELECT 1) = 1"', "SELECT", "no sub-query"),
        ('when = "open_incidents > 0"', 'when = "open_incidents"', '= "open_incidents"', "not a condition"),
        ('at_most = "C"', "protects = 1", "protects = 1", "write true or false"),
        ('at_most = "C"', "", "[[override]]", "or protects = true"),
        ('list = "shutdown"', 'list = "verify"', 'list = "verify"', "choose another id"),
        ('list = "shutdown"', 'list = "shutdown"\nproposes = "shut"', "proposes", "'close', 'merge', 'renovate'"),
        ('title = "测试办法"', 'title = "测试办法"\ntier_names = { E = "甲" }', "tier_names", "it takes A, B, C, D"),
        ("{d_streak}", "{streak}", "{streak}", "{streak} is no column"),
        ("{d_streak}", "{d_streak:.2f}", "{d_streak:.2f}", "takes no format"),
        ("{d_streak}", "{d_streak", "reason", "unpaired braces"),
        ("benchmark = { fixed = 10.0 }", "", "[[cohort.indicator]]", "has no benchmark"),
        ("{ fixed = 10.0 }", '{ stat = "mean", q = 0.5 }', "q = 0.5", 'q belongs to stat = "quantile"'),
        ("{ fixed = 10.0 }", '{ fixed = 10.0, stat = "mean" }', "fixed = 10.0", "give either fixed"),
        ("{ fixed = 10.0 }", "{ fixed = 0.0 }", "fixed = 0.0", "greater than 0"),
        (
            "{ fixed = 10.0 }",
            '{ stat = "mean", within = ["division"] }',
            "division",
            "did you mean 'industry_division'",
        ),
        ("{ fixed = 10.0 }", '{ stat = "mean", within = ["tax"] }', '["tax"]', "cannot be grouped"),
        ('title = "测试办法"', 'title = "测试办法"\nwindow = "rolling"', "window", "use 'rolling_12m'"),
        ('title = "测试办法"', 'title = "测试办法"\nvalid_from = "soon"', "valid_from", "is not allowed"),
        ('label = "一票否决"\n', "", "[[override]]", "lacks the key 'label'"),
        ("draws = 20", "draws = -1", "draws", "is not allowed"),
        ("draws = 20", "draws = 20\nbenchmarks = true", "benchmarks", "give data_sd"),
        ("draws = 20", "draws = 20\ndata_sd = -0.1", "data_sd", "at least 0"),
        ("draws = 20", 'draws = 20\ndata_sd = "owm"', "data_sd", "use 'own'"),
        ("draws = 20", "draws = 20\ndata_sd = true", "data_sd", "write a number"),
        ("draws = 20", 'draws = 20\ndata_sd = "own"\nown_min_cases = 0', "own_min_cases", "at least 1"),
        ("draws = 20", "draws = 20\ndata_sd = 0.1\nbenchmarks = 1", "benchmarks", "is not allowed"),
        ("weight = 60", 'weight = "60"', 'weight = "60"', "write a number, without quotes"),
        ("weight = 60", "weight = -60", "weight = -60", "at least 0"),
        ("weight = 60", "weight = inf", "weight = inf", "write a finite number"),
        ("draws = 20", "draws = 2e1", "draws", "write a whole number"),
        ("weight = 60", "weight = 60\n  cap = 1.0\n  floor = 1.2", "floor", "floor 1.2 is above cap 1"),
        ("{ fixed = 10.0 }", '{ stat = "quantile", q = 1.5 }', "q = 1.5", "at most 1"),
        ('title = "测试办法"', 'title = "测试办法"\nannualise = "no"', "annualise", "write true or false"),
        ('id = "revenue_per_energy"', 'id = "revenue-per-energy"', "revenue-per", "use letters, digits and _ only"),
        (", C = 0.95", "", "cuts", "[cohort.tiers.cuts] lacks the key 'C'"),
        (
            "[robustness]",
            '[energy]\nelectricity = "equivalent"\n[robustness]',
            "electricity",
            "needs equivalent_kgce_per_kwh",
        ),
        ("[robustness]", '[energy.coefficients]\n"天燃气" = 12.1\n[robustness]', "天燃气", "did you mean '天然气'"),
        ("[robustness]", '[energy.coefficients]\n"动力煤" = 0.7\n[robustness]', "动力煤", "standard name '原煤'"),
    ],
)
def test_a_planted_fault_is_refused_with_its_line_and_remedy(old: str, new: str, offender: str, remedy: str) -> None:
    text = swap(old, new)
    message = refused(text)
    assert remedy in message
    if offender:
        assert f"p.toml, line {line_with(text, offender)}:" in message
    assert len(message.splitlines()) == 1


FIRST = "where = \"scale = '规上'\""


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("scale = '规上'", "scale = '规上'", "is taken before it by cohort 'all'"),
        ("scale = '规上'", "(scale)='规上' AND land > 3", "is taken before it by cohort 'all'"),
        ("scale = '规上'", "scale IN ('规上') AND NOT utility", "is taken before it by cohort 'all'"),
        ("land >= 3", "land >= 5", "is taken before it by cohort 'all'"),
        ("COALESCE(land, 3) >= 3", "land IS NULL", "is taken before it by cohort 'all'"),
        ("TRUE", "land > 3", "is taken before it by cohort 'all'"),
        ("tax / land > 5", "land > 3 AND tax / land > 5", "is taken before it by cohort 'all'"),
        ("honours LIKE '%专精特新%' OR land > 3", "land > 4", "is taken before it by cohort 'all'"),
        ("scale = '规上'", "NULL", "is always false"),
        ("scale = '规上'", "1 = 0", "is always false"),
        ("scale = '规上'", "land > 5 AND land < 3", "is always false"),
        ("scale = '规上'", "scale = '规下' AND scale IS NULL", "is always false"),
        ("scale = '规上'", "open_incidents IS NULL", "is always false"),
        ("scale = '规上'", "scale = '规下' AND utility", "[[excluded]] takes everybody"),
    ],
)
def test_a_cohort_that_can_never_match_is_refused(first: str, second: str, why: str) -> None:
    text = policy_text(
        head='[[excluded]]\nwhen = "utility"\nlabel = "公用事业"\n',
        tail=f'[[cohort]]\nid = "second"\nwhere = "{second}"\n' + indicator(),
    ).replace(FIRST, f'where = "{first}"')
    message = refused(text)
    assert why in message
    last = max(number for number, line in enumerate(text.splitlines(), 1) if line.startswith("where"))
    assert message.startswith(f"p.toml, line {last}:")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("scale = '规上'", "scale = '规下'"),
        ("scale = '规上'", "scale IS NULL"),
        ("land >= 5", "land >= 3"),
        ("land > 3", "land >= 3"),
        ("land > 2 AND land < 4", "land > 2 AND land < 5"),
        ("months_since_commissioned < 24", "months_since_commissioned < 25"),
        ("industry LIKE '26%'", "industry LIKE '261%'"),
        ("tax / land > 5", "tax > 0"),
        ("town = '甲镇'", "town <> '甲镇'"),
        ("NOT utility AND newly_above_scale", "utility IS NULL"),
        ("investment > -5", "investment < -4"),
    ],
)
def test_a_cohort_that_somebody_can_be_in_is_accepted(first: str, second: str) -> None:
    text = policy_text(tail=f'[[cohort]]\nid = "second"\nwhere = "{second}"\n' + indicator())
    assert len(parse_policy(text.replace(FIRST, f'where = "{first}"')).cohort) == 2


def test_repeated_cohort_id_is_refused() -> None:
    assert "cohort id 'all' occurs twice" in refused(
        policy_text(tail='[[cohort]]\nid = "all"\nwhere = "TRUE"\n' + indicator())
    )


def test_what_asks_for_tiers_is_refused_where_no_cohort_has_any() -> None:
    message = refused(policy_text(tiers="", tail=TAIL))
    assert "override '一票否决' moves a tier, but no cohort has [cohort.tiers]" in message
    assert "asks for tier, but no cohort has [cohort.tiers]" in message


def test_all_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = (
        swap('numerator = "tax"', 'numerator = "taxx"')
        .replace("{d_streak}", "{x}")
        .replace("weight = 60", "weight = 1")
    )
    lines = [int(line.split("line ")[1].split(":")[0]) for line in refused(text).splitlines()]
    assert len(lines) == 3
    assert lines == sorted(lines)


def test_weights_may_sum_to_anything_when_the_policy_says_so() -> None:
    assert policy(head="weights_sum = false", indicators=indicator(weight=130)).cohort[0].indicator[0].weight == 130
    assert policy(cohort="weights_sum = false", indicators=indicator(weight=130)).cohort[0].weights_sum is False


def test_text_that_is_not_toml_is_refused_with_its_line() -> None:
    assert "line 3" in refused('id = "x"\ntitle = "y"\nwindow = rolling\n')


def test_what_is_neither_id_nor_file_names_the_nearest_and_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="did you mean 'zibo-jkq'") as caught:
        load_policy("zibo-jqk")
    assert caught.value.exit_status == 2


def test_a_copy_of_a_built_in_policy_loads_from_a_file_with_its_text_and_digest(tmp_path: Path) -> None:
    text = builtin_text("zibo-jkq").replace('id = "zibo-jkq"', 'id = "own"')
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    loaded = load_policy(str(path))
    assert (loaded.id, loaded.text, loaded.sha256) == ("own", text, sha256(text.encode()).hexdigest())


def test_a_file_that_is_not_utf8_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(builtin_text("zibo-jkq").encode("gb18030"))
    with pytest.raises(PolicyError, match="UTF-8"):
        load_policy(str(path))


def test_every_built_in_policy_loads_and_the_default_comes_first() -> None:
    ids = [id_ for id_, _ in builtin_policies()]
    assert ids[0] == "zibo-jkq"
    assert {"huaian-2024", "huangyan-fy2021", "huangyan-fy2022", "linhai-2014"} < set(ids)
    assert [load_policy(id_).id for id_ in ids] == ids


def test_a_number_may_stand_where_an_expression_is_expected() -> None:
    assert policy(indicators=INDICATOR, cohort="factor = 1.1", tiers=TIERS).cohort[0].factor == "1.1"


def test_lines_are_found_past_multi_line_values_and_quoted_keys() -> None:
    text = '[energy.coefficients]\n"天 然气" = 1 # [x]\n[[a]]\nk = [\n 1, # ]\n 2]\n'
    text += 't = """\n[[a]]\nk = 3\n"""\n[[a]]\nk.l = 4\n[a.s]\nx=1\n'
    lines = key_lines(text)
    assert lines["energy", "coefficients", "天 然气"] == 2
    assert (
        lines["a", 0, "k"],
        lines["a", 0, "t"],
        lines["a", 1],
        lines["a", 1, "k", "l"],
        lines["a", 1, "s", "x"],
    ) == (4, 7, 11, 12, 14)


def test_a_policy_without_a_title_is_called_by_its_id() -> None:
    named = parse_policy(swap('title = "测试办法"', ""), "p.toml")
    assert named.title == named.id


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "a = " + "{b = " * 1_100])
def test_brackets_without_end_are_told_and_no_crash(text: str) -> None:
    with pytest.raises(PolicyError, match="nested too deeply"):
        parse_policy(text)


def test_a_number_too_long_to_be_one_is_told_and_no_crash() -> None:
    with pytest.raises(PolicyError, match=r"p\.toml: holds a whole number of thousands of digits"):
        parse_policy(policy_text(tail=f"[robustness]\nseed = 1{'0' * 5_000}\n"), "p.toml")


ADJUSTMENT = '[[adjustment]]\nwhen = "tax > {}"\npoints = 1\nlabel = "加分"\n'


def test_as_many_rules_as_the_guide_says_are_accepted_and_no_more() -> None:
    most = policy_text(tail="".join(ADJUSTMENT.format(number) for number in range(200)))
    assert len(parse_policy(most, "p.toml").adjustment) == 200
    assert refused(most + ADJUSTMENT.format(200)).endswith(
        "adjustment has more than 200 entries, the most that a policy may have"
    )


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        ("# " + "x" * 10_000_000, "is larger than 128 kB"),
        ("".join(ADJUSTMENT.format(number) for number in range(20_000)), "is larger than 128 kB"),
        (".".join("a" * 3_500) + " = 1\n", "is longer than 6000 characters"),
        (
            "[[adjustment]]\nwhen = 'utility'\npoints = 1\nlabel = '" + "长" * 2_001 + "'\n",
            "write up to 2000 characters",
        ),
    ],
    ids=["bytes", "rules", "line", "text"],
)
def test_a_policy_beyond_the_bounds_is_refused_in_one_short_line(tail: str, reason: str) -> None:
    message = refused(policy_text(tail=tail))
    assert reason in message
    assert len(message.splitlines()) == 1
    assert len(message) < 300


def test_a_file_that_is_no_policy_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(50 * 2**30)
    with pytest.raises(PolicyError, match="larger than 128 kB"):
        load_policy(str(path))


def test_of_very_many_faults_the_first_are_shown_and_the_rest_counted() -> None:
    lines = refused("".join(f"k{number} = 1\n" for number in range(3_000)) + policy_text()).splitlines()
    assert lines[0].startswith("p.toml, line 1: unknown key 'k0'")
    assert len(lines) <= 51
    assert lines[-1].endswith("mend these first")


@pytest.mark.parametrize(
    ("added", "offender", "remedy"),
    [
        ('lists = ["merge"]\nwhen = "visited"', "lists", "no [[candidate]] makes; use one of its lists (shutdown)"),
        ('lists = ["shutdown"]\nwhen = "visitd"', "visitd", "did you mean 'visited'"),
        ('lists = []\nwhen = "visited"', "lists names none", 'e.g. lists = ["shutdown"]'),
        ('lists = ["shutdown"]\nwhen = "visited"\nlabel = "甲、乙"\n#', "甲、乙", "reword it"),
    ],
)
def test_a_verification_without_effect_is_refused(added: str, offender: str, remedy: str) -> None:
    label = "" if "label" in added else 'label = "已走访"\n'
    message = refused(policy_text(tail=TAIL + f"[[verification]]\n{added}\n{label}"))
    assert offender in message
    assert remedy in message


def test_two_verifications_of_one_list_have_two_labels() -> None:
    one = '[[verification]]\nlists = ["shutdown"]\nwhen = "visited"\nlabel = "已走访"\n'
    assert "stands twice" in refused(policy_text(tail=TAIL + one + one))


def test_a_letter_is_no_tier_and_two_names_are_told_apart() -> None:
    excluded = '[[excluded]]\nwhen = "utility"\nlabel = "供水"\nletter = "D"\n'
    assert "from E to Z" in refused(policy_text(head=excluded))
    assert "a name of its own" in refused(policy_text(head='tier_names = { A = "甲", B = "甲" }'))


def test_partners_are_chosen_by_a_sound_condition() -> None:
    assert "did you mean 'protected'" in refused(policy_text(tail=TAIL + '[partners]\nwhere = "NOT protectd"\n'))
    assert "min_size" in refused(policy_text(tail=TAIL + "[partners]\nmin_size = -1.0\n"))


def test_tiers_and_letters_are_called_as_the_policy_says() -> None:
    head = (
        '[tier_names]\nD = "落后整治"\nT = "不适合评价"\n[[excluded]]\nwhen = "utility"\nlabel = "供水"\nletter = "T"\n'
    )
    assert policy(head=head).letter_names == {
        "A": "优先发展", "B": "支持发展", "C": "提升发展", "D": "落后整治", "T": "不适合评价",
    }  # fmt: skip
    assert load_policy("huaian-2024").letter_names["C"] == "监管调控"
