"""The schedule against a real Prefect server on loopback: served, triggered through the API, watched to its end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import INBOX

Answer = dict[str, Any]
"""JSON as the server answers."""
CRON, ZONE = "30 7 6 * *", "Asia/Urumqi"
LIMIT_S = 300
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True)
class Served:
    """A serving process with its own server, seen through the API as any client would."""

    folder: Path
    address: str
    process: subprocess.Popen[bytes]

    def call(self, path: str, body: Answer | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        until = time.monotonic() + LIMIT_S
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                # The server says so while its database is locked; Prefect's own clients ask again too.
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > until:
                    raise
                time.sleep(0.5)

    def deployment(self) -> Answer:
        return self.call("/deployments/name/efficiency-monthly/monthly")

    def trigger(self, at: str, **parameters: Any) -> str:
        """A run as the schedule asks for it, at a time that is past."""
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": at}}
        body = {"state": state, "parameters": parameters}
        return self.call(f"/deployments/{self.deployment()['id']}/create_flow_run", body)["id"]

    def ended(self, run: str) -> Answer:
        """The run, when it has come to an end."""
        until = time.monotonic() + LIMIT_S
        while (found := self.call(f"/flow_runs/{run}"))["state"]["type"] not in ENDED:
            assert time.monotonic() < until, f"{found['state']}\n{self.log()}"
            assert self.process.poll() is None, self.log()
            time.sleep(0.3)
        return found

    def of_run(self, what: str, run: str) -> list[Answer]:
        body = {what: {"flow_run_id": {"any_": [run]}}}
        return self.call(f"/{what}/filter", body | ({"sort": "TIMESTAMP_ASC"} if what == "logs" else {}))

    def messages(self, run: str) -> list[str]:
        """The run's log; the server writes it a moment after the run has ended."""
        until = time.monotonic() + 60
        while True:
            lines = [line["message"] for line in self.of_run("logs", run)]
            if any(line.startswith(("publish:", "Finished in state Failed")) for line in lines):
                return lines
            assert time.monotonic() < until, lines
            time.sleep(0.3)

    def log(self) -> str:
        return (self.folder / "serve.log").read_text(encoding="utf-8", errors="replace")


def start(folder: Path, port: int, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "EFFICIENCY"))}
    # The runner asks for work every ten seconds otherwise: a test need not wait for it.
    environment |= {"PREFECT_RUNNER_POLL_FREQUENCY": "1", "NO_PROXY": "127.0.0.1"}
    with (folder / "serve.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "efficiency", "serve", "--inbox", "inbox", "--port", str(port), *arguments],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    for department in ("经济发展局", "自然资源局", "税务局"):  # quicker than all
        shutil.copytree(INBOX / department, folder / "inbox" / department)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = start(folder, port, "--cron", CRON, "--timezone", ZONE)
    served = Served(folder, f"http://127.0.0.1:{port}/api", process)
    try:
        until = time.monotonic() + LIMIT_S
        while "Serving efficiency-monthly/monthly" not in served.log():
            assert process.poll() is None, served.log()
            assert time.monotonic() < until, served.log()
            time.sleep(0.2)
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def runs(served: Served) -> tuple[Answer, Answer]:
    """Two runs asked for at once: of 5 November, the first ever, and of 5 January; and one whose inbox is empty."""
    (served.folder / "empty").mkdir()
    first = served.trigger("2025-11-05T23:30:00Z")
    time.sleep(1)
    second = served.trigger("2026-01-05T23:30:00Z")
    return served.ended(first), served.ended(second)


@pytest.mark.server
@pytest.mark.long
def test_the_schedule_is_registered_as_given_and_lets_one_run_at_a_time(served: Served) -> None:
    deployment = served.deployment()
    (schedule,) = deployment["schedules"]
    assert schedule["active"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == (CRON, ZONE)
    assert deployment["global_concurrency_limit"]["limit"] == 1
    assert deployment["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    assert deployment["parameters"]["inbox"] == str(served.folder / "inbox")


@pytest.mark.server
@pytest.mark.long
def test_a_scheduled_run_publishes_the_month_before_its_date(served: Served, runs: tuple[Answer, Answer]) -> None:
    first, _ = runs
    assert first["state"]["type"] == "COMPLETED", served.log()
    assert first["name"] == "scheduled 2025-11-06"  # half past seven on the 6th there
    assert "periods: 2025-10" in served.messages(first["id"])
    assert (served.folder / "output" / "2025-10" / "能耗产出效益评价_2025-10.xlsx").is_file()


@pytest.mark.server
@pytest.mark.long
def test_months_that_were_missed_are_published_in_order_by_the_next_run(
    served: Served, runs: tuple[Answer, Answer]
) -> None:
    _, second = runs
    assert second["state"]["type"] == "COMPLETED", served.log()
    assert "periods: 2025-11, 2025-12" in served.messages(second["id"])
    with duckdb.connect(str(served.folder / "warehouse" / "efficiency.duckdb"), read_only=True) as connection:
        published = connection.sql("SELECT period FROM results.evaluations WHERE current ORDER BY 1").fetchall()
    assert published == [("2025-10",), ("2025-11",), ("2025-12",)]


@pytest.mark.server
@pytest.mark.long
def test_two_runs_asked_for_at_once_follow_one_another(runs: tuple[Answer, Answer]) -> None:
    first, second = runs
    assert first["end_time"] <= second["start_time"]


@pytest.mark.server
@pytest.mark.long
def test_the_run_leaves_counts_lists_problems_and_links(served: Served, runs: tuple[Answer, Answer]) -> None:
    left = {one["key"]: one for one in served.of_run("artifacts", runs[0]["id"])}
    tables = ("counts", "tiers-2025-10", "lists-2025-10", "problems", "watch")
    assert set(left) == {*tables, "progress", "outputs"}
    rows = {key: json.loads(left[key]["data"]) for key in tables}
    assert {row["项目"]: row["数量"] for row in rows["counts"]}["采纳"] > 1000
    lists = {row["名称"]: row["户数"] for row in rows["tiers-2025-10"] if row["类别"] == "清单"}
    assert len(rows["lists-2025-10"]) == sum(lists.values())
    assert rows["problems"][0]["级别"] == "错误"
    assert {row["规则"] for row in rows["problems"]} >= {"文件无法读取", "表式无法识别"}
    workbook = served.folder / "output" / "2025-10" / "能耗产出效益评价_2025-10.xlsx"
    assert str(workbook) in left["outputs"]["data"]


@pytest.mark.server
@pytest.mark.long
def test_each_month_of_a_range_is_a_task_and_has_its_own_lists(served: Served, runs: tuple[Answer, Answer]) -> None:
    tasks = {one["name"] for one in served.of_run("task_runs", runs[1]["id"])}
    assert {f"{step} {period}" for step in ("evaluate", "select") for period in ("2025-11", "2025-12")} <= tasks
    left = {one["key"] for one in served.of_run("artifacts", runs[1]["id"])}
    assert {"lists-2025-11", "lists-2025-12", "tiers-2025-11", "tiers-2025-12"} <= left


@pytest.mark.server
@pytest.mark.long
def test_the_run_logs_a_line_for_each_step(served: Served, runs: tuple[Answer, Answer]) -> None:
    lines = served.messages(runs[0]["id"])
    steps = [line.partition(":")[0] for line in lines]
    order = [steps.index(step) for step in ("ingest", "validate", "evaluate", "select", "report", "publish")]
    assert order == sorted(order)


@pytest.mark.server
@pytest.mark.long
def test_a_data_error_fails_the_run_at_once_and_in_plain_words(served: Served, runs: tuple[Answer, Answer]) -> None:
    run = served.trigger("2026-01-05T23:30:00Z", inbox=str(served.folder / "empty"))
    ended = served.ended(run)
    assert ended["state"]["type"] == "FAILED"
    assert "holds no spreadsheet" in ended["state"]["message"]
    log = "\n".join(served.messages(run))
    assert "Retry 1/" not in log
    assert "Traceback" not in log


@pytest.mark.server
@pytest.mark.long
def test_the_run_command_is_a_flow_run_of_the_server_that_is_named(served: Served, runs: tuple[Answer, Answer]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "efficiency", "run", "--inbox", "inbox", "--period", "2025-12", "--json"],
        cwd=served.folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
        env={**os.environ, "PREFECT_API_URL": served.address, "PREFECT_HOME": str(served.folder / "client")},
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    found = served.call("/flow_runs/filter", {"flow_runs": {"name": {"any_": ["2025-12"]}}})
    assert [run["state"]["type"] for run in found] == ["COMPLETED"]
    assert {one["key"] for one in served.of_run("artifacts", found[0]["id"])} >= {"counts", "outputs"}
    assert printed["counts"]["files_new"] == 0  # the same warehouse: what is known is not read again


@pytest.mark.server
@pytest.mark.long
def test_serving_stops_when_asked_and_takes_its_server_along(served: Served, runs: tuple[Answer, Answer]) -> None:
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(60) == 0, served.log()
    assert served.log().rstrip().endswith("Stopped.")
    assert "Traceback" not in served.log()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(served.address.split(":")[2].partition("/")[0]))) != 0


@pytest.mark.long
def test_the_last_time_at_which_a_schedule_was_due_is_found_however_often_it_is(tmp_path: Path) -> None:
    code = """
import asyncio
from datetime import datetime, UTC
from flows.serving import CronSchedule, last_due
now = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
for cron in ("* * * * *", "*/5 * * * *", "0 * * * *", "0 6 * * *", "0 6 5 * *", "0 6 5 1 *"):
    print(asyncio.run(last_due(CronSchedule(cron=cron, timezone="Asia/Shanghai"), now)).strftime("%Y-%m-%d %H:%M"))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=LIMIT_S
    )
    assert done.stdout.split("\n")[:6] == [
        "2026-11-23 16:30",
        "2026-11-23 16:30",
        "2026-11-23 16:00",
        "2026-11-23 06:00",
        "2026-11-05 06:00",
        "2026-01-05 06:00",
    ]
