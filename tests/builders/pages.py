"""What stands in the page, read from its text and from a browser."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builders.browser import Tab

NAMES = (
    "</script><script>window.hacked = 1</script>",
    "<!--<script>坏名字",
    '=HYPERLINK("http://example.invalid")',
    "🏭<img src=x onerror='window.hacked = 1'>有限公司",
    "甲&lt;乙\u2028丙",
)


class Outline(HTMLParser):
    """Elements with their attributes, and the text of the script blocks that have an id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.blocks: dict[str, str] = {}
        self.inside: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = dict(attrs).get("id") if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        self.inside = None

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.blocks[self.inside] = self.blocks.get(self.inside, "") + data


def unpacked(columns: dict[str, Any]) -> dict[str, list[Any]]:
    """Columns as the page embeds them, each as the list of its values."""
    return {name: _values(column) for name, column in columns.items()}


def _values(column: Any) -> list[Any]:
    if isinstance(column, list):
        return column
    if "from" in column:
        return [*range(column["from"], column["from"] + column["count"])]
    return [None if at < 0 else column["of"][at] for at in column["at"]]


def embedded_data(text: str) -> dict[str, Any]:
    """What the page embeds: its data and, under their names too, the details; columns as lists."""
    blocks = Outline(text).blocks
    data = json.loads(blocks["data"]) | json.loads(blocks["details"])
    data["enterprises"] = unpacked(data["enterprises"])
    for one in [*data["views"], *data["indicators"]]:
        if "rows" in one:
            one["rows"] = unpacked(one["rows"])
    return data


def shown_names(tab: Tab) -> list[str]:
    """Names of the rows that are drawn."""
    names: list[str] = tab.js("[...document.querySelectorAll('#table tbody th a')].map(a => a.textContent)")
    return names


def column(tab: Tab, title: str) -> list[str]:
    """Texts of a column, of the rows that are drawn."""
    texts: list[str] = tab.js(
        f"(() => {{ const at = [...document.querySelectorAll('#table thead th')]"
        f".findIndex(th => th.textContent === '{title}');"
        "return [...document.querySelectorAll('#table tbody tr:not(.space)')]"
        ".map(tr => tr.children[at].textContent) })()"
    )
    return texts
