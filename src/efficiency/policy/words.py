"""A policy in Chinese for officials: its rules as sentences, its expressions as conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from efficiency.policy.expressions import parsed
from efficiency.policy.formulas import formula_of
from efficiency.reference.tables import calorific_tce
from schemas.profile import ENERGY_LEVELS, PROFILE
from schemas.results import SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.policy.model import (
        Candidate,
        Cohort,
        Excluded,
        Indicator,
        Override,
        Policy,
        Surcharge,
        Tiers,
        Verification,
    )

_COLUMNS = {column.name: column.title for table in (PROFILE, SCORES) for column in table.columns}
_UNITS = {c.name: "个月" if c.unit == "月" else c.unit for c in PROFILE.columns if c.unit}
_VALUES = {"energy_level": ENERGY_LEVELS}
_WITHIN = {"industry_division": "行业大类", "industry": "行业小类", "town": "镇办", "scale": "规模", "chain": "产业链"}
_COMPARISONS = {
    exp.EQ: "为",
    exp.NEQ: "不为",
    exp.GT: "大于",
    exp.GTE: "不小于",
    exp.LT: "小于",
    exp.LTE: "不大于",
    exp.NullSafeEQ: "为",
    exp.NullSafeNEQ: "不为",
}
_ARITHMETIC = {exp.Add: "+", exp.Sub: "−", exp.Mul: "×", exp.Div: "÷"}
_WINDOWS = {
    "rolling_12m": "滚动12个月：评价期当月及之前共12个月",
    "year_to_date": "当年1月至评价期当月",
    "calendar_year": "最近一个完整的自然年",
}
_MISSING = {
    "zero": "缺失记零分",
    "cohort_mean": "缺失按组内平均得分计",
    "reweight": "缺失则该项不计、其余权重放大",
    "insufficient": "缺失则不评等级(数据不足)",
}
_STATISTICS = {"weighted_mean": "加权平均(分子合计÷分母合计)", "mean": "算术平均", "median": "中位数"}
_STATED = {
    "visited": ("已走访", "未走访"),
    "open_objection": ("有待审批申诉", "无待审批申诉"),
    "protected": ("受保护", "不受保护"),
}
"""Yes/no column that is no kind of enterprise → what is said where it holds, and where not."""
_EXCLUSIONS = {"feedstock": "用作原材料的能源", "green_power": "绿色电力"}


def condition(text: str, policy: Policy) -> str:
    """The expression `text` in Chinese; a part without Chinese form stays as the policy writes it."""
    indicators = {i.id: i.title for cohort in policy.cohort for i in cohort.indicator}
    names = {
        **_COLUMNS,
        **{f"value_{key}": f"指标“{title}”" for key, title in indicators.items()},
        **{f"score_{key}": f"“{title}”得分" for key, title in indicators.items()},
    }
    return _words(parsed(text), names)


def _words(node: exp.Expr, names: dict[str, str]) -> str:  # noqa: PLR0911, PLR0912  # one return a kind of node
    kind = type(node)
    if isinstance(node, exp.Column):
        return names.get(node.name, node.name)
    if isinstance(node, exp.Literal):
        return f"“{node.name}”" if node.is_string else node.name
    if isinstance(node, exp.Boolean):
        return "是" if node.this else "否"
    if isinstance(node, exp.Paren):
        return f"({_words(node.this, names)})"
    if isinstance(node, exp.And | exp.Or):
        joint = "，且" if isinstance(node, exp.And) else "，或"
        return f"{_clause(node.this, names)}{joint}{_clause(node.expression, names)}"
    if isinstance(node, exp.Not):
        return _negation(node.this, names)
    if kind in _COMPARISONS:
        return f"{_words(node.this, names)}{_COMPARISONS[kind]}{_value(node.expression, node.this, names)}"
    if kind in _ARITHMETIC:
        return f"{_words(node.this, names)} {_ARITHMETIC[kind]} {_words(node.expression, names)}"
    if isinstance(node, exp.Neg):
        return f"−{_words(node.this, names)}"
    if isinstance(node, exp.In):
        return f"{_words(node.this, names)}为" + "或".join(_value(e, node.this, names) for e in node.expressions)
    if isinstance(node, exp.Is):
        missing = isinstance(node.expression, exp.Null)
        return f"{_words(node.this, names)}" + ("缺失" if missing else f"为{_words(node.expression, names)}")
    if isinstance(node, exp.Like):
        return f"{_words(node.this, names)}{_pattern(node.expression)}"
    if isinstance(node, exp.Between):
        low, high = (_words(node.args[key], names) for key in ("low", "high"))
        return f"{_words(node.this, names)}在{low}至{high}之间"
    if isinstance(node, exp.Coalesce) and len(node.expressions) == 1:
        return f"{_words(node.this, names)}(缺失按{_value(node.expressions[0], node.this, names)}计)"
    return str(node.sql(dialect="duckdb"))


def _clause(node: exp.Expr, names: dict[str, str]) -> str:
    """A part of an AND or OR: a bare yes/no column becomes a statement."""
    return _flag(node, names) if isinstance(node, exp.Column) else _words(node, names)


def _flag(node: exp.Column, names: dict[str, str], *, holds: bool = True) -> str:
    """A bare yes/no column as a statement."""
    if node.name in _STATED:
        return _STATED[node.name][0 if holds else 1]
    return f"{'' if holds else '不'}属于{_words(node, names)}"


def _negation(node: exp.Expr, names: dict[str, str]) -> str:
    if isinstance(node, exp.Column):
        return _flag(node, names, holds=False)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return f"{_words(node.this, names)}不缺失"
    return f"并非({_words(node.this if isinstance(node, exp.Paren) else node, names)})"


def _value(node: exp.Expr, subject: exp.Expr, names: dict[str, str]) -> str:
    """A literal that `subject` is compared with: figures with unit, tiers bare, codes by their Chinese meaning."""
    if isinstance(subject, exp.Coalesce):
        subject = subject.this
    if isinstance(node, exp.Literal) and not node.is_string and isinstance(subject, exp.Column):
        return f"{node.name}{_UNITS.get(subject.name, '')}"
    if isinstance(node, exp.Literal) and node.is_string:
        meaning = _VALUES.get(subject.name, {}) if isinstance(subject, exp.Column) else {}
        return meaning.get(node.name, f"{node.name}类" if node.name in "ABCD" else f"“{node.name}”")
    return _words(node, names)


def _pattern(node: exp.Expr) -> str:
    text = node.name
    core = text.strip("%")
    if "%" in core or "_" in core:
        return f"符合“{text}”"
    if text.startswith("%") and text.endswith("%"):
        return f"包含“{core}”"
    return f"以“{core}”结尾" if text.startswith("%") else f"以“{core}”开头" if text.endswith("%") else f"为“{core}”"


def window(policy: Policy) -> str:
    """The months over which flows are added up."""
    words = _WINDOWS[policy.window]
    if policy.window == "year_to_date":
        words += "，流量指标按12÷月数折算为全年" if policy.annualise else "，不折算全年"
    return (
        f"{words}。用工人数取期内最近月份，用地取评价期末最近一次数据；"
        "已报数据不足以确定窗口合计的按缺失处理，不以部分月份代替。"
    )


def energy_basis(policy: Policy) -> str:
    """How energy is converted and added up."""
    energy = policy.energy
    words = (
        f"电力按当量值折算({calorific_tce() / 10:g}千克标准煤/千瓦时)"
        if energy.electricity == "calorific"
        else f"电力按等价值折算({energy.equivalent_kgce_per_kwh:g}千克标准煤/千瓦时)"
    )
    if energy.exclude:
        words += "；不计" + "、".join(_EXCLUSIONS[name] for name in energy.exclude)
    if energy.coefficients:
        listed = "、".join(f"{name} {value:g}" for name, value in energy.coefficients.items())
        words += f"；办法规定的折标系数：{listed}"
    return words + "；电力以外的品种，企业填报采用折标系数的从其填报，未填报的按参考折标系数。"


def benchmark(indicator: Indicator, cohort: Cohort) -> str:
    """The value that the indicator's value is compared with."""
    formula = formula_of(cohort)
    spec = formula.benchmark_of(indicator)
    if spec is None:
        return formula.compared_with
    if spec.fixed is not None:
        return f"固定值 {spec.fixed:g}"
    words = _STATISTICS.get(spec.stat or "", f"{(spec.q or 0) * 100:g}%分位数")
    if spec.within:
        words = f"同{'、'.join(_WITHIN.get(name, name) for name in spec.within)}{words}"
        if spec.min_group > 1:
            words += f"(不足{spec.min_group}户用全组)"
    if spec.leave_one_out:
        words += "，不含本企业"
    return words + (f" × {spec.times:g}" if spec.times != 1 else "")


def limits(indicator: Indicator) -> str:
    """Cap, floor, direction."""
    words = [] if indicator.better == "higher" else ["越低越好"]
    words += [f"封顶 {indicator.cap:g} 倍"] if indicator.cap is not None else []
    words += [f"保底 {indicator.floor:g} 倍"] if indicator.floor is not None else []
    return "、".join(words) or "不封顶"


def missing(indicator: Indicator) -> str:
    """How a missing value is scored."""
    return _MISSING[indicator.missing]


def cohort_rule(cohort: Cohort, policy: Policy) -> str:
    """Which enterprises belong to the cohort, its formula, its total score and its cuts."""
    factor = "" if cohort.factor.strip() in ("1", "1.0") else f" × 修正系数({condition(cohort.factor, policy)})"
    total = f"综合得分 = Σ各项得分{factor} + 加减分"
    graded = f"{tiers(cohort.tiers)}{_rank_notes(cohort, policy)}"
    return f"范围：{condition(cohort.where, policy)}。{formula_of(cohort).rule}；{total}。{graded}"


def _rank_notes(cohort: Cohort, policy: Policy) -> str:
    """What cuts by rank go by beside the score: the dimensions' uncapped scores, those who count without a rank."""
    if cohort.tiers is None or cohort.tiers.by != "rank":
        return ""
    counted = [rule.label for rule in policy.excluded if rule.counts_in_n]
    shares = f"名次比例的总户数含不参评的{'、'.join(counted)}。" if counted else ""
    return f"土地、能源等级用同样的比例，按不封顶的维度得分排名(所列得分仍封顶)。{shares}"


def tiers(spec: Tiers | None) -> str:
    """How scores become tiers."""
    if spec is None:
        return "本办法只排名，不划分等级。"
    cuts = spec.cuts
    if spec.by == "score":
        return f"按综合得分划分等级：A类不低于{cuts.A:g}分，B类不低于{cuts.B:g}分，C类不低于{cuts.C:g}分，其余为D类。"
    within = f"在同{'、'.join(_WITHIN.get(name, name) for name in spec.within)}内" if spec.within else "在评价组内"
    a, b, c = (f"{cut * 100:g}%" for cut in (cuts.A, cuts.B, cuts.C))
    shares = f"A类为前{a}，B类为{a}至{b}，C类为{b}至{c}，其余为D类"
    return f"{within}按名次划分等级：{shares}；得分按6位小数比较，同分者取靠后的位置。"


def override_rule(rule: Override, policy: Policy) -> str:
    """One override as a sentence."""
    effects = [
        *([f"定为{rule.tier}类"] if rule.tier else []),
        *([f"不高于{rule.at_most}类"] if rule.at_most else []),
        *([f"不低于{rule.at_least}类"] if rule.at_least else []),
        *(["受保护：没有未整改事项时不列入关停、并转、改造类清单"] if rule.protects else []),
    ]
    return f"{rule.label}：{statement(rule.when, policy)}，{'；'.join(effects)}"


def statement(text: str, policy: Policy) -> str:
    """A predicate as a statement, also where it is a bare yes/no column."""
    node = parsed(text)
    words = condition(text, policy)
    if isinstance(node, exp.Column):
        return _STATED[node.name][0] if node.name in _STATED else f"属于{words}"
    return words


def excluded_rule(rule: Excluded, policy: Policy) -> str:
    """Who is not ranked, the letter under which it is published, and whether it counts for the cuts."""
    words = [statement(rule.when, policy)]
    if rule.letter:
        words.append(f"以{rule.letter}类“{policy.letter_names[rule.letter]}”公布")
    if rule.counts_in_n:
        words.append("计入按名次划档的户数")
    return f"{rule.label}({'；'.join(words)})"


def candidate_rule(rule: Candidate, policy: Policy) -> str:
    """Who is proposed for the list."""
    spared = any(override.protects for override in policy.override) and rule.spares_protected
    return statement(rule.when, policy) + ("；受保护企业除外。" if spared else "。")


def verification_rule(rule: Verification, policy: Policy, titles: Mapping[str, str]) -> str:
    """What must be known before which lists may propose an enterprise; `titles`: id of a list → its title."""
    of = "、".join(titles.get(name, name) for name in rule.lists)
    return f"{rule.label}({statement(rule.when, policy)})：列入{of}前须核实"


def partner_rule(policy: Policy) -> str:
    """Who may take in a merging enterprise, in what order, and how often one is named."""
    rule = policy.partners
    size = f"，营业收入和用地均不小于被并转企业的{rule.min_size:g}倍(规模不明的不列)" if rule.min_size else ""
    return (
        f"{statement(rule.where, policy)}{size}；依次取同行业小类、同行业大类、同产业链，同镇办优先，得分高者优先；"
        f"每户最多列3家，同一家最多列给{rule.most}户，清单次序在前的先选。"
    )


def moved(policy: Policy) -> str:
    """What the draws behind tier_confidence and rank interval move: the label of both wherever they are shown."""
    rule = policy.robustness
    parts = [name for name, sd in (("权重", rule.weight_sd), ("数据误差", rule.data_sd)) if sd]
    return "与".join(parts) if len(parts) > 1 else f"仅{parts[0]}" if parts else "无扰动"


def robustness(policy: Policy, review_below: float) -> str:
    """How tier_confidence is computed, and the mark of tiers with one below `review_below` (0 to 1)."""
    if all(cohort.tiers is None for cohort in policy.cohort):
        return "本办法不分等级，不测算。"
    rule = policy.robustness
    if not rule.draws:
        return "本办法不测算。"
    drawn = _drawn(policy)
    if not drawn:
        return f"办法规定的扰动幅度为零，{rule.draws}次测算的等级均不变。"
    peers = ""
    if rule.data_sd:
        taken = "按扰动后的数据重新计算" if rule.benchmarks else "不随扰动改变"
        peers = f"由企业数据得出的基准值、极值和平均得分{taken}，固定基准值不变；"
    reflected = {"权重与数据误差": "权重和数据", "仅权重": "权重", "仅数据误差": "数据误差"}[moved(policy)]
    return (
        f"对{drawn}作{rule.draws}次随机扰动(对数正态分布，随机种子{rule.seed})，{peers}"
        "修正系数、加减分和调档事由不变，取等级保持不变的次数占比。"
        f"只反映{reflected}，不反映基准、窗口等方法选择，也不表示事实已经核实。"
        f"低于{_percent(review_below)}的标注“临界,建议复核”。"
    )


def _drawn(policy: Policy) -> str:
    """What the draws multiply at random, with the spread of each."""
    rule = policy.robustness
    weights = f"各指标权重(相对标准差{_percent(rule.weight_sd)})" if rule.weight_sd else ""
    known = rule.data_sd
    spread = "误差按本区历次更正的实际幅度" if isinstance(known, str) else f"相对标准差{_percent(known)}"
    data = f"各企业分子、分母所用数据({spread})" if rule.data_sd else ""
    return "和".join(part for part in (weights, data) if part)


def rank_interval(policy: Policy, level: float) -> str:
    """What the interval of a rank, at `level` (0 to 1), claims and what not."""
    rule = policy.robustness
    if not rule.draws:
        return "本办法不测算。"
    if not _drawn(policy):
        return "办法规定的扰动幅度为零，名次不变。"
    cause = {"权重与数据误差": "数据有误差、权重略有不同", "仅权重": "权重略有不同", "仅数据误差": "数据有误差"}
    how = (
        f"报来的数据本身已含误差，再作扰动会使名次过于分散，因此取1%至99%之间的名次，使真实名次落在区间内的把握不低于{_percent(level)}"
        if rule.data_sd
        else f"取中间{_percent(level)}的名次"
    )
    return (
        f"{cause[moved(policy)]}时，名次会在什么范围内变动(把握{_percent(level)})：由同一批{rule.draws}次扰动得出，{how}。"
        "区间重叠的企业，名次先后不足为据。就单户而言，不表示所有企业同时落在各自区间内；"
        "不反映基准、窗口等方法选择，也不反映漏报、虚报等非随机误差。"
    )


def own_errors(policy: Policy) -> str:
    """How the error of figures is found in the zone's own history, where the policy asks for it."""
    rule = policy.robustness
    return (
        "同一企业、同一指标、同一时期重新报送或经批准更正的数据，逐笔比较更正前后：取两者之比的对数的均方根，重报而未改动的按零误差计入；"
        "相差8倍以上、正负号改变等明显差错单列，不计入。"
        f"可比且有改动的少于{rule.own_min_cases}笔的，不足以说明问题，按办法规定的{_percent(rule.data_sd_otherwise)}(假定值)测算。"
    )


def _percent(share: float) -> str:
    return f"{share * 100:g}%"


def surcharge(rule: Surcharge, policy: Policy) -> str:
    """The surcharge on electricity by time in D, and its source."""
    last = len(rule.steps)
    steps = "、".join(
        f"第{year}年{'及以后' if year == last and last > 1 else ''}{amount:g}元"
        for year, amount in enumerate(rule.steps, start=1)
    )
    others = "".join(
        f"；{other.label}{other.yuan_per_kwh:g}元({statement(other.when, policy)})" for other in rule.other
    )
    count = (
        f"连续{rule.periods_per_year}个评价期计为一年(不满一年按一年)，"
        if rule.periods_per_year > 1
        else "一个评价期计为一年，"
    )
    highest = "；同时适用多项的只按最高一项" if rule.other else ""
    return (
        f"连续列为D类的，每千瓦时加价：{steps}{others}{highest}。{count}"
        f"期间不是D类的重新起算；两次年度评价之间为按本期等级的测算值。依据：{rule.source}。"
    )
