"""报告_<period>.html: one file that opens offline in any browser, with charts that one can look into.

Charts are drawn by Vega, which the package vl-convert-python brings along; nothing is loaded from anywhere.
The page's own parts stand in `templates/` and `scripts/`; data travel as JSON and reach the page as
text only, so that no name can become markup.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from efficiency.errors import not_written
from efficiency.reports.page.chart_library import chart_library
from efficiency.reports.page.charts import FONTS, charts, legend, tier_legend
from efficiency.reports.page.data import page_data
from efficiency.reports.text import clean_text
from efficiency.reports.workbook import ACCENT, ALERT, CARD, HEADER, INK, MUTED, RULE

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
    """The page as text."""
    data = page_data(report, limit=limit)
    titles = [one["title"] for one in data["lists"]]
    data |= {"charts": charts(report, titles), "marks": legend(titles), "palette": tier_legend()}
    library, own = chart_library(), _own_script()
    # In one pass over the template: what is filled in is never searched for places to fill.
    pieces = _part("page.html").split("@@")
    filling = {
        "title": html.escape(clean_text(f"{data['title']}报告({data['period']})")),
        "policy": _content_policy(library, own),
        "style": _style(),
        "data": embedded_json(data),
        "library": library,
        "script": own,
    }
    return "".join(filling[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def embedded_json(data: object) -> str:
    """`data` as JSON that an HTML parser leaves alone: no name in it can end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _content_policy(*scripts: str) -> str:
    """What the page may do: run these very scripts and style itself. It may load nothing and send nothing."""
    allowed = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _own_script() -> str:
    return '(() => {\n"use strict";\n' + "\n".join(_part(name) for name in SCRIPTS) + "})();\n"


def _style() -> str:
    colours = "".join(f"--{name}:{colour};" for name, colour in _PALETTE.items())
    tiers = "".join(f".tier-{t['tier']}{{background:{t['fill']};color:{t['ink']}}}" for t in tier_legend())
    return f":root{{{colours}--font:{FONTS};}}\n{tiers}\n{_part('page.css')}"


def _part(name: str) -> str:
    folder = "scripts" if name.endswith(".js") else "templates"
    return files("efficiency.reports.page").joinpath(folder, name).read_text(encoding="utf-8")
