"""A real headless Chromium, spoken to over its DevTools protocol: what a page shows, and what it complains about."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--remote-debugging-port=0",
)  # fmt: skip
PATIENCE = 60.0
"""Seconds after which a browser that does not answer counts as broken."""
KEYS = {"Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), " ": (32, " ")}


@dataclass
class Tab:
    """One page of the browser. `complaints` are its console errors and uncaught exceptions, `asked` what it loaded."""

    socket: Connection
    session: str
    numbers: Iterator[int]
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Result of one DevTools command; what happens meanwhile is noted."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters, "sessionId": self.session}))
        while True:
            message = json.loads(self.socket.recv(timeout=PATIENCE))
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"], ensure_ascii=False))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(parameters["args"], ensure_ascii=False))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.asked.append(parameters["request"]["url"])

    def js(self, expression: str) -> Any:
        """Value of a JavaScript expression in the page; a promise is awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, f"{expression}: {result['exceptionDetails']}"
        return result["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until a JavaScript expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.js(expression):
            assert time.monotonic() < end, f"never true: {expression}; complaints: {self.complaints}"
            time.sleep(0.05)

    def open(self, address: str, *, width: int = 1280, height: int = 900) -> None:
        """Loads a page that says when it is ready, on a screen of that size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)  # fmt: skip
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=address)
        self.wait("document.documentElement?.dataset.ready === 'yes'")

    def press(self, key: str) -> None:
        """One stroke of a key, as a person would give it."""
        code, text = KEYS[key]
        stroke = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **stroke)
        self.call("Input.dispatchKeyEvent", type="keyUp", **stroke)

    def click(self, x: float, y: float) -> None:
        """One click of the mouse at a place of the window."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """A PNG of the window, or of the whole page."""
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(picture["data"]))


@contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """A tab of a new Chromium with an empty profile. Fails when no Chromium is installed: a skipped check is none."""
    program = shutil.which("chromium")
    assert program, "no chromium on the PATH: install Debian's (apt-get install -y chromium)"
    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with connect(_endpoint(process, profile), max_size=None, proxy=None) as socket:
            root = Tab(socket, "", itertools.count(1))
            target = _root_call(root, "Target.createTarget", url="about:blank")["targetId"]
            session = _root_call(root, "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            tab = Tab(socket, session, root.numbers)
            for domain in ("Page", "Runtime", "Log", "Network"):
                tab.call(f"{domain}.enable")
            yield tab
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _root_call(root: Tab, method: str, **parameters: Any) -> dict[str, Any]:
    number = next(root.numbers)
    root.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
    while (message := json.loads(root.socket.recv(timeout=PATIENCE))).get("id") != number:
        pass
    return message["result"]


def _endpoint(process: subprocess.Popen[bytes], profile: Path) -> str:
    """Where the browser listens: it writes that into its profile."""
    told = profile / "DevToolsActivePort"
    end = time.monotonic() + PATIENCE
    while not (told.exists() and len(lines := told.read_text().splitlines()) == 2):
        assert process.poll() is None, f"chromium ended with status {process.returncode}"
        assert time.monotonic() < end, "chromium does not listen"
        time.sleep(0.05)
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
