"""A policy in Chinese: every kind of expression that a policy can say reads as a sentence."""

import tomllib
from typing import Any

import pytest
from builders.reports import POLICY

from efficiency.evaluation.scoring import DECIMALS
from efficiency.policy.model import Benchmark, Policy, Robustness, Tiers
from efficiency.policy.words import (
    benchmark,
    condition,
    energy_basis,
    moved,
    override_rule,
    own_errors,
    rank_interval,
    robustness,
    statement,
    tiers,
    window,
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.model_validate(tomllib.loads(POLICY))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("tier = 'D' AND d_streak >= 2", "等级为D类，且连续D类期数不小于2"),
        ("land_tier IN ('C', 'D')", "土地效率等级为C类或D类"),
        ("scale = '规上'", "规模为“规上”"),
        ("land >= 3 AND months_since_commissioned < 24", "用地面积不小于3亩，且投产月数小于24个月"),
        ("honours LIKE '%专精特新%'", "资质荣誉包含“专精特新”"),
        ("industry LIKE '26%'", "行业代码以“26”开头"),
        ("energy_level = 'below'", "能效水平为低于基准水平"),
        ("value_tax_per_mu < 3", "指标“亩均税收”小于3"),
        ("COALESCE(investment, 0) > 0", "计划总投资(缺失按0万元计)大于0万元"),
        ("energy IS NULL", "综合能耗缺失"),
        ("energy IS NOT NULL", "综合能耗不缺失"),
        ("land BETWEEN 5 AND 10", "用地面积在5至10之间"),
        ("revenue - tax", "营业收入 − 实缴税金"),
    ],
)
def test_expression_reads_as_chinese(policy: Policy, expression: str, said: str) -> None:
    assert condition(expression, policy) == said


def test_yes_no_columns_become_statements(policy: Policy) -> None:
    assert statement("utility", policy) == "属于公用事业"
    assert statement("NOT newly_above_scale", policy) == "不属于新升规"
    assert statement("newly_above_scale OR under_construction", policy) == "属于新升规，或属于在建"
    # What was done or is so of anybody is no kind of enterprise that one belongs to.
    assert statement("visited", policy) == "已走访"
    assert statement("NOT protected AND NOT open_objection", policy) == "不受保护，且无待审批申诉"


def test_what_has_no_chinese_form_stays_as_the_policy_writes_it(policy: Policy) -> None:
    assert "LENGTH(" in condition("LENGTH(name) > 3", policy)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (Benchmark(fixed=15.0), "固定值 15"),
        (Benchmark(stat="weighted_mean", times=2.0), "加权平均(分子合计÷分母合计) × 2"),
        (Benchmark(stat="quantile", q=0.75), "75%分位数"),
        (Benchmark(stat="median", within=("industry_division",), min_group=5), "同行业大类中位数(不足5户用全组)"),
    ],
)
def test_benchmark_says_whose_and_how(policy: Policy, spec: Benchmark, said: str) -> None:
    indicator = policy.cohort[0].indicator[0].model_copy(update={"benchmark": spec})
    assert benchmark(indicator, policy.cohort[0]) == said


def test_where_no_benchmark_is_used_its_words_say_what_is(policy: Policy) -> None:
    indicator = policy.cohort[0].indicator[0].model_copy(update={"benchmark": None})
    assert benchmark(indicator, policy.cohort[0].model_copy(update={"formula": "minmax"})) == "组内最小值至最大值"


def test_a_benchmark_that_the_formula_does_not_read_is_not_printed(policy: Policy) -> None:
    indicator = policy.cohort[0].indicator[0].model_copy(update={"benchmark": Benchmark(fixed=15.0)})
    assert benchmark(indicator, policy.cohort[0].model_copy(update={"formula": "minmax"})) == "组内最小值至最大值"


def test_cuts_say_where_each_tier_ends() -> None:
    by_rank = Tiers.model_validate({"by": "rank", "cuts": {"A": 0.2, "B": 0.75, "C": 0.95}})
    assert "A类为前20%，B类为20%至75%，C类为75%至95%，其余为D类" in tiers(by_rank)
    # Scores are shown with fewer decimals: two that look alike need not be a tie.
    assert f"得分按{DECIMALS}位小数比较" in tiers(by_rank)
    by_score = Tiers.model_validate({"by": "score", "cuts": {"A": 90, "B": 75, "C": 60}})
    assert "A类不低于90分" in tiers(by_score)
    assert "不划分等级" in tiers(None)


def test_window_energy_and_overrides_are_named(policy: Policy) -> None:
    assert window(policy).startswith("滚动12个月")
    assert "当量值" in energy_basis(policy)
    assert "绿色电力" in energy_basis(policy)
    assert override_rule(policy.override[0], policy) == "一票否决：未整改事项数大于0，不高于C类"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "对各指标权重(相对标准差10%)作1000次随机扰动"),
        ({"data_sd": 0.05}, "和各企业分子、分母所用数据(相对标准差5%)作1000次随机扰动"),
        ({"data_sd": 0.05}, "由企业数据得出的基准值、极值和平均得分不随扰动改变"),
        ({"data_sd": 0.05, "benchmarks": True}, "由企业数据得出的基准值、极值和平均得分按扰动后的数据重新计算"),
        ({"data_sd": 0.05, "weight_sd": 0.0}, "对各企业分子、分母所用数据(相对标准差5%)作"),
        ({"data_sd": "own"}, "和各企业分子、分母所用数据(误差按本区历次更正的实际幅度)作"),
        ({"data_sd": "own"}, "只反映权重和数据，不反映"),
        ({}, "只反映权重，不反映"),
        ({"weight_sd": 0.0}, "扰动幅度为零"),
        ({"draws": 0}, "本办法不测算"),
    ],
)
def test_what_is_moved_at_random_is_named(policy: Policy, rule: dict[str, Any], said: str) -> None:
    assert said in robustness(policy.model_copy(update={"robustness": Robustness(**rule)}), review_below=0.8)


@pytest.mark.parametrize(
    ("rule", "said", "how"),
    [
        ({}, "仅权重", "取中间90%的名次"),
        ({"data_sd": 0.05}, "权重与数据误差", "取1%至99%之间的名次"),
        ({"data_sd": "own"}, "权重与数据误差", "不反映漏报、虚报"),
        ({"data_sd": "own", "weight_sd": 0.0}, "仅数据误差", "数据有误差时"),
        ({"weight_sd": 0.0}, "无扰动", "名次不变"),
        ({"draws": 0}, "仅权重", "本办法不测算"),
    ],
)
def test_tier_and_rank_are_labelled_with_what_moves(policy: Policy, rule: dict[str, Any], said: str, how: str) -> None:
    moving = policy.model_copy(update={"robustness": Robustness(**rule)})
    assert moved(moving) == said
    assert how in rank_interval(moving, 0.9)


def test_the_policy_says_what_holds_where_too_little_was_sent_again(policy: Policy) -> None:
    rule = Robustness(data_sd="own", own_min_cases=12, data_sd_otherwise=0.03)
    said = own_errors(policy.model_copy(update={"robustness": rule}))
    assert "少于12笔的，不足以说明问题，按办法规定的3%(假定值)测算" in said


def test_no_firmness_is_told_of_a_method_without_tiers(policy: Policy) -> None:
    assert robustness(policy, review_below=0.8).endswith("低于80%的标注“临界,建议复核”。")
    untiered = policy.model_copy(update={"cohort": [c.model_copy(update={"tiers": None}) for c in policy.cohort]})
    assert robustness(untiered, review_below=0.8) == "本办法不分等级，不测算。"
