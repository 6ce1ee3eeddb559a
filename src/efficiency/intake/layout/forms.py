"""The forms that a table states, and its columns in groups that share a span, a carrier or an enterprise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from efficiency.intake.layout.header_cells import IDENTITY, OTHER, ColumnMatch, is_consumption, measure_in, piece
from efficiency.intake.layout.long_energy import carriers_of, with_consumption
from efficiency.intake.parsing import (
    COAL_EQUIVALENT,
    NOTHING,
    OPEN_END,
    OVER_NEW_YEAR,
    UNSURE,
    Conversion,
    Timing,
    conversion,
    find_unit,
    is_water,
)
from efficiency.reference.tables import carrier_form_unit, carrier_kinds
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efficiency.intake.layout.header_cells import Header, NamedAbove
    from efficiency.intake.layout.titles import TableContext
    from schemas.column import Column, Form

    Owner = str | frozenset[str] | None
    """The carrier of a column of a wide energy sheet; the carriers to whose rows one of a long sheet is confined."""
    Key = tuple[Timing | None, Owner, NamedAbove | None, int]
    """Mark of time; in an energy sheet, carrier; the enterprise that is named above the columns; `variant`."""
    Groups = dict[Key, dict[str, list[tuple[int, ColumnMatch]]]]
    """The columns of each field that share a key."""

ROW_UNIT = ("consumption", "feedstock", "transformed")
"""Energy fields of the long form, whose unit is stated in each row."""
SIDE_BY_SIDE = tuple(form.id for form in FORMS.values() if form.side_by_side)
"""Forms whose columns people put into one table; each is then read as a table of its own."""
REGISTER_ONLY = frozenset(
    ("former_name", "scale", "commissioned", "newly_above_scale", "under_construction", "utility", "honours", "chain")
)
"""Columns that make a table a register; industry and town are in every department's tables."""
NO_KEY = (None, None, None, 0)
_PERIOD_ROLES = ("year", "quarter", "month", "period", "span_start", "span_end")


@dataclass(frozen=True)
class ColumnBinding:
    """A column of the sheet that states a field."""

    field: str
    column: int
    header: str
    unit: str | None = None
    """As stated or assumed."""
    conversion: Conversion | None = None
    assumed: bool = False
    unknown_unit: str | None = None
    """The unit that could not be understood; the column's figures are then refused."""
    rivals: tuple[int, ...] = ()
    """All columns that state the field, where none is to be preferred; their figures are then refused."""
    unit_column: int | None = None
    """Column with the unit of its figures, where it is another than that of the row."""


@dataclass(frozen=True)
class ColumnGroup:
    """Columns that make one raw row of each source row: one span, and in a wide energy sheet one carrier."""

    index: int
    columns: tuple[ColumnBinding, ...]
    timing: Timing | None = None
    carrier: str | None = None
    only: frozenset[str] = frozenset()
    """Where each row names its carrier: those whose consumption the columns state (用电量); empty for any."""
    enterprise: NamedAbove | None = None
    """The one that is named above the columns, where rows do not name it."""
    beside_month: bool = False
    """累计 next to 本月 or 9月: up to the month that is stated elsewhere, never a full year."""
    over_new_year: bool = False
    """One of columns 11月 12月 1月 2月: of two years, which the columns do not name."""
    kind: str | None = None
    """The kind of the carrier (92#汽油) that is stated, where another column states another kind."""

    def timed(self, context: Timing) -> Timing:
        """Its mark of time, completed by that of its `context`."""
        timing = (self.timing or NOTHING).over(context)
        if self.over_new_year and context.kind != "several":
            return replace(UNSURE, doubt=OVER_NEW_YEAR)
        return replace(UNSURE, doubt=OPEN_END) if self.beside_month and timing.month is None else timing


@dataclass(frozen=True)
class TableLayout:
    """The columns of a table by which it is read as one form."""

    form: str
    groups: tuple[ColumnGroup, ...]
    identity: tuple[ColumnBinding, ...]
    periods: dict[str, int] = field(default_factory=dict)
    """Role (year, quarter, month, period, span_start, span_end) → column."""
    filled_on: int | None = None
    sum_column: int | None = None
    """Column that states the sum of the month columns; where these are cumulative, the last of them."""
    part_sums: dict[int, range] = field(default_factory=dict)
    """Column that states the sum of some of the month columns (一季度小计) → those months."""
    duplicates: tuple[tuple[ColumnBinding, ...], ...] = ()
    """Columns that state the same field with none to prefer. Those of a figure are refused (`ColumnBinding.rivals`)."""
    planned: bool = False
    """Its figures are said to be planned: none of them is read."""

    @property
    def refused(self) -> bool:
        """Whether nothing is read: its figures are `planned`, or `duplicates` leave open what every row is about."""
        if self.planned:
            return True
        named = {binding.field for binding in self.identity}
        declared = FORMS[self.form].column
        return any(
            not named if columns[0].field in IDENTITY else declared(columns[0].field).kind != "number"
            for columns in self.duplicates
        )

    @property
    def cumulative(self) -> bool:
        """Whether its columns are of several months, each from January on."""
        timings = [group.timing for group in self.groups]
        return len(timings) > 1 and all(
            timing is not None and timing.month is not None and (timing.kind == "to_date" or timing.month == 1)
            for timing in timings
        )

    @property
    def figure_columns(self) -> list[int]:
        """The columns that state figures."""
        declared = FORMS[self.form].column
        bindings = (binding for group in self.groups for binding in group.columns)
        return list(dict.fromkeys(one.column for one in bindings if declared(one.field).kind == "number"))

    @property
    def long_energy(self) -> bool:
        """Whether each row names its carrier and unit."""
        return self.form == "energy" and any(binding.field == "carrier" for binding in self.groups[0].columns)

    @property
    def columns(self) -> set[int]:
        """Every column of the sheet that is read."""
        bindings = [binding for group in self.groups for binding in group.columns]
        stated = {binding.column for binding in bindings}.union(*(binding.rivals for binding in bindings))
        stated |= {binding.unit_column for binding in bindings if binding.unit_column is not None}
        return stated | {binding.column for binding in self.identity} | set(self.periods.values())


def layouts_of(header: Header, context: TableContext, file_stem: str, sheet: str) -> list[TableLayout]:
    """The forms that the table states, the main one first; empty when it is none of ours."""
    above = any(meaning.owner for meaning in header.meanings.values())
    if not header.identity and not above and not (context.uscc or context.name):
        return []
    meanings = with_consumption(_with_measure(header.meanings, (*context.titles, sheet, file_stem)))
    matched = {form: count for form in FORMS if (count := _matches(form, meanings, header))}
    if not matched:
        return []
    main = max(matched, key=lambda form: matched[form])
    if "register" in matched and matched["register"] == matched[main]:
        main = "register"
    stated = {field_ for meaning in meanings.values() if (field_ := meaning.field("register"))}
    if main == "register" and not stated & REGISTER_ONLY and any(form in matched for form in SIDE_BY_SIDE):
        main = max((form for form in SIDE_BY_SIDE if form in matched), key=lambda form: matched[form])
    layout = _layout(main, meanings, header, context)
    further = SIDE_BY_SIDE if main in ("register", *SIDE_BY_SIDE) and not layout.long_energy else ()
    others = [_layout(form, meanings, header, context) for form in further if form in matched and form != main]
    return [layout, *(other for other in others if not other.long_energy)]


def _with_measure(meanings: dict[int, ColumnMatch], titles: Iterable[str]) -> dict[int, ColumnMatch]:
    """Month columns without a name (1月 … 12月, 本月, 累计) take the measure or carrier that the title names.

    Where each row names its carrier and unit, it is the consumption, if the title names that.
    """
    bare = [column for column, meaning in meanings.items() if not meaning.named]
    named = any(m.carrier or (m.field("output") and not m.identity) for m in meanings.values())
    titles = tuple(titles)
    by_carrier = {"carrier", "unit"} <= (stated := {m.field("energy") for m in meanings.values()})
    if bare and by_carrier and "consumption" not in stated and any(is_consumption(title) for title in titles):
        measure: ColumnMatch | None = ColumnMatch("", (("energy", "consumption"),))
    else:
        measure = None if named or not bare else next((found for title in titles if (found := measure_in(title))), None)
    if measure is None or measure is OTHER:
        return {column: meaning for column, meaning in meanings.items() if meaning.named}
    return {
        column: meaning
        if meaning.named
        else replace(
            meaning,
            fields=measure.fields,
            carrier=measure.carrier,
            unit=meaning.unit or measure.unit,
            unknown_unit=meaning.unknown_unit or measure.unknown_unit,
            exact=True,
        )
        for column, meaning in meanings.items()
    }


def _matches(form: str, meanings: dict[int, ColumnMatch], header: Header) -> int:
    """How many columns besides the identity state the form; 0 when a needed one is missing."""
    declared = FORMS[form]
    stated = {field_ for meaning in meanings.values() if (field_ := meaning.field(form))} - set(IDENTITY)
    needed = {column.name for column in declared.columns if column.required} - set(IDENTITY)
    carriers = sum(1 for meaning in meanings.values() if meaning.carrier)
    if form == "energy" and any(m.field(form) == "consumption" and (m.unit or m.carrier) for m in meanings.values()):
        needed.discard("unit")
    if form == "energy" and not (needed <= stated and stated & set(ROW_UNIT)):
        # Where each row names its carrier, a column called like one (能源名称 | 用电量) is not read as a figure of it.
        return 0 if "carrier" in stated else carriers
    if not needed <= stated or (declared.one_of and not stated & set(declared.one_of)):
        return 0
    if form == "register" and set(header.identity) != set(IDENTITY):
        return 0
    return len(stated)


def _layout(form: str, meanings: dict[int, ColumnMatch], header: Header, context: TableContext) -> TableLayout:
    declared = FORMS[form]
    duplicates = [
        tuple(
            ColumnBinding(field_, column, meaning.header)
            for column, meaning in _preferred(
                [(c, m) for c, m in meanings.items() if m.identity == field_], aliases=True
            )
        )
        for field_ in IDENTITY
    ]
    # Which of two names is meant is open; a code beside them says it.
    open_ = {columns[0].field for columns in duplicates if len(columns) > 1}
    identity = tuple(
        ColumnBinding(field_, column, meanings[column].header)
        for field_, column in header.identity.items()
        if field_ not in open_
    )
    stated = {field_ for meaning in meanings.values() if (field_ := meaning.field(form))}
    wide = form == "energy" and "carrier" not in stated
    groups: Groups = {}
    for column, meaning in meanings.items():
        name = "consumption" if wide and meaning.carrier else meaning.field(form)
        if name is None or name in IDENTITY or (wide and not meaning.carrier):
            continue
        if meaning.loose and not stated.isdisjoint(meaning.loose.unless):
            continue
        of_rows = form == "energy" and name == "consumption" and not wide
        owner: Owner = (carriers_of(meaning) or None) if of_rows else meaning.carrier if wide else None
        # A word that holds for a row (the carrier) is of no time, whatever stands above it.
        timed = declared.flow and declared.column(name).kind != "text"
        key = (meaning.timing if timed else None, owner, meaning.owner, meaning.variant)
        bare = replace(meaning, carrier=None) if of_rows else meaning
        groups.setdefault(key, {}).setdefault(name, []).append((column, bare))
    column_groups: list[ColumnGroup] = []
    running = _running_sums(groups, context)
    groups = {key: fields for key, fields in groups.items() if key not in running}
    this_month = any(timing is not None and timing.kind == "month" for timing, *_ in groups)
    for (timing, owner, enterprise, _), fields in _with_shared(groups, declared).items():
        carrier, only = (owner, frozenset[str]()) if owner is None or isinstance(owner, str) else (None, owner)
        chosen: list[ColumnBinding] = []
        units: list[int] = []
        kinds = _kinds(fields["consumption"]) if carrier is not None else {}
        for kind, item in kinds.items():
            binding = _bind("consumption", *item, declared.column("consumption"), context)
            group = ColumnGroup(len(column_groups), (binding,), timing, carrier, enterprise=enterprise, kind=kind)
            column_groups.append(group)
        for name, columns in () if kinds else fields.items():
            best = _preferred(columns, aliases=carrier is None)
            if form == "energy" and name == "unit" and len(columns) > 1:
                units, best = sorted(column for column, _ in columns), _unit_of_rows(fields)
            bindings = [_bind(name, column, meaning, declared.column(name), context) for column, meaning in best]
            duplicates.append(tuple(bindings))
            rivals = tuple(binding.column for binding in bindings) if len(bindings) > 1 else ()
            chosen.append(replace(bindings[0], rivals=rivals))
        if kinds:
            continue
        chosen = [_with_unit_column(binding, units, chosen) for binding in chosen]
        beside_month = this_month and _is_open(timing, "to_date")
        place = len(column_groups)
        column_groups.append(ColumnGroup(place, tuple(chosen), timing, carrier, only, enterprise, beside_month))
    column_groups = _marked_over_new_year(column_groups)
    # 一季度小计 among twelve months is not their sum.
    roles = {m.role: column for column, m in reversed(meanings.items()) if m.role and not (m.timing and m.timing.month)}
    sums = [column for fields in running.values() for columns in fields.values() for column, _ in columns]
    several = sum(1 for group in column_groups if group.timing is not None and group.timing.month is not None)
    of_one_measure = (
        several > 1
        and several == len(column_groups)
        and len({(b.carrier, b.only, b.enterprise, b.kind) for b in column_groups}) == 1
        and len({binding.field for b in column_groups for binding in b.columns}) == 1
    )
    return TableLayout(
        form,
        tuple(column_groups),
        identity,
        {role: roles[role] for role in _PERIOD_ROLES if role in roles} if declared.flow else {},
        roles.get("filled_on"),
        roles.get("sum", next(iter(sums), None)) if of_one_measure else None,
        _part_sums(meanings) if of_one_measure else {},
        tuple(columns for columns in duplicates if len(columns) > 1),
    )


def _marked_over_new_year(groups: list[ColumnGroup]) -> list[ColumnGroup]:
    """`groups` with those marked that are months of one thing among which 12月 and 1月 follow one another."""
    series: dict[object, list[ColumnGroup]] = {}
    for group in sorted(groups, key=lambda group: group.columns[0].column):
        if (
            group.timing is not None
            and group.timing.year is None
            and group.timing.month
            and group.timing.kind == "month"
        ):
            of = (
                group.carrier,
                group.kind,
                group.only,
                group.enterprise,
                *sorted(binding.field for binding in group.columns),
            )
            series.setdefault(of, []).append(group)
    marked = {
        group.index
        for months in series.values()
        if any({one.timing.month, next_.timing.month} == {1, 12} for one, next_ in pairwise(months))  # type: ignore[union-attr]  # months have a time
        for group in months
    }
    return [replace(group, over_new_year=group.index in marked) for group in groups]


def _kinds(columns: list[tuple[int, ColumnMatch]]) -> dict[str, tuple[int, ColumnMatch]]:
    """Kind → column, of several columns of one carrier that each state another kind of it (92#汽油 | 95#汽油).

    None where one of them may contain another: 汽油, or 热力 beside 蒸汽.
    """
    best = _preferred(columns, aliases=False)
    known = carrier_kinds()
    names = [[piece(cell).whole for cell in meaning.header.split("|")] for _, meaning in best]
    kinds = [next((known[name] for name in reversed(cells) if name in known), None) for cells in names]
    apart = len(best) > 1 and len(set(kinds)) == len(kinds) and not {None, best[0][1].carrier} & set(kinds)
    return {kind: item for kind, item in zip(kinds, best, strict=True) if kind} if apart else {}


def _part_sums(meanings: dict[int, ColumnMatch]) -> dict[int, range]:
    """Columns 小计 of some months of the year → those months."""
    found = {column: m.timing for column, m in meanings.items() if m.role == "sum" and m.timing}
    return {
        column: range(1 if timing.kind == "to_date" else timing.month - (timing.months or 1) + 1, timing.month + 1)
        for column, timing in found.items()
        if timing.month
    }


def _is_open(timing: Timing | None, kind: str) -> bool:
    """Whether a column is of a month, or to date, without saying which month."""
    return timing is not None and timing.kind == kind and timing.month is None


def _running_sums(groups: Groups, context: TableContext) -> Groups:
    """Columns 累计 or 全年 that total the months next to them from January on: a control, without a span."""
    months: dict[tuple[object, ...], list[range]] = {}
    for (timing, *of), fields in groups.items():
        if timing is not None and timing.month is not None:
            first = 1 if timing.kind == "to_date" else timing.month - (timing.months or 1) + 1
            for name in fields:
                months.setdefault((*of, name), []).append(range(first, timing.month + 1))
    running: Groups = {}
    for key, fields in groups.items():
        timing, *of = key
        year = _is_open(timing, "year")
        spans = [months.get((*of, name), []) for name in fields]
        if year or _is_open(timing, "to_date"):
            cumulative = all(_are_cumulative(columns) for columns in spans)
            if not year and context.timing.month is not None and not cumulative:
                continue
            if all(len(columns) > 1 and (cumulative or _from_january(columns, whole=year)) for columns in spans):
                running[key] = fields
    return running


def _are_cumulative(columns: Sequence[range]) -> bool:
    """Whether several columns each cover the months from January on."""
    return len(columns) > 1 and all(column.start == 1 for column in columns)


def _from_january(columns: Sequence[range], *, whole: bool) -> bool:
    """Whether columns cover the months from January on once each; `whole`: to December."""
    covered = sorted(month for column in columns for month in column)
    return covered == list(range(1, len(covered) + 1)) and (len(covered) == 12 or not whole)


def _with_shared(groups: Groups, form: Form) -> Groups:
    """The groups, each with the columns without a mark of time that hold for all spans: carrier, product, unit."""
    without = groups.get(NO_KEY, {})
    shared = {
        name: columns
        for name, columns in without.items()
        if form.column(name).kind == "text" or (form.id, name) == ("energy", "coefficient")
    }
    if not shared or len(groups) == 1:
        return groups
    return {key: {**shared, **fields} for key, fields in groups.items() if key != NO_KEY or len(fields) > len(shared)}


def _unit_of_rows(fields: dict[str, list[tuple[int, ColumnMatch]]]) -> list[tuple[int, ColumnMatch]]:
    """Of several columns of units, where each row names a carrier, that of the consumption: the nearest before it."""
    first = min((column for column, _ in fields.get("consumption", ())), default=0)
    before = [item for item in fields["unit"] if item[0] < first]
    return [max(before, key=lambda item: item[0])] if before else [min(fields["unit"], key=lambda item: item[0])]


def _with_unit_column(binding: ColumnBinding, units: Sequence[int], group: Sequence[ColumnBinding]) -> ColumnBinding:
    """`binding` with the nearest of the columns of `units` before it, where that is not the unit of the row."""
    row = next((other.column for other in group if other.field == "unit"), None)
    own = max((column for column in units if column < binding.column), default=row)
    if binding.field not in ROW_UNIT or own == row:
        return binding
    return replace(binding, unit_column=own)


def _preferred(columns: list[tuple[int, ColumnMatch]], *, aliases: bool) -> list[tuple[int, ColumnMatch]]:
    """Of several columns for one field, those that are meant: no 其中: part, the own title before aliases, these
    before names that may mean something else.

    Two names of one carrier (热力, 蒸汽) may both be meant to count, so none of them is preferred.
    """
    whole = [item for item in columns if not item[1].subordinate] or columns
    firm = [item for item in whole if item[1].loose is None] or whole
    return [item for item in firm if aliases and item[1].exact] or firm


def _bind(name: str, column: int, meaning: ColumnMatch, declared: Column, context: TableContext) -> ColumnBinding:
    """The column with its unit: the header's own, else the unit line's, else the default."""
    carrier = meaning.carrier
    target = carrier_form_unit()[carrier] if carrier else declared.unit
    if target is not None and declared.kind == "number":
        return _bind_unit(ColumnBinding(name, column, meaning.header), meaning, target, context)
    unit = meaning.unit
    if name == "quantity" and unit is None and len(context.units.known) == 1:
        unit = context.units.known[0]
    return ColumnBinding(name, column, meaning.header, unit)


def _bind_unit(binding: ColumnBinding, meaning: ColumnMatch, target: str, context: TableContext) -> ColumnBinding:
    carrier = meaning.carrier
    water = binding.field == "water" or (carrier is not None and is_water(carrier))
    stated = meaning.unit or meaning.unknown_unit
    assumed = False
    if stated is None:
        fitting = context.units.fitting(target, water=water)
        # 单位:吨标准煤 above columns of carriers means that they are converted already: no default may overrule it.
        contradicted = carrier is not None and any(
            (unit := find_unit(word)) and unit.canonical == COAL_EQUIVALENT for word in context.units.known
        )
        if len(fitting) == 1:
            stated = fitting[0]
        elif len(fitting) > 1 or context.units.unknown or contradicted:
            stated = "、".join(fitting or context.units.unknown or context.units.known)
        else:
            stated, assumed = target, True
    found = conversion(stated, target, water=water)
    if found is None:
        return replace(binding, unit=stated, unknown_unit=stated)
    return replace(binding, unit=found.unit, conversion=found, assumed=assumed)
