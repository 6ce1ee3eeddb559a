"""报告_<period>.html: one file that opens offline in any browser, with charts that one can look into.

Vega draws the charts; its scripts are part of the package vl-convert-python, and the page loads nothing from anywhere.
The page's own parts are in `templates/` (Jinja2, everything escaped) and `scripts/`; data are embedded as JSON and
shown as text only, so that no name can become markup. Words stand in the page as it is loaded; its script fills in
figures and tables at once, and runs the charts' library after the first picture.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from efficiency.errors import not_written
from efficiency.language import say
from efficiency.reports import robustness
from efficiency.reports.content import one_page
from efficiency.reports.page.chart_library import chart_library
from efficiency.reports.page.charts import FONTS, charts, legend, tier_legend
from efficiency.reports.page.columns import as_json, embedded
from efficiency.reports.page.data import DETAILS, page_data
from efficiency.reports.palette import (
    DARK,
    DARK_LIST_COLOURS,
    DARK_TIER_FILL,
    DARK_TIER_INK,
    LIGHT,
    LIST_COLOURS,
    TIER_FILL,
    TIER_INK,
)
from efficiency.reports.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from efficiency.reports.report import Report

ENTERPRISES = 20_000
"""Enterprises that a page holds in full, as many as the officials' workbook does."""
LISTED_IN_VARIANTS = 300
"""Enterprises on lists that the part 方法稳健 shows."""
EARLY = ("theme.js",)
"""What runs before anything is drawn."""
SCRIPTS = (
    "dom.js", "columns.js", "tables.js", "address.js", "facets.js", "download.js", "charts.js", "card.js",
    "sections.js", "page.js",
)  # fmt: skip


def page_file_name(period: str) -> str:
    """Name of the page of `period` (YYYY-MM)."""
    return f"报告_{period}.html"


def write_page(path: Path, report: Report, *, limit: int = ENTERPRISES) -> None:
    """Writes the page of `report` to `path`, whole or not at all; the same report gives the same bytes.

    With more than `limit` enterprises it holds those on a list only, and says so. Raises EfficiencyError
    when the place cannot be written, ValueError when a figure is not finite.
    """
    text = render(report, limit=limit)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    except OSError as error:
        raise not_written(path, error, say("Make its folder writable, and run again.")) from error
    finally:
        if temporary.exists():
            temporary.unlink()


def render(report: Report, *, limit: int = ENTERPRISES) -> str:
    """The page as text; errors as those of `write_page`."""
    data = page_data(report, limit=limit)
    titles = [one["title"] for one in data["lists"]]
    tiers = tier_legend(report.letter_names)
    data |= {"charts": charts(report, titles), "marks": legend(titles), "palette": tiers, "colours": _colour_names()}
    details = {name: data.pop(name) for name in DETAILS}
    library, own, early = chart_library(), _main_script(), _script(EARLY)
    style = _templates().get_template("page.css").render(looks=_looks(), fonts=FONTS, tiers=tiers)
    return (
        _templates()
        .get_template("page.html")
        .render(
            title=clean_text(f"{data['title']}报告({data['period']})"),
            policy=_content_policy([early, own, library], style),
            summary=one_page.one_page(report),
            robust=_robust(report),
            page=data,
            data=embedded(as_json(data)),
            details=embedded(as_json(details)),
            tiers=TIER_FILL,
            style=style,
            library=library,
            early=early,
            script=own,
        )
    )


def _robust(report: Report) -> dict[str, Any]:
    """What the part 方法稳健 shows, or why it shows nothing, without characters that cannot be shown."""
    if (absent := robustness.not_evaluated(report)) is not None:
        return {"absent": absent}
    found = robustness.grid(report, LISTED_IN_VARIANTS)
    rows = tuple((clean_text(row[0]), clean_text(row[1]), *row[2:]) for row in found.rows)
    return {
        "absent": None,
        "headline": robustness.headline(report),
        "meaning": robustness.MEANING,
        "legend": robustness.LEGEND,
        "choices": robustness.choices(report),
        "grid": replace(found, rows=rows),
        "letters": list(TIER_FILL),
    }


@cache
def _templates() -> Environment:
    """The templates of the page. What is put into one is escaped, but for what the template itself calls safe."""
    return Environment(
        loader=PackageLoader("efficiency.reports.page"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    )


def _looks() -> dict[str, dict[str, str]]:
    """The page's colours by name, on a light and on a dark screen; paper takes the light ones."""
    sides = (
        ("light", LIGHT, TIER_FILL, TIER_INK, LIST_COLOURS),
        ("dark", DARK, DARK_TIER_FILL, DARK_TIER_INK, DARK_LIST_COLOURS),
    )
    return {
        side: {
            **words,
            **{f"fill-{tier}": colour for tier, colour in fills.items()},
            **{f"ink-{tier}": colour for tier, colour in inks.items()},
            **{f"list-{i}": colour for i, colour in enumerate(lists)},
        }
        for side, words, fills, inks, lists in sides
    }


def _colour_names() -> dict[str, str]:
    """Colour of a light screen → its name: by these the script makes the charts follow the screen."""
    return {colour: name for name, colour in reversed(_looks()["light"].items()) if not name.startswith("ink-")}


def _content_policy(scripts: Sequence[str], style: str) -> str:
    """What the page may do: run these very scripts and look like this. It may load nothing and send nothing."""
    return (
        f"default-src 'none'; script-src {' '.join(map(_digest, scripts))}; style-src {_digest(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _script(names: tuple[str, ...]) -> str:
    """Scripts of ours as one, in a scope of its own."""
    folder = files("efficiency.reports.page").joinpath("scripts")
    parts = (folder.joinpath(name).read_text(encoding="utf-8") for name in names)
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


@cache
def _main_script() -> str:
    """What fills the page, begun when its words are drawn, or soon where nothing is drawn, as in a hidden tab."""
    return (
        f"{{\nlet begun = false;\nconst begin = () => {{\nif (begun) return;\nbegun = true;\n{_script(SCRIPTS)}}};\n"
        "requestAnimationFrame(() => setTimeout(begin));\nsetTimeout(begin, 300);\n}\n"
    )
