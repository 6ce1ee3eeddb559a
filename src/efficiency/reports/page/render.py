"""报告_<period>.html: one file that opens offline in any browser, with charts that one can look into.

Vega draws the charts; its scripts are part of the package vl-convert-python, and the page loads nothing from anywhere.
The page's own parts are in `templates/` (Jinja2, everything escaped) and `scripts/`; data are embedded as JSON and
shown as text only, so that no name can become markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from efficiency.errors import not_written
from efficiency.reports.page.chart_library import chart_library
from efficiency.reports.page.charts import FONTS, charts, legend, tier_legend
from efficiency.reports.page.data import page_data
from efficiency.reports.palette import ACCENT, ALERT, CARD, HEADER, INK, MUTED, RULE
from efficiency.reports.text import clean_text

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.reports.report import Report

ENTERPRISES = 5_000
"""Enterprises that a page holds in full; more make it slow to open and no easier to read."""
SCRIPTS = ("dom.js", "tables.js", "charts.js", "card.js", "page.js")
_PALETTE = {"ink": INK, "muted": MUTED, "rule": RULE, "header": HEADER, "card": CARD, "accent": ACCENT, "alert": ALERT}


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
        raise not_written(path, error, "Make its folder writable, and run again.") from error
    finally:
        if temporary.exists():
            temporary.unlink()


def render(report: Report, *, limit: int = ENTERPRISES) -> str:
    """The page as text; errors as those of `write_page`."""
    data = page_data(report, limit=limit)
    titles = [one["title"] for one in data["lists"]]
    tiers = tier_legend(report.letter_names)
    data |= {"charts": charts(report, titles), "marks": legend(titles), "palette": tiers}
    library, own = chart_library(), _own_script()
    return (
        _templates()
        .get_template("page.html")
        .render(
            title=clean_text(f"{data['title']}报告({data['period']})"),
            policy=_content_policy(library, own),
            palette=_PALETTE,
            fonts=FONTS,
            tiers=tiers,
            data=data,
            library=library,
            script=own,
        )
    )


@cache
def _templates() -> Environment:
    """The templates of the page. What is put into one is escaped, but for what the template itself calls safe."""
    environment = Environment(
        loader=PackageLoader("efficiency.reports.page"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["embedded_json"] = _embedded_json
    return environment


def _embedded_json(data: object) -> Markup:
    """`data` as JSON that an HTML parser leaves alone: no name in it can end the script element around it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  # made safe in the lines above


def _content_policy(*scripts: str) -> str:
    """What the page may do: run these very scripts and style itself. It may load nothing and send nothing."""
    allowed = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _own_script() -> str:
    """Our own scripts as one, in a scope of its own."""
    folder = files("efficiency.reports.page").joinpath("scripts")
    parts = (folder.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS)
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"
