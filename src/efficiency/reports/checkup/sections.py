"""The check-up as people read it: its sections in order, as text for a terminal and as a dictionary for programs."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.reports.checkup.edges import bunching_section, neighbours_section
from efficiency.reports.checkup.indicators import caps_section, influence_section
from efficiency.reports.checkup.land import land_section
from efficiency.reports.checkup.section import FOUND, NOT_JUDGED
from efficiency.reports.checkup.standing import groups_section
from efficiency.reports.text import on_one_line

if TYPE_CHECKING:
    from efficiency.evaluation.checkup import CheckUp
    from efficiency.policy.model import Policy
    from efficiency.reports.checkup.section import Section

SENTENCES = 4
"""Sentences of a section that a terminal shows; of more it gives the number."""
PREFACE = (
    "体检只看已发布的结果，不改变任何得分、名次、等级和清单。发现差别不等于不公平，没有发现也不证明公平，都须由人核对。"
)


def sections(found: CheckUp, policy: Policy) -> tuple[Section, ...]:
    """The six sections."""
    return (
        influence_section(found),
        caps_section(found),
        groups_section(found),
        bunching_section(found, policy),
        neighbours_section(found),
        land_section(found),
    )


def summary(parts: tuple[Section, ...]) -> str:
    """In how many sections something was found, and how many could not be judged."""
    found = [section.title for section in parts if section.outcome == FOUND]
    unknown = sum(section.outcome == NOT_JUDGED for section in parts)
    also = f"；{unknown}项无法判断" if unknown else ""
    return f"{len(parts)}项中有{len(found)}项有发现" + (f"：{'、'.join(found)}" if found else "") + f"{also}。"


def check_up_as_text(parts: tuple[Section, ...], title: str) -> str:
    """The findings in a few lines, without a trailing line break."""
    lines = [on_one_line(title), on_one_line(summary(parts)), ""]
    for number, section in enumerate(parts, start=1):
        said = section.sentences
        lines.append(f"{number}. {section.title}")
        lines += [f"   {on_one_line(one)}" for one in said[:SENTENCES]]
        if len(said) > SENTENCES:
            lines.append(f"   另有{len(said) - SENTENCES}条，见工作簿。")
    return "\n".join([*lines, "", PREFACE])


def check_up_as_dict(found: CheckUp, parts: tuple[Section, ...]) -> dict[str, Any]:
    """Sections with their sentences, and every frame, in types that JSON has."""
    return {
        "sections": [
            {
                "id": section.id,
                "title": section.title,
                "outcome": {"发现": "found", "未发现": "nothing_found", "未判断": "not_judged"}[section.outcome],
                "sentences": list(section.sentences),
            }
            for section in parts
        ],
        "figures": {
            field.name: frame.with_columns(pl.col(pl.Date).cast(pl.String)).to_dicts()
            for field in fields(found)
            if isinstance(frame := getattr(found, field.name), pl.DataFrame)
        },
    }
