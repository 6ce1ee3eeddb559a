"""The charts' JavaScript, bundled out of the installed package.

Bundling takes a second of pure computing that depends on nothing, so that a process of its own does it while the
lists are written.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache

from efficiency.errors import EfficiencyError

_BUNDLING = (
    "import sys, vl_convert; "
    "sys.stdout.buffer.write(vl_convert.javascript_bundle('window.vegaEmbed = vegaEmbed;').encode('utf-8'))"
)


@cache
def begin() -> subprocess.Popen[bytes]:
    """Start bundling, once a process; `chart_library` waits for it."""
    return subprocess.Popen(  # noqa: S603  # our own interpreter and our own words
        [sys.executable, "-c", _BUNDLING], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@cache
def chart_library() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that may stand in a page. Raises EfficiencyError without it."""
    bundle, complaint = begin().communicate()
    if begin().returncode:
        said = " ".join(complaint.decode("utf-8", "replace").split())[-300:]
        raise EfficiencyError(f"The charts of the page cannot be bundled: {said}. Install the environment anew.")
    text = bundle.decode("utf-8").replace("\r", "")
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
