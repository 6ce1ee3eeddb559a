"""What the blank workbooks ask for: one declaration a template; its columns and their hints come from `schemas`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from efficiency.reference.tables import carrier_form_unit, carriers, limits
from schemas import CORRECTABLE, FORMS
from schemas.column import NAME, ONE_SPAN_A_ROW, USCC

if TYPE_CHECKING:
    from schemas.column import Column, Form

Entry = Literal["text", "uscc", "industry", "number", "date", "month", "year"]
"""How a column is entered: its number format and what the cell accepts."""

WIDE_CARRIERS: Final = (
    "电力",
    "绿电",
    "天然气",
    "热力",
    "原煤",
    "焦炭",
    "柴油",
    "汽油",
    "燃料油",
    "液化石油气",
    "液化天然气",
)
"""Carriers that have a column in the wide energy template; a submitter adds others to the right."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a template."""

    title: str
    entry: Entry
    hint: str
    unit: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    open_choices: bool = False
    """Other values than the choices are accepted too, after a question."""

    @property
    def header(self) -> str:
        """The heading as the sheet shows it: unit in brackets, * when it must be filled in."""
        return f"{self.title}{f'（{self.unit}）' if self.unit else ''}{'*' if self.required else ''}"


@dataclass(frozen=True, slots=True)
class Template:
    """One blank workbook: its name, the title of its data sheet, its columns and advice of its own."""

    name: str
    form: str
    """Form that intake recognises the filled-in sheet as."""
    sheet: str
    title: str
    """Text of the data sheet's first row."""
    fields: tuple[Field, ...]
    advice: tuple[str, ...] = ()


_PERIOD: Final = (
    Field("年份", "year", "数据所属年份，填四位数字，如 2026。", required=True),
    Field(
        "月份",
        "month",
        "当月数填月份，如 10；年初至当月的累计数填区间，如 1-10月。",
        required=True,
        choices=(*map(str, range(1, 13)), *(f"1-{month}月" for month in range(2, 13))),
    ),
)
_FLAG: Final = ("是", "否")
_ENTERPRISE: Final = (
    Field(USCC.title, "uscc", USCC.hint, required=True),
    Field(NAME.title, "text", NAME.hint),
)


def templates() -> tuple[Template, ...]:
    """Every template, in the order of the forms."""
    made = []
    for form in FORMS.values():
        made.append(_of_form(form))
        if form.named_by:
            made += [_wide_energy(), _monthly_series()]
    return tuple(made)


def _of_form(form: Form) -> Template:
    """The template of a form as `schemas` declares it, years and months added where figures belong to a span."""
    own = tuple(_field(form, column) for column in form.columns if column.name not in ("uscc", "name"))
    code, title = _ENTERPRISE
    enterprise = (code, replace(title, required=form.column("name").required))
    period = _PERIOD if form.flow else ()
    name = f"{form.title}_按品种分行_模板" if form.named_by else f"{form.title}_模板"
    return Template(name, form.id, form.title, form.title, (*enterprise, *period, *own), (*form.advice, *_units(form)))


def _units(form: Form) -> tuple[str, ...]:
    """For the form of corrections, the units of the figures that they may name."""
    if form.id != "corrections":
        return ()
    return ("计量单位：" + "；".join(f"{title}为{unit}" for title, unit in _correctable().items() if unit) + "。",)


def _field(form: Form, column: Column) -> Field:
    choices, others = _choices(form.id, column)
    entries: dict[str, Entry] = {"number": "number", "date": "date"}
    return Field(
        title=column.title,
        entry="industry" if column.name == "industry" else entries.get(column.kind, "text"),
        hint=column.hint or f"{column.title}。",
        unit=column.unit,
        required=column.required,
        choices=choices,
        open_choices=others,
    )


def _choices(form: str, column: Column) -> tuple[tuple[str, ...], bool]:
    """What a cell of the column may hold, and whether other values are accepted too."""
    if column.kind == "flag" or column.choices:
        return column.choices or _FLAG, False
    match form, column.name:
        case "energy", "carrier":  # intake knows further names of most carriers
            others = tuple(carriers()["name"])
        case "energy", "unit":
            others = (*carriers()["form_unit"].unique(maintain_order=True), "千克", "立方米", "千瓦时", "吉焦")
        case "products", "product":  # limits in other units cannot be held against 吨标准煤
            judged = limits().filter(pl.col("unit").str.starts_with("kgce/"))
            others = tuple(judged["name_zh"].unique(maintain_order=True))
        case "products", "unit":
            others = ("吨", "平方米", "重量箱")
        case "corrections", "field":
            others = tuple(_correctable())
        case _:
            others = ()
    return others, True


def _correctable() -> dict[str, str]:
    """Titles of the figures that a correction may name → canonical unit."""
    named = {column.title: column.unit or "" for form, column in CORRECTABLE if form.named_by is None}
    return named | {carrier: carrier_form_unit()[carrier] for carrier in WIDE_CARRIERS}


def _wide_energy() -> Template:
    consumption = tuple(
        Field(carrier, "number", f"报告期{carrier}消费量合计；没有消费的留空。", unit=carrier_form_unit()[carrier])
        for carrier in WIDE_CARRIERS
    )
    return Template(
        "能源消费_按品种分列_模板",
        "energy",
        "能源消费",
        "能源消费",
        (*_ENTERPRISE, *_PERIOD, *consumption),
        (
            ONE_SPAN_A_ROW,
            "消费其他能源的，在右侧增加一列，表头写品种名称和计量单位，如 洗精煤（吨）。",
            "用作原材料或有加工转换产出的企业，请改用“按品种分行”的模板。",
        ),
    )


def _monthly_series() -> Template:
    months = tuple(
        Field(f"{month}月", "number", f"{month} 月当月数，不是累计数；尚无数据的留空。") for month in range(1, 13)
    )
    return Template(
        "分月数据_模板",
        "energy",
        "分月数据",
        f"企业用电量（{carrier_form_unit()['电力']}）",
        (*_ENTERPRISE, _PERIOD[0], *months),
        (
            "本表一次只报一项指标，指标名称和计量单位写在第一行标题里，模板为用电量；"
            "报送其他指标的请改标题，如 企业营业收入（万元）、企业天然气消费量（万立方米）。",
            "每家企业每年填一行，各月填当月数。",
        ),
    )
