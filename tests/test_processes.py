"""Who runs a month is told wherever it runs."""

import getpass
import os

import pytest

from efficiency.processes import operator, process_mark, process_of
from efficiency.system import alive


@pytest.mark.parametrize("error", [KeyError("uid not found: 1000"), OSError("No username set in the environment")])
def test_a_user_that_is_a_number_alone_may_run_the_month(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """As in a container that was told to run under a number."""

    def fails() -> None:
        raise error

    monkeypatch.setattr(getpass, "getuser", fails)
    assert operator().startswith(f"{os.getuid()}@")


def test_a_process_is_known_by_its_mark_on_its_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = process_mark()
    assert process_of(mark) == os.getpid()
    assert process_of(f"{mark}x") is None
    assert process_of("") is None
    monkeypatch.setattr("socket.gethostname", lambda: "another.host")
    assert process_of(mark) is None
    assert process_of(process_mark()) == os.getpid()


def test_a_number_that_no_process_can_have_is_not_alive() -> None:
    assert not alive(10**30)
