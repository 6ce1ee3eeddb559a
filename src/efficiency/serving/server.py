"""A Prefect server for `efficiency serve`: the one that PREFECT_API_URL names, or one that this process starts.

Prefect itself is not imported here: it reads its settings when it is imported, the server's address among them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from efficiency.errors import EfficiencyError, UsageError
from efficiency.interpreter import python
from efficiency.language import say, shown
from efficiency.system import allow_reuse

API_URL = "PREFECT_API_URL"
LEASES = "prefect.server.concurrency.lease_storage.filesystem"
"""Where the server keeps who holds the deployment's one place for a run: in files, which survive the server."""
STARTUP_S = 180
"""Seconds to wait for a server; its first start creates a database, perhaps on a busy machine."""


def answers(api_url: str) -> bool:
    """Whether a Prefect server answers at `api_url`."""
    try:
        with urllib.request.urlopen(f"{api_url.rstrip('/')}/health", timeout=5) as answer:  # noqa: S310  # Prefect's own setting
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def require_named() -> None:
    """Raise EfficiencyError unless the server that PREFECT_API_URL names, if it names one, answers now."""
    named = os.environ.get(API_URL)
    if named and not answers(named):
        raise EfficiencyError(no_answer(named))


def no_answer(address: str) -> str:
    """The message that no server answers at `address`."""
    return say(
        "No Prefect server answers at {address}. Start it there (prefect server start), correct {api_url}, "
        "or unset {api_url} to do without it.",
        address=address,
        api_url=API_URL,
    )


@contextlib.contextmanager
def server(port: int) -> Iterator[str]:
    """Within the block, a server answers at the address that this gives and that PREFECT_API_URL holds.

    Raises EfficiencyError when the server that PREFECT_API_URL names does not answer within `STARTUP_S` or an own one
    does not start or ends by itself, and UsageError when `port` is taken.
    """
    named = os.environ.get(API_URL)
    if named:
        _wait_for(named, None)
        yield named
        return
    address = f"http://127.0.0.1:{port}/api"
    address_file = Path(os.environ["PREFECT_HOME"]) / "server.address"
    if _is_taken(port):
        if address_file.is_file() and address_file.read_text(encoding="utf-8") == address and answers(address):
            announce(
                say(
                    "Using the Prefect server at {address}, which an earlier serve left when it was killed. It stays.",
                    address=address,
                )
            )
            with _named(address):
                yield address
            return
        raise UsageError(
            say(
                "Port {port} of this machine is taken. If a Prefect server runs there, set "
                "{api_url}=http://127.0.0.1:{port}/api to use it; otherwise name another with --port.",
                port=port,
                api_url=API_URL,
            )
        )
    with _own(port, address, address_file), _named(address):
        yield address


@contextlib.contextmanager
def _named(address: str) -> Iterator[None]:
    """Set PREFECT_API_URL to `address` within the block."""
    os.environ[API_URL] = address
    try:
        yield
    finally:
        del os.environ[API_URL]


@contextlib.contextmanager
def _own(port: int, address: str, address_file: Path) -> Iterator[None]:
    """Run a server at `address` within the block; `address_file` holds the address as long as the server runs."""
    home = address_file.parent
    announce(
        say(
            "Starting a Prefect server at http://127.0.0.1:{port} (its history is kept in {home}) ...",
            port=port,
            home=home,
        )
    )
    with (home / "server.log").open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own words
            python("-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)),
            cwd=home,  # it reads settings from its current folder, and imports from there
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            # In memory, a held place for a run would be lost with the server and never be freed.
            env={"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASES, **os.environ},
            start_new_session=True,  # Ctrl-C ends the serving first, and that ends the server
        )
    stopping = threading.Event()
    try:
        _wait_for(address, process)
        threading.Thread(target=_stop_with, args=(process, stopping), daemon=True).start()
        address_file.write_text(address, encoding="utf-8")
        yield
        if process.poll() is not None:
            raise EfficiencyError(
                say(
                    "The Prefect server has ended by itself (status {returncode}), and serving with it. Read {log} "
                    "and start again; a run that was at work is made up for.",
                    returncode=process.returncode,
                    log=home / "server.log",
                )
            )
    finally:
        stopping.set()
        address_file.unlink(missing_ok=True)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stop_with(process: subprocess.Popen[bytes], stopping: threading.Event) -> None:
    """Stop this process when its server ends, so that systemd, which watches this one, starts both again."""
    process.wait()
    if not stopping.is_set():
        os.kill(os.getpid(), signal.SIGTERM)


def _wait_for(address: str, process: subprocess.Popen[bytes] | None) -> None:
    """Return as soon as the server answers; raises EfficiencyError after `STARTUP_S` or when `process` has ended."""
    until = time.monotonic() + STARTUP_S
    announced = False
    while not answers(address):
        if process is not None and process.poll() is not None:
            raise EfficiencyError(
                say(
                    "The Prefect server did not start (status {returncode}). Read {log}.",
                    returncode=process.returncode,
                    log=Path(os.environ["PREFECT_HOME"]) / "server.log",
                )
            )
        if time.monotonic() > until:
            raise EfficiencyError(no_answer(address))
        if process is None and not announced:
            announce(
                say(
                    "Waiting for the Prefect server at {address} (up to {startup_s} seconds) ...",
                    address=address,
                    startup_s=STARTUP_S,
                )
            )
            announced = True
        time.sleep(0.5)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        allow_reuse(probe)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def announce(line: str) -> None:
    """Print a line for the operator on stderr."""
    print(f"efficiency: {shown(line)}", file=sys.stderr, flush=True)
