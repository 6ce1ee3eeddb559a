"""The Prefect flow on an embedded server: the same road, with history, retries and an artifact."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pytest
from builders.small_inbox import CODES, PERIOD, small_inbox, write
from conftest import ROOT, SampleRun, efficiency

pytestmark = pytest.mark.server


def flow(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def flow_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("flow")
    inbox = small_inbox(folder / "inbox")
    write(inbox / "补报.csv", [("统一社会信用代码", "所属期", "实缴税金(万元)"), (CODES[0], "2026年9月", "约十万")])
    done = flow(ROOT / "flows" / "monthly.py", "--inbox", inbox, "--period", PERIOD, "--by", "town", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture(scope="module")
def plain(flow_run: tuple[Path, subprocess.CompletedProcess[str]]) -> SampleRun:
    """The same month without Prefect."""
    folder = flow_run[0] / "plain"
    folder.mkdir()
    done = efficiency("run", "--inbox", flow_run[0] / "inbox", "--period", PERIOD, "--json", cwd=folder)
    return SampleRun(folder, json.loads(done.stdout))


def test_flow_ends_with_what_to_open_first(flow_run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = flow_run
    *lines, first, then = done.stdout.rstrip().splitlines()
    (line,) = (line for line in lines if line.startswith("Workbook: ") and "2026-10.xlsx" in line)
    assert (folder / line.removeprefix("Workbook: ")).is_file()
    assert first == f"Open the workbook of the evaluation first: {line.removeprefix('Workbook: ')}"
    assert then.startswith("Then the 1 workbooks to give back")
    assert (folder / then.split(": ")[-1]).is_dir()


def test_flow_logs_a_line_for_each_step_and_runs_each_as_a_task(
    flow_run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, done = flow_run
    for step in ("ingest", "validate", "evaluate", "select", "report", "publish"):
        assert re.search(rf"{step}: ", done.stderr), step
        named = f"{step} {PERIOD}" if step in ("evaluate", "select") else rf"{step}-\w+"
        assert re.search(rf"Task run '{named}' - Finished in state Completed", done.stderr), step
    assert re.search(r"Task run 'month-\w+' - Finished in state Completed", done.stderr)


def test_flow_writes_the_copies_for_towns_when_asked(flow_run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert len(list((flow_run[0] / "output" / "2026-10" / "分镇办").glob("*南定镇*.xlsx"))) == 1


def test_flow_says_what_it_is_waiting_for(flow_run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert "Starting Prefect" in flow_run[1].stderr


def test_flow_gives_the_same_results_as_the_plain_run(
    flow_run: tuple[Path, subprocess.CompletedProcess[str]], plain: SampleRun
) -> None:
    query = "SELECT uscc, score, tier FROM results.scores ORDER BY 1"
    both = []
    for warehouse in (flow_run[0] / "warehouse" / "efficiency.duckdb", plain.warehouse):
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            both.append(connection.sql(query).fetchall())
    assert both[0] == both[1]
    assert len(both[0]) == len(CODES)


def test_flow_keeps_history_and_a_table_of_counts_in_a_local_home(
    flow_run: tuple[Path, subprocess.CompletedProcess[str]], plain: SampleRun
) -> None:
    folder, _ = flow_run
    database = folder / ".prefect" / "prefect.db"
    import sqlite3

    with sqlite3.connect(database) as connection:
        states = connection.execute("SELECT name, state_type FROM flow_run").fetchall()
        artifacts = dict(connection.execute("SELECT key, data FROM artifact").fetchall())
    connection.close()
    assert states == [("2026-10", "COMPLETED")]
    assert float(artifacts["progress"]) == 100
    tables = ("counts", f"tiers-{PERIOD}", f"lists-{PERIOD}", "problems", "watch")
    rows = {key: json.loads(json.loads(artifacts[key])) for key in tables}
    assert {"项目": "文件", "数量": plain.told["counts"]["files"]} in rows["counts"]
    tiers = {row["名称"]: row["户数"] for row in rows[f"tiers-{PERIOD}"]}
    assert {tier: tiers[f"{tier}类"] for tier in plain.told["tiers"]} == plain.told["tiers"]
    listed = Counter(row["清单名称"] for row in rows[f"lists-{PERIOD}"])
    assert listed
    assert sorted(listed.values()) == sorted(number for number in plain.told["lists"].values() if number)
    assert rows["problems"][0]["级别"] == "错误"
    assert [row["说明"] for row in rows["watch"]] == [one["message"] for one in plain.told["watch"]]
    assert "评价编号" in json.loads(artifacts["outputs"])


ATTEMPTS = """
import errno, logging
from pathlib import Path
from flows.monthly import in_attempts
from prefect import flow
from efficiency.errors import EfficiencyError, UsageError

def tried(errors, inbox):
    left, times = list(errors), []
    def month():
        times.append(1)
        if left:
            raise left.pop(0)
        return "published"
    try:
        result = in_attempts(month, Path(inbox), (0, 0))()
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    print(result, len(times), sep="|")

@flow(name="attempts")
def attempts():
    tried([OSError(errno.ESTALE, "away"), TimeoutError()], ".")
    tried([OSError(errno.ESTALE, str(number)) for number in range(9)], ".")
    tried([EfficiencyError("rows went missing")], ".")
    tried([UsageError("is not a folder")], "not mounted yet")

attempts()
"""


def test_a_share_that_is_away_is_tried_again_and_wrong_data_is_not(tmp_path: Path) -> None:
    done = flow("-c", ATTEMPTS, cwd=tmp_path, PREFECT_HOME=str(tmp_path / "home"))
    assert done.stdout.splitlines() == [
        "published|3",
        "OSError: [Errno 116] 2|3",
        "EfficiencyError: rows went missing|1",
        "published|2",
    ], done.stderr
    assert "Retry 1/2 will start" in done.stderr


PARAMETERS = """
import flows.monthly  # sets what Prefect reads when it is loaded
from functools import partial
from prefect import flow
from prefect.variables import Variable
from flows.parameters import completed
from efficiency.errors import UsageError

asked = partial(completed, timezone="Asia/Shanghai", deployed=True)

@flow(name="parameters")
def parameters():
    given = dict.fromkeys(("inbox", "policy", "warehouse", "output", "strict", "mapping", "by", "variants", "timezone"))
    print(asked(given | {"policy": "of the run"}).model_dump_json())
    Variable.set("efficiency_monthly", {"policy": "of the variable", "output": "there", "by": "town"})
    print(asked(given | {"policy": "of the run"}).model_dump_json())
    print(asked(given).policy)
    for wrong in ({"polcy": "x"}, {"strict": "perhaps"}, "policy"):
        Variable.set("efficiency_monthly", wrong, overwrite=True)
        try:
            asked(given)
        except UsageError as error:
            print(error)

parameters()
"""


@pytest.mark.long
def test_what_a_run_leaves_open_comes_from_the_variable_and_then_from_the_zone(tmp_path: Path) -> None:
    (tmp_path / "efficiency.toml").write_text('inbox = "sent"\npolicy = "of the zone"\noutput = "out"\n', "utf-8")
    done = flow("-c", PARAMETERS, cwd=tmp_path, PREFECT_HOME=str(tmp_path / "home"))
    first, second, policy, *refused = done.stdout.splitlines()
    zone = {"inbox": str(tmp_path / "sent"), "policy": "of the run", "output": str(tmp_path / "out"), "by": None}
    assert {name: json.loads(first)[name] for name in zone} == zone, done.stderr
    by_variable = zone | {"output": "there", "by": "town"}
    assert {name: json.loads(second)[name] for name in zone} == by_variable
    assert policy == "of the variable"
    assert [one for one in refused if "efficiency_monthly" in one] == refused
    assert ["polcy" in refused[0], "strict" in refused[1], "not a JSON object" in refused[2]] == [True] * 3


def test_links_lead_below_the_address_that_is_set_and_a_path_is_no_link(tmp_path: Path) -> None:
    from flows.artifacts import outputs

    workbook, warehouse = tmp_path / "output" / PERIOD / "名单 [1].xlsx", tmp_path / "efficiency.duckdb"
    paths = {"warehouse": str(warehouse), "files": [str(workbook)]}
    summary = {"evaluation_id": "e", "paths": paths}
    shown = outputs(summary, tmp_path / "output", "https://files.example.cn/zone").splitlines()
    assert shown[-1] == (
        rf"- [名单 \[1\].xlsx](https://files.example.cn/zone/{PERIOD}/%E5%90%8D%E5%8D%95%20%5B1%5D.xlsx)"
    )
    assert shown[-2] == f"- efficiency.duckdb：`{warehouse}`"
    assert "](" not in outputs(summary, tmp_path / "output", None)


@pytest.mark.long
def test_failure_in_the_flow_is_a_plain_line_and_keeps_its_status(tmp_path: Path) -> None:
    done = flow(ROOT / "flows" / "monthly.py", "--inbox", tmp_path, "--period", "2026-10", cwd=tmp_path)
    assert done.returncode == 2
    assert "holds no spreadsheet" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_run_with_prefect_prints_the_json_alone(tmp_path: Path) -> None:
    inbox = small_inbox(tmp_path / "inbox")
    done = flow("-m", "efficiency", "run", "--inbox", inbox, "--period", PERIOD, "--prefect", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["evaluation_id"].startswith("2026-10-zibo-jkq-")


@pytest.mark.long
def test_a_server_that_takes_no_artifacts_fails_no_month_that_is_published(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from flows import artifacts

    monkeypatch.setattr(artifacts, "create_table_artifact", Mock(side_effect=ConnectionError("gone")))
    artifacts.create_artifacts(Mock(evaluations=[]), {"period": "2026-10", "evaluations": [], "counts": {}})
    assert "took no artifacts (ConnectionError: gone); the month is published" in caplog.text


@pytest.mark.long
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ZeroDivisionError("by\nzero"), "efficiency: ZeroDivisionError: by zero\n"),
        (KeyboardInterrupt(), "efficiency: stopped. What is published is whole; run again.\n"),
    ],
)
def test_an_error_that_nobody_expected_is_a_plain_line(
    error: BaseException, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows import monthly

    monkeypatch.setattr(monthly, "require_named", Mock())
    monkeypatch.setattr(monthly, "monthly_flow_run", Mock(side_effect=error))
    capsys.readouterr()
    assert monthly.main({}) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(line)
    assert "Traceback" not in shown
