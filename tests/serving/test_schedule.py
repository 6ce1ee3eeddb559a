"""The schedule without a server: which months are due, what is worth waiting for, and what `serve` refuses at once."""

import errno
import os
import socket
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import INBOX, ROOT, SampleRun
from hypothesis import given
from hypothesis import strategies as st

from efficiency.errors import EfficiencyError, UsageError, may_pass
from efficiency.periods import period_range, shifted
from efficiency.serving import schedule
from efficiency.serving.retries import worth_another
from efficiency.serving.schedule import due_periods, published_periods
from efficiency.serving.server import answers
from efficiency.warehouse.errors import WarehouseBusyError

SHANGHAI = "Asia/Shanghai"
FIFTH = datetime(2026, 11, 4, 22, 0, tzinfo=UTC)  # the 5th at 6:00 in Shanghai


def test_a_first_run_evaluates_last_month_alone() -> None:
    assert due_periods(FIFTH, SHANGHAI, []) == ("2026-10",)


def test_months_that_were_missed_are_made_up_for_in_order() -> None:
    assert due_periods(FIFTH, SHANGHAI, ["2026-06", "2026-07"]) == ("2026-08", "2026-09", "2026-10")


def test_a_month_that_is_published_is_evaluated_again_for_what_came_late() -> None:
    assert due_periods(FIFTH, SHANGHAI, ["2026-10"]) == ("2026-10",)


def test_a_month_that_was_published_ahead_closes_none_before_it() -> None:
    assert due_periods(FIFTH, SHANGHAI, ["2026-12", "2026-08"]) == ("2026-09", "2026-10")


def test_the_month_before_is_that_of_the_clock_in_the_time_zone() -> None:
    new_year = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)  # already January in Shanghai
    assert due_periods(new_year, SHANGHAI, []) == ("2026-12",)
    assert due_periods(new_year, "UTC", []) == ("2026-11",)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        due_periods(datetime(2026, 11, 5), SHANGHAI, [])


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    back=st.sets(st.integers(-3, 30), max_size=5),
)
def test_due_months_are_in_a_row_and_end_with_the_month_before(at: datetime, back: set[int]) -> None:
    last = shifted(at.date(), -1)
    due = due_periods(at, "UTC", [f"{shifted(last, -months):%Y-%m}" for months in back])
    assert due[-1] == f"{last:%Y-%m}"
    assert due == period_range(f"{due[0]}..{due[-1]}")


@pytest.mark.long
def test_published_periods_are_those_of_the_policy_and_none_without_a_warehouse(
    sample_run: SampleRun, tmp_path: Path
) -> None:
    assert published_periods(sample_run.warehouse, "zibo-jkq") == ("2026-10",)
    assert published_periods(sample_run.warehouse, "another") == ()
    assert published_periods(tmp_path / "none.duckdb", "zibo-jkq") == ()


# ---- what is worth waiting for


def from_cause(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (OSError(errno.ESTALE, "Stale file handle"), True),
        (OSError(errno.EIO, "Input/output error"), True),
        (TimeoutError(), True),
        (from_cause(EfficiencyError("failed"), OSError(errno.EHOSTDOWN, "Host is down")), True),
        (WarehouseBusyError("another run holds it"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (from_cause(EfficiencyError("failed"), OSError(errno.ENOSPC, "No space left on device")), False),
        (EfficiencyError("rows went missing"), False),
        (from_cause(UsageError("not a period"), ValueError("x")), False),
        (ValueError("a data error"), False),
    ],
)
def test_a_share_may_be_back_and_wrong_data_stays_wrong(error: Exception, passes: bool) -> None:
    assert may_pass(error) is passes


def test_an_inbox_on_a_share_that_is_not_mounted_yet_is_waited_for(tmp_path: Path) -> None:
    assert worth_another(UsageError("is not a folder"), tmp_path / "away")
    assert not worth_another(UsageError("is not a policy"), tmp_path)


# ---- what serve refuses at once


def served(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "efficiency", "serve", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["--timezone", "Asia/Nowhere"], {}, "not a time zone"),
        (["--policy", "no-such"], {}, "no-such"),
        ([], {"EFFICIENCY_WEBHOOK_URL": "nonsense", "EFFICIENCY_WEBHOOK_KIND": "wecom"}, "EFFICIENCY_WEBHOOK_URL"),
    ],
)
def test_mistakes_are_refused_at_once_and_not_at_night(
    arguments: list[Any], environment: dict[str, str], says: str, tmp_path: Path
) -> None:
    done = served(*arguments, cwd=tmp_path, **environment)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = served("--port", taken.getsockname()[1], cwd=tmp_path)
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "PREFECT_API_URL=" in done.stderr


def test_a_named_server_that_does_not_answer_is_named_plainly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    done = subprocess.run(
        [sys.executable, "-m", "efficiency", "run", "--inbox", INBOX, "--period", "2026-10"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PREFECT_API_URL": address},
    )
    assert done.returncode == 1
    assert f"No Prefect server answers at {address}" in done.stderr
    assert not answers(address)


def test_the_command_and_the_deployment_file_name_the_same_schedule() -> None:
    text = (ROOT / "flows" / "prefect.yaml").read_text(encoding="utf-8")
    assert (schedule.CRON, schedule.TIMEZONE) == ("0 6 5 * *", SHANGHAI)
    assert f'cron: "{schedule.CRON}"' in text
    assert f"timezone: {schedule.TIMEZONE}" in text
    assert "limit: 1" in text
    modules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert "flows" in modules["wheel"]["packages"]  # the entrypoint is found wherever the package is installed
