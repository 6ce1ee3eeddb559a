"""The page of very many enterprises: what it costs to make and how long a browser takes to show it.

    python -m benchmarks.page --enterprises 458 20000 --rounds 5

Reports are made up (`tests/builders/reports.py`). Making is processor seconds of `render`, the charts' library apart,
which is bundled once a machine. Showing is by the browser's own clock from the opening of the file: its first
contentful paint, the first rows drawn, and all charts drawn; and processor seconds of the page's own thread until then.
A fresh headless Chromium each round, medians.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT), str(ROOT / "tests")]

from builders.browser import browser
from builders.reports import sample_report

from efficiency.reports.page.chart_library import chart_library
from efficiency.reports.page.render import render

_WATCH = """
window.shown = {};
new MutationObserver(() => {
  const note = (name) => (window.shown[name] ??= performance.now());
  if (document.querySelector("#table tbody th")) requestAnimationFrame(() => setTimeout(() => note("rows")));
  if (document.documentElement.dataset.ready) note("charts");
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
"""Runs before the page's own scripts: when rows and charts are there, in milliseconds since the opening."""
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def made(count: int, rounds: int, path: Path) -> tuple[float, int]:
    """Processor seconds of making the page of `count` ranked enterprises, and its bytes; leaves it at `path`."""
    report = sample_report(count)
    seconds, text = [], ""
    for _ in range(rounds):
        began = time.process_time()
        text = render(report)
        seconds.append(time.process_time() - began)
    path.write_text(text, encoding="utf-8", newline="\n")
    return median(seconds), path.stat().st_size


def shown(path: Path) -> dict[str, float]:
    """Milliseconds from opening `path` in a fresh browser until paint, rows, charts; `cpu`, seconds of its thread."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, browser(Path(profile)) as tab:
        tab.call("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
        tab.call("Performance.enable", timeDomain="threadTicks")
        tab.open(path.as_uri())
        tab.wait("window.shown.rows && window.shown.charts")
        times: dict[str, float] = {**tab.js("window.shown"), "paint": tab.js(_PAINT)}
        metrics = {one["name"]: one["value"] for one in tab.call("Performance.getMetrics")["metrics"]}
        times["cpu"] = metrics["TaskDuration"]
        return times


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enterprises", type=int, nargs="+", default=[458, 20_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    library = len(chart_library().encode())
    render(sample_report(50))
    columns = ("enterprises", "made, cpu s", "bytes", "of data", "paint ms", "rows ms", "charts ms", "shown, cpu s")
    print("".join(f"{column:>13}" for column in columns))
    with tempfile.TemporaryDirectory() as folder:
        for count in options.enterprises:
            path = Path(folder) / f"{count}.html"
            seconds, size = made(count, options.rounds, path)
            runs = [shown(path) for _ in range(options.rounds)]
            times = [f"{median(run[name] for run in runs):>13.0f}" for name in ("paint", "rows", "charts")]
            cpu = median(run["cpu"] for run in runs)
            print(f"{count:>13,}{seconds:>13.2f}{size:>13,}{size - library:>13,}{''.join(times)}{cpu:>13.2f}")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
