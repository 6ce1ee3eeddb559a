"""The charts' JavaScript, bundled out of the installed package.

Bundling takes seconds of pure computing that depends on nothing but the package's version: a process of its own does it
while the lists are written, and the result is kept in the user's cache folder for the runs to come. What lies there is
taken only where its SHA-256 is that in `chart_bundles.toml` for the installed version; of a version that is not in that
file, nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import tomllib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from efficiency.errors import EfficiencyError
from efficiency.interpreter import python
from efficiency.language import say

_BUNDLING = (
    "import sys, vl_convert; "
    "sys.stdout.buffer.write(vl_convert.javascript_bundle('window.vegaEmbed = vegaEmbed;').encode('utf-8'))"
)


@cache
def begin_chart_library() -> subprocess.Popen[bytes] | None:
    """Start bundling, once a process, unless an earlier run has kept the bundle; `chart_library` waits for it."""
    if _kept_bundle() is not None:
        return None
    return subprocess.Popen(  # noqa: S603  # our own interpreter and our own words
        python("-c", _BUNDLING), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@cache
def chart_library() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script to embed in a page. Raises EfficiencyError without it."""
    kept = _kept_bundle()
    if kept is not None:
        return kept
    bundling = begin_chart_library()
    assert bundling is not None
    bundle, complaint = bundling.communicate()
    if bundling.returncode:
        output = " ".join(complaint.decode("utf-8", "replace").split())[-300:]
        raise EfficiencyError(
            say("The charts of the page cannot be bundled: {output}. Install the environment anew.", output=output)
        )
    text = bundle.decode("utf-8").replace("\r", "").replace("</script", "<\\/script").replace("<!--", "<\\!--")
    if _is_verified(text.encode("utf-8")):
        _keep(text)
    return text


@cache
def _kept_bundle() -> str | None:
    """The bundle that an earlier run has kept; None where there is none, or other bytes than this version's."""
    try:
        content = _kept().read_bytes()
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return None
    return content.decode("utf-8") if _is_verified(content) else None


def _is_verified(bundle: bytes) -> bool:
    """Whether `bundle` is, byte for byte, that of the installed version, as `chart_bundles.toml` states it."""
    stated = tomllib.loads(files("efficiency.reports.page").joinpath("chart_bundles.toml").read_text(encoding="utf-8"))
    return bool(hashlib.sha256(bundle).hexdigest() == stated["sha256"].get(version("vl-convert-python")))


def _kept() -> Path:
    """Where the bundle of the installed version is kept: a folder that only its owner may write to."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache_home) / "efficiency" / f"charts-vl-convert-{version('vl-convert-python')}.js"


def _keep(text: str) -> None:
    """Put the bundle into the cache whole; where that is not possible the next run bundles again."""
    partial: Path | None = None
    try:
        kept = _kept()
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=kept.parent, suffix=".js", delete=False) as file:
            partial = Path(file.name)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # an empty one, left where the power failed, would leave every later page bare
        partial.replace(kept)
    except (OSError, RuntimeError):  # a cache is a convenience: no home, a full disk or a read-only one stop no report
        if partial is not None:
            partial.unlink(missing_ok=True)
