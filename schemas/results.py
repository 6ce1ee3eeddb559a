"""What an evaluation yields: the evaluation itself, scores, indicators, candidates. Published rows never change."""

from dataclasses import replace

import polars as pl

from schemas.column import Column, Table
from schemas.profile import ADDED_LATER, PROFILE, TIERS, TOTALS

STATUS_NAMES = {"ranked": "参评", "insufficient": "数据不足", "excluded": "不纳入排名", "out_of_scope": "不在评价范围"}
"""Status of an enterprise in an evaluation → what officials read for it."""
STATUSES = tuple(STATUS_NAMES)

_EVALUATION_ID = Column("evaluation_id", "text", "评价编号", "Evaluation", nullable=False)
_PERIOD = Column("period", "text", "评价期", "Period, YYYY-MM", nullable=False)
_POLICY_ID = Column("policy_id", "text", "办法", "Policy", nullable=False)
_USCC = Column("uscc", "text", "统一社会信用代码", "Enterprise", nullable=False)
_NAME = Column("name", "text", "企业名称", "Enterprise name", nullable=False)

VARIANT_MODES = ("none", "lists", "all")
"""How far the method variants of a policy are evaluated and kept: not at all, for those on lists, for everybody."""

IDENTITY = (_EVALUATION_ID.name, _PERIOD.name, _POLICY_ID.name)
"""The columns of a results table that an evaluation gets when it is published."""


def own_schema(table: Table) -> dict[str, pl.DataType]:
    """The columns of a results `table` with their types, without `IDENTITY`: what an evaluation itself gives."""
    return {name: dtype for name, dtype in table.polars_schema.items() if name not in IDENTITY}


def _of_profile(*names: str) -> tuple[Column, ...]:
    """Columns that the scores keep of the profile; evaluations of earlier versions lack some."""
    return tuple(replace(column, nullable=True, choices=()) for column in PROFILE.columns if column.name in names)


EVALUATIONS = Table(
    schema="results",
    name="evaluations",
    meaning="One row per evaluation: a period evaluated under a policy on given inputs",
    columns=(
        _EVALUATION_ID,
        _PERIOD,
        _POLICY_ID,
        Column("policy_sha256", "text", "办法摘要", "SHA-256 of the policy's text", nullable=False),
        Column("policy_toml", "text", "办法全文", "The policy as it was applied", nullable=False),
        Column("run_id", "text", "运行编号", "Run that made it", nullable=False),
        Column("code_version", "text", "程序版本", "Version of this software", nullable=False),
        Column(
            "inputs_sha256",
            "text",
            "输入摘要",
            "SHA-256 of everything the evaluation read: the profile of every enterprise and its history",
            nullable=False,
        ),
        Column("created_at", "timestamp", "生成时间", "When it was made", nullable=False),
        Column("current", "flag", "现行", "True for the period's current evaluation under this policy", nullable=False),
        Column(
            "stale", "flag", "待重算", "True when an earlier period was evaluated again after this one", nullable=False
        ),
        Column("warnings", "text", "提示", "Warnings of the evaluation, one per line"),
        Column(
            "variants",
            "text",
            "方法口径范围",
            "Whose rows results.variants keeps: all, lists (of those on lists) or none, where the method variants were "
            "not evaluated; null where the policy has none",
            choices=VARIANT_MODES,
        ),
        Column(
            "variants_sha256",
            "text",
            "方法口径输入摘要",
            "SHA-256 of `variants` and of what the method variants read besides; null where they were not evaluated",
        ),
    ),
    key=("evaluation_id",),
)

SCORES = Table(
    schema="results",
    name="scores",
    meaning="One row per enterprise and evaluation: status, score, rank, tiers and the window totals they rest on",
    columns=(
        _EVALUATION_ID,
        _PERIOD,
        _POLICY_ID,
        _USCC,
        _NAME,
        Column("town", "text", "镇办", "Town or sub-district"),
        Column("industry", "text", "行业代码", "Industry code, GB/T 4754-2017"),
        Column("industry_division", "text", "行业大类", "First two digits of the industry code"),
        Column("scale", "text", "规模", "规上 or 规下"),
        Column("chain", "text", "产业链", "Industrial chain"),
        Column("cohort", "text", "评价组", "Cohort of the policy; null when out of scope or excluded"),
        Column(
            "status",
            "text",
            "评价状态",
            "ranked, insufficient, excluded or out_of_scope",
            nullable=False,
            choices=STATUSES,
        ),
        Column("status_reason", "text", "未参评原因", "Why the enterprise has no tier, in Chinese"),
        Column("score", "number", "综合得分", "factor × Σ indicator scores + Σ adjustments"),
        Column("rank", "integer", "名次", "1 + ranked enterprises of the cohort with a higher score"),
        Column("tier_initial", "text", "初评等级", "Tier by the cuts, before overrides", choices=TIERS),
        Column("tier", "text", "等级", "Tier after overrides", choices=TIERS),
        Column("land_score", "number", "土地效率得分", "100 × Σ scores ÷ Σ weights of the land indicators"),
        Column("land_tier", "text", "土地效率等级", "Tier of the land score by the same cuts", choices=TIERS),
        Column("energy_score", "number", "能源效率得分", "100 × Σ scores ÷ Σ weights of the energy indicators"),
        Column("energy_tier", "text", "能源效率等级", "Tier of the energy score by the same cuts", choices=TIERS),
        Column(
            "land_score_uncapped",
            "number",
            "土地效率得分(不封顶)",
            "The land score with ratios above their cap counted in full, by which land tiers are ranked",
        ),
        Column(
            "energy_score_uncapped",
            "number",
            "能源效率得分(不封顶)",
            "The energy score with ratios above their cap counted in full, by which energy tiers are ranked",
        ),
        Column("factor", "number", "修正系数", "Factor that multiplied the indicators' sum"),
        Column("adjustments", "number", "加减分", "Sum of the adjustments"),
        Column("adjustment_labels", "text", "加减分项", "Labels of the adjustments that applied, separated by 、"),
        Column("override_labels", "text", "调档事由", "Labels of the overrides that changed the tier, separated by 、"),
        Column(
            "protected",
            "flag",
            "受保护",
            "An override that protects holds: on no list to shut, merge or renovate it while no incident is open",
        ),
        Column("letter", "text", "类别代号", "What an enterprise that is not ranked is published under, e.g. T"),
        Column(
            "tier_confidence",
            "number",
            "等级稳健度",
            "Share of the draws in which the enterprise keeps its tier; they move weights alone, or weights and "
            "figures, as [robustness] of the policy says, and no choice of method",
            minimum=0,
        ),
        Column(
            "rank_low",
            "integer",
            "名次区间上限",
            "Better end of the interval of the rank by the draws, at a level of 90 %; null without draws or rank",
            minimum=1,
        ),
        Column("rank_high", "integer", "名次区间下限", "Worse end of that interval", minimum=1),
        Column(
            "previous_tier",
            "text",
            "上期等级",
            "Tier in the last current evaluation of an earlier period",
            choices=TIERS,
        ),
        Column("d_streak", "integer", "连续D类期数", "Consecutive evaluated periods in D up to and including this one"),
        Column(
            "surcharge_yuan_per_kwh",
            "number",
            "电价加价",
            "Surcharge on electricity by time in D, the highest that applies; null where the policy has none",
            unit="元/千瓦时",
            minimum=0,
        ),
        Column(
            "agreement",
            "number",
            "口径一致率",
            "Share of the policy's methods, its variants and itself, in which the enterprise has its tier; null "
            "without a tier and where the variants were not evaluated",
            minimum=0,
        ),
        Column(
            "list_agreement",
            "number",
            "清单口径一致率",
            "Likewise of the list that it is on before verification, no list being one too",
            minimum=0,
        ),
        *TOTALS,
        *_of_profile("tech_level", "willingness", "investment", "open_incidents", "energy_level"),
        # Evaluations of earlier versions have none of these.
        *_of_profile(*ADDED_LATER),
    ),
    key=("evaluation_id", "uscc"),
)

INDICATORS = Table(
    schema="results",
    name="indicators",
    meaning="One row per ranked or insufficient enterprise, indicator and evaluation: how the score came about",
    columns=(
        _EVALUATION_ID,
        _PERIOD,
        _POLICY_ID,
        _USCC,
        Column("cohort", "text", "评价组", "Cohort of the policy", nullable=False),
        Column("indicator", "text", "指标", "Indicator of the policy", nullable=False),
        Column("title", "text", "指标名称", "Title in Chinese", nullable=False),
        Column("unit", "text", "单位", "Unit of the value"),
        Column(
            "dimension", "text", "维度", "land, energy or other", nullable=False, choices=("land", "energy", "other")
        ),
        Column("numerator_expression", "text", "分子", "What the numerator is", nullable=False),
        Column("denominator_expression", "text", "分母", "What the denominator is", nullable=False),
        Column("numerator", "number", "分子值", "Value of the numerator"),
        Column("denominator", "number", "分母值", "Value of the denominator"),
        Column("value", "number", "指标值", "numerator ÷ denominator; null when missing"),
        Column("benchmark", "number", "基准值", "Value that earns the full weight; null for min–max"),
        Column("benchmark_scope", "text", "基准口径", "Whose benchmark: fixed, the cohort, or the group within it"),
        Column("benchmark_members", "integer", "基准样本数", "Enterprises in the group that made the benchmark"),
        Column(
            "benchmark_own_share",
            "number",
            "本企业占基准比重",
            "Share of the enterprise's own figure in the mean that it is held against; null where it has none",
        ),
        Column("weight", "number", "权重", "Weight of the indicator", nullable=False),
        Column("score", "number", "得分", "Score of the indicator; null when it was left out"),
        Column("score_note", "text", "计分说明", "How a missing value was scored, or that a cap or floor applied"),
    ),
    key=("evaluation_id", "uscc", "indicator"),
)

CANDIDATES = Table(
    schema="results",
    name="candidates",
    meaning="One row per enterprise on a candidate list; a list is a proposal until a person confirms it",
    columns=(
        _EVALUATION_ID,
        _PERIOD,
        _POLICY_ID,
        Column(
            "list",
            "text",
            "清单",
            "upgrade, shutdown, merger, partner, verify or a list of the policy's own",
            nullable=False,
        ),
        Column("title", "text", "清单名称", "Title of the list in Chinese", nullable=False),
        _USCC,
        _NAME,
        Column("tier", "text", "等级", "Tier after overrides", choices=TIERS),
        Column("reason", "text", "入选理由", "Why, in Chinese, with the figures filled in", nullable=False),
        Column("priority", "integer", "次序", "Position in the list, from 1", nullable=False, minimum=1),
        Column(
            "tier_confidence", "number", "等级稳健度", "As in results.scores: by weights, or weights and figures, alone"
        ),
        Column("partner_1", "text", "并转对象一", "Code of the best merger partner"),
        Column("partner_2", "text", "并转对象二", "Code of the second merger partner"),
        Column("partner_3", "text", "并转对象三", "Code of the third merger partner"),
        Column("partner_1_name", "text", "并转对象一名称", "Name of the best merger partner"),
        Column("partner_2_name", "text", "并转对象二名称", "Name of the second merger partner"),
        Column("partner_3_name", "text", "并转对象三名称", "Name of the third merger partner"),
        Column(
            "next_tier_needs",
            "text",
            "升档所需",
            "On lists to renovate: changes of one figure each that put it into the next better tier, judged again so",
        ),
        Column("would_be", "text", "拟列清单", "On the list verify: the list whose rule the enterprise meets"),
        Column("missing", "text", "待核实事项", "On the list verify: labels of what fails, joined by 、"),
    ),
    key=("evaluation_id", "uscc"),
)

SEPARATOR = "；"
"""What stands between the values that a verification looked at."""
VERIFICATIONS = Table(
    schema="results",
    name="verifications",
    meaning="One row per enterprise on a list, or that would be on one, and verification of that list",
    columns=(
        _EVALUATION_ID,
        _PERIOD,
        _POLICY_ID,
        _USCC,
        Column("list", "text", "清单", "The list that the enterprise is on or would be on", nullable=False),
        Column("number", "integer", "核查序号", "Position of the verification in the policy, from 0", nullable=False),
        Column("label", "text", "核查事项", "What must be known before the list may propose it", nullable=False),
        Column("passed", "flag", "已核实", "Whether it holds; null where the policy does not compute it"),
        Column("columns", "text", "所用数据", "Columns of the profile that it looks at, joined by 、", nullable=False),
        Column(
            "looked_at",
            "text",
            "数据值",
            "Values of these columns as they were judged, in the same order, joined by ；",
        ),
        Column("source_cell", "text", "依据单元格", "File, sheet and cell of each stated figure that it looks at"),
    ),
    key=("evaluation_id", "uscc", "list", "number"),
)

VARIANTS = Table(
    schema="results",
    name="variants",
    meaning="One row per method variant and enterprise: the evaluation on the same facts under the variant's policy",
    columns=(
        _EVALUATION_ID,
        Column("variant", "text", "方法口径", "Id of the policy's [[variant]]", nullable=False),
        _USCC,
        Column("status", "text", "评价状态", "Status under the variant", nullable=False, choices=STATUSES),
        Column("score", "number", "综合得分", "Score under the variant"),
        Column("rank", "integer", "名次", "Rank under the variant"),
        Column("tier", "text", "等级", "Tier under the variant, after overrides", choices=TIERS),
        Column("list", "text", "清单", "List that it would be on, before verification; null for none"),
    ),
    key=("evaluation_id", "variant", "uscc"),
)

VARIANT_EFFECTS = Table(
    schema="results",
    name="variant_effects",
    meaning="One row per evaluation and method variant: what it changes, why that can be defended, how much it moves",
    columns=(
        _EVALUATION_ID,
        _PERIOD,
        _POLICY_ID,
        Column("variant", "text", "方法口径", "Id of the policy's [[variant]]", nullable=False),
        Column("number", "integer", "序号", "Position of the variant in the policy, from 1", nullable=False),
        Column("title", "text", "口径名称", "What it does otherwise, in Chinese", nullable=False),
        Column("why", "text", "理由", "Why it can be defended, in Chinese", nullable=False),
        Column("tiered", "integer", "有等级企业数", "Enterprises with a tier in the evaluation itself", nullable=False),
        Column("tiers_moved", "integer", "等级改变数", "Of them, those that have another tier or none", nullable=False),
        Column("tier_d", "integer", "D类企业数", "Of them, those in D in the evaluation itself", nullable=False),
        Column("d_moved", "integer", "不再为D类数", "Of those in D, how many are not in D", nullable=False),
        Column("listed", "integer", "清单企业数", "Enterprises that a list names before verification", nullable=False),
        Column("lists_moved", "integer", "清单改变数", "Of them, those on another list or none", nullable=False),
        Column("newly_listed", "integer", "新列入数", "Enterprises on no list that would be on one", nullable=False),
    ),
    key=("evaluation_id", "variant"),
)

MOVEMENT_PARTS = {
    "own": "自身数据",
    "peers": "同组基准",
    "adjustments": "修正与加减分",
    "policy": "办法修订",
    "corrections": "上期数据更正",
    "scope": "范围调整",
}
"""Part of the change of a score → what officials read for it, in the order in which they are shown."""

_PART_MEANINGS = {
    "own": "its own figures, against the benchmarks, factor and adjustments of then",
    "peers": "benchmarks, or the spread or mean of the cohort",
    "adjustments": "the factor and the adjustments",
    "policy": "the policy's text, on the same facts",
    "corrections": "figures of the earlier window that were stated anew since",
    "scope": "another cohort, or not ranked at a step between: not split further",
}

MOVEMENTS = Table(
    schema="results",
    name="movements",
    meaning="One row per enterprise and pair of evaluations: why its score is not what it was. The parts add up",
    columns=(
        _EVALUATION_ID,
        Column("previous_evaluation_id", "text", "上期评价编号", "The policy's evaluation before it", nullable=False),
        _PERIOD,
        Column("previous_period", "text", "上期", "Period of the previous evaluation, YYYY-MM", nullable=False),
        _POLICY_ID,
        _USCC,
        Column("score_before", "number", "上期得分", "Score in the previous evaluation"),
        Column("change", "number", "得分变化", "Score − score before; null unless ranked both times"),
        *(
            Column(name, "number", title, f"Part of the change due to {_PART_MEANINGS[name]}")
            for name, title in MOVEMENT_PARTS.items()
        ),
        Column("note", "text", "说明", "Why there is no change or why it was not split, in Chinese"),
    ),
    key=("evaluation_id", "previous_evaluation_id", "uscc"),
)

ERROR_SOURCES = {"own": "本区历史", "policy": "办法"}
"""Where the spread that the draws use is from → what officials read for it."""

DATA_ERRORS = Table(
    schema="results",
    name="data_errors",
    meaning="How far figures were off, by what was stated again or corrected: a row for each measure that the policy's "
    "indicators use and each department; only of policies with data_sd = 'own'",
    columns=(
        _EVALUATION_ID,
        _PERIOD,
        _POLICY_ID,
        Column("measure", "text", "指标项", "Word of the profile, e.g. tax, energy", nullable=False),
        Column(
            "department",
            "text",
            "部门",
            "Who stated the figure first: first folder of the file's path, empty where there is none; 全部 for all",
            nullable=False,
        ),
        Column(
            "cases",
            "integer",
            "重报次数",
            "Figures that were stated again or corrected, unchanged ones included",
            nullable=False,
            minimum=0,
        ),
        Column("changed", "integer", "其中改动", "Of them, those that changed", nullable=False, minimum=0),
        Column(
            "set_aside",
            "integer",
            "其中剔除",
            "Of the changed ones, gross mistakes that the spread leaves out: over 8 times, another sign, far off",
            nullable=False,
            minimum=0,
        ),
        Column(
            "sd",
            "number",
            "实际误差",
            "Root mean square of ln(now ÷ before) over the cases that are not set aside, 0.05 = 5 %; null without any",
            minimum=0,
        ),
        Column("used", "number", "测算所用误差", "Relative spread that the draws take", nullable=False, minimum=0),
        Column(
            "source",
            "text",
            "依据",
            "own: the measure's spread over all departments; policy: data_sd_otherwise, since there are too few cases",
            nullable=False,
            choices=tuple(ERROR_SOURCES),
        ),
    ),
    key=("evaluation_id", "measure", "department"),
)
