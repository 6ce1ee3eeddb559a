"""A server that goes away, refuses access or cancels: the month is published whole or not at all, in one line."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from builders.small_inbox import PERIOD, small_inbox
from conftest import efficiency

from efficiency.warehouse.lock import serving_lock
from efficiency.warehouse.read import existing

pytestmark = pytest.mark.server

STARTED_S = 180
MINUTE = 60


class Server:
    """A Prefect server of its own process, which a test may end or stop as it likes."""

    def __init__(self, home: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/api"
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        with (home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=home,
                stdout=log,
                stderr=log,
                env={**clean(), "PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
            )
        until = time.monotonic() + STARTED_S
        while not self._healthy():
            assert self.process.poll() is None, (home / "server.log").read_text()
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.5)

    def _healthy(self) -> bool:
        try:
            return bool(self.call("/health"))
        except OSError:
            return False

    def call(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def clean(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "EFFICIENCY"))}
    return {**kept, "NO_PROXY": "127.0.0.1", **more}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), free_port())
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.process.kill()
    server.process.wait()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small_inbox(tmp_path / "inbox")
    return tmp_path


class Run:
    """`efficiency run` as a flow run of the server `address`."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self._errors = folder / "errors.txt"
        command = [sys.executable, "-m", "efficiency", "run", "--inbox", "inbox", "--period", PERIOD, "--json"]
        environment = clean(PREFECT_API_URL=address, PREFECT_HOME=str(folder / "home"))
        with self._errors.open("wb") as errors, (folder / "printed.json").open("wb") as printed:
            self.process = subprocess.Popen(command, cwd=folder, stdout=printed, stderr=errors, env=environment)

    def wait_for(self, words: str) -> str:
        """The text of stderr as soon as it has these words."""
        until = time.monotonic() + STARTED_S
        while words not in (text := self._errors.read_text(encoding="utf-8", errors="replace")):
            assert self.process.poll() is None, text
            assert time.monotonic() < until, text
            time.sleep(0.05)
        return text

    def flow_run(self) -> str:
        return self.wait_for("flow-run/").partition("flow-run/")[2].split()[0]

    def lines(self) -> list[str]:
        """What it says that is no step of its log."""
        text = self._errors.read_text(encoding="utf-8")
        return [line for line in text.splitlines() if " INFO " not in line and not line.startswith("Starting Prefect")]

    def published(self) -> bool:
        return (self.folder / "warehouse" / "efficiency.duckdb").is_file()

    def assert_next_run_needs_no_hand(self) -> None:
        efficiency("run", "--inbox", "inbox", "--period", PERIOD, cwd=self.folder)
        assert existing(self.folder / "warehouse" / "efficiency.duckdb")["results.evaluations"].height == 1
        places = {path.name for place in ("warehouse", "output") for path in (self.folder / place).iterdir()}
        assert places == {"efficiency.duckdb", "versions", PERIOD}


@pytest.mark.long
@pytest.mark.parametrize("step", ["ingest:", "publish:"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hanging"])
def test_a_server_that_goes_away_costs_no_month_and_less_than_a_minute(
    server: Server, folder: Path, step: str, number: signal.Signals
) -> None:
    run = Run(folder, server.address)
    run.wait_for(step)
    server.process.send_signal(number)
    run.wait_for("publish:")
    assert run.process.wait(MINUTE) == 0, run.lines()
    (line,) = run.lines()
    assert line == (
        f"efficiency: The Prefect server at {server.address} has gone away; the month is published, "
        "and the server does not know of it."
    )
    assert json.loads((folder / "printed.json").read_text(encoding="utf-8"))["period"] == PERIOD
    assert run.published()
    run.assert_next_run_needs_no_hand()


@pytest.mark.long
@pytest.mark.parametrize(("step", "published"), [("periods:", False), ("evaluate:", False), ("publish:", True)])
def test_a_cancel_through_the_api_ends_the_run_whole(
    server: Server, folder: Path, step: str, *, published: bool
) -> None:
    run = Run(folder, server.address)
    identifier = run.flow_run()
    run.wait_for(step)
    server.call(f"/flow_runs/{identifier}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})
    assert run.process.wait(MINUTE) == (0 if published else 1), run.lines()
    cancelled = "efficiency: The flow run was cancelled through Prefect. Nothing was published; run again when wanted."
    assert run.lines() == ([] if published else [cancelled])
    assert run.published() == published
    state = server.call(f"/flow_runs/{identifier}")["state"]["type"]
    assert state == ("COMPLETED" if published else "CANCELLED")
    run.assert_next_run_needs_no_hand()


class _Refusing(BaseHTTPRequestHandler):
    """A server that answers whoever asks whether it is there, and lets nobody else in."""

    def do_GET(self) -> None:
        if self.path.endswith("/health"):
            self._answer(200, b"true")
        else:
            self._answer(401, b'{"exception_message": "Unauthorized"}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(401, b'{"exception_message": "Unauthorized"}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def refusing() -> Iterator[str]:
    """Address of a server that refuses access."""
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


@pytest.mark.long
@pytest.mark.parametrize("command", [("run", "--period", PERIOD), ("serve",)])
def test_a_server_that_refuses_access_names_the_setting_to_mend(
    folder: Path, refusing: str, command: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "efficiency", *command, "--inbox", "inbox"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=clean(PREFECT_API_URL=refusing, PREFECT_HOME=str(folder / "home")),
    )
    assert done.returncode == 1
    assert "PREFECT_API_AUTH_STRING" in done.stderr.splitlines()[-1]
    assert f"The Prefect server at {refusing} refuses access (HTTP 401)" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not (folder / "warehouse" / "efficiency.duckdb").exists()


def test_a_second_process_that_would_serve_a_warehouse_is_told_who_does(folder: Path) -> None:
    place = folder / "warehouse" / "efficiency.duckdb"
    with serving_lock(place):
        done = efficiency("serve", "--inbox", "inbox", "--port", free_port(), cwd=folder, check=False)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert f"the schedule of the warehouse {place} is served already: process {os.getpid()}" in line
        efficiency("run", "--inbox", "inbox", "--period", PERIOD, cwd=folder)  # runs go on meanwhile
    assert not list(place.parent.glob("*.serving*"))
