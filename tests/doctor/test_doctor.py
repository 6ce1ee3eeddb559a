"""doctor: what a run needs is looked at, each fault has its remedy, and no secret is shown."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from builders.small_inbox import small_inbox
from conftest import efficiency

from efficiency.doctor import Check, examine
from efficiency.warehouse.lock import lock

SETTINGS = """
output = "reports"
[webhook]
url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=GEHEIM"
[smtp]
host = "mail.example.cn"
from = "a@example.cn"
to = ["b@example.cn", "c@example.cn"]
user = "hans"
password = "WORT"
"""


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zone with files in its inbox, in which one stands."""
    small_inbox(tmp_path / "inbox")
    (tmp_path / "efficiency.toml").write_text(SETTINGS, encoding="utf-8")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found() -> dict[str, Check]:
    return {check.key: check for check in examine()}


def wrong() -> dict[str, str]:
    return {key: check.remedy for key, check in found().items() if check.remedy is not None}


def test_a_zone_in_which_all_is_there_is_ready_and_stays_as_it_is(zone: Path) -> None:
    before = sorted(zone.rglob("*"))
    done = efficiency("doctor", cwd=zone)
    assert "All is ready for a run." in done.stdout
    assert sorted(zone.rglob("*")) == before
    for words in ("Python 3", "as the lock says", "8 spreadsheets", "zibo-jkq: ", "0 6 5 * *", "GB free"):
        assert words in done.stdout
    assert "都齐备" in efficiency("doctor", "--language", "zh", cwd=zone).stdout


def test_each_setting_says_where_it_comes_from_and_no_secret_is_shown(
    zone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFICIENCY_BY", "town")
    monkeypatch.setenv("EFFICIENCY_SMTP_PORT", "2525")
    texts = {key: check.found for key, check in found().items()}
    file = zone / "efficiency.toml"
    assert texts["setting_by"] == "town, from EFFICIENCY_BY"
    assert texts["setting_output"] == f"{zone / 'reports'}, from {file}"
    assert texts["setting_strict"] == "False, by default"
    assert texts["setting_smtp.port"] == "2525, from EFFICIENCY_SMTP_PORT"
    assert texts["setting_smtp.to"] == f"b@example.cn, c@example.cn, from {file}"
    assert texts["setting_webhook.url"] == f"***, from {file}"
    assert texts["setting_smtp.password"] == texts["setting_smtp.user"] == f"***, from {file}"
    assert texts["notices"] == "a robot (wecom), mail to 2 receivers"
    everything = efficiency("doctor", "--json", cwd=zone).stdout + efficiency("doctor", cwd=zone).stdout
    assert not any(secret in everything for secret in ("GEHEIM", "WORT", "hans"))


def test_a_setting_that_is_wrong_is_named_without_its_secret_and_the_rest_is_still_looked_at(zone: Path) -> None:
    (zone / "efficiency.toml").write_text('inbxo = 1\n[smtp]\npassword = "WORT"\n', encoding="utf-8")
    done = efficiency("doctor", cwd=zone, check=False)
    assert done.returncode == 1
    assert "there is no setting 'inbxo'" in done.stdout
    assert "WORT" not in done.stdout
    assert "8 spreadsheets" in done.stdout


def no_inbox(zone: Path, _: pytest.MonkeyPatch) -> None:
    shutil.rmtree(zone / "inbox")


def no_policy(zone: Path, _: pytest.MonkeyPatch) -> None:
    (zone / "efficiency.toml").write_text('policy = "none.toml"\n', encoding="utf-8")


def no_time(zone: Path, _: pytest.MonkeyPatch) -> None:
    (zone / "efficiency.toml").write_text('[schedule]\ncron = "monthly"\n', encoding="utf-8")


def no_zone(zone: Path, _: pytest.MonkeyPatch) -> None:
    (zone / "efficiency.toml").write_text('[schedule]\ntimezone = "Asia/Zibo"\n', encoding="utf-8")


def no_server(_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")


def no_room(_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)


def no_output(zone: Path, _: pytest.MonkeyPatch) -> None:
    (zone / "reports").write_text("a file where the folder should be", encoding="utf-8")


def no_warehouse(zone: Path, _: pytest.MonkeyPatch) -> None:
    (zone / "warehouse").mkdir()
    (zone / "warehouse" / "efficiency.duckdb").write_bytes(b"no warehouse" * 1000)


def other_package(_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    known = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.1" if name == "polars" else known(name))


FAULTS: dict[str, Any] = {
    "inbox": (no_inbox, "Make the folder"),
    "policy": (no_policy, "neither a built-in id nor a file"),
    "schedule": (no_time, "Write minute"),
    "timezone": (no_zone, "not a time zone"),
    "server": (no_server, "prefect server start"),
    "disk_warehouse": (no_room, "Free some space"),
    "output": (no_output, "Remove or rename it"),
    "warehouse": (no_warehouse, "To do"),
    "packages": (other_package, "install.py"),
}


@pytest.mark.parametrize("key", FAULTS)
def test_each_fault_is_found_with_its_remedy_and_nothing_else_is(
    zone: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    plant, remedy = FAULTS[key]
    plant(zone, monkeypatch)
    remedies = wrong()
    assert list(remedies) == ["schedule" if key == "timezone" else key]
    assert remedy in next(iter(remedies.values()))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever is root may read and write everything")
def test_what_this_user_may_not_read_or_write_is_named(zone: Path) -> None:
    (zone / "inbox" / "税务局.csv").write_text("x", encoding="utf-8")
    (zone / "inbox" / "税务局.csv").chmod(0)
    (zone / "reports").mkdir(mode=0o555)
    remedies = wrong()
    assert set(remedies) == {"inbox", "output"}


def test_who_holds_the_warehouse_is_told_and_is_no_fault(zone: Path) -> None:
    (zone / "warehouse").mkdir()
    with lock(zone / "warehouse" / "efficiency.duckdb"):
        checks = found()
    assert (checks["lock"].found.startswith("held by process"), checks["lock"].remedy) == (True, None)


def test_json_is_one_object_and_the_status_says_whether_there_is_something_to_mend(zone: Path) -> None:
    told = json.loads(efficiency("doctor", "--json", cwd=zone).stdout)
    assert told["ok"] is True
    no_inbox(zone, pytest.MonkeyPatch())
    done = efficiency("doctor", "--json", cwd=zone, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    assert [one["key"] for one in told["checks"] if not one["ok"]] == ["inbox"]
