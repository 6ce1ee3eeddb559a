"""A zone's project file: which one holds, what goes before it, and that nobody can plant one in an inbox."""

import json
import shutil
from pathlib import Path

import openpyxl
import pytest
from builders.small_inbox import CODES, NAMES, quick_policy, small_inbox, write
from conftest import efficiency

from efficiency.policy.load import builtin_text, load_policy
from efficiency.project.settings import Settings, read_settings

PERIOD = ("--period", "2026-10")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of whoever runs the tests counts."""
    for name in ("PROJECT", "CONFIG", "INBOX", "WAREHOUSE", "OUTPUT", "POLICY"):
        monkeypatch.delenv(f"EFFICIENCY_{name}", raising=False)


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """A zone with its own policy and a small inbox."""
    efficiency("init", "zone", cwd=tmp_path)
    folder = tmp_path / "zone"
    small_inbox(folder / "inbox")
    quick_policy(folder / "policy.toml")
    return folder


def test_commands_work_from_any_folder_below_the_project_file(zone: Path) -> None:
    below = zone / "资料" / "来文"
    below.mkdir(parents=True)
    done = json.loads(efficiency("run", *PERIOD, "--json", cwd=below).stdout)
    assert (zone / "warehouse" / "efficiency.duckdb").is_file()
    assert list((zone / "output" / "2026-10").glob("能耗产出效益评价_*.xlsx"))
    assert not list(below.iterdir())
    assert done["evaluation_id"]
    assert json.loads(efficiency("status", "--json", cwd=below).stdout)["period"] == "2026-10"


def test_flags_go_before_variables_and_these_before_the_file(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(zone)
    assert read_settings().output == zone / "output"
    monkeypatch.setenv("EFFICIENCY_OUTPUT", "anderswo")
    assert read_settings().output == Path("anderswo")
    efficiency("run", *PERIOD, "--output", "hier", cwd=zone)
    assert (zone / "hier" / "2026-10").is_dir()
    assert not (zone / "anderswo").exists()


def test_secrets_may_stand_in_a_file_of_their_own(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = zone.parent / "secrets.toml"
    own.write_text('[smtp]\nhost = "h"\nfrom = "a@b.cn"\nto = ["c@d.cn"]\n', encoding="utf-8")
    monkeypatch.setenv("EFFICIENCY_CONFIG", str(own))
    monkeypatch.chdir(zone)
    found = read_settings()
    assert found.smtp
    assert (found.smtp.host, found.inbox) == ("h", zone / "inbox")


@pytest.mark.parametrize("where", ["", "统计局"])
def test_a_project_file_inside_the_inbox_is_refused(zone: Path, where: str) -> None:
    planted = zone / "inbox" / where / "Efficiency.toml" if where else zone / "inbox" / "efficiency.toml"
    planted.parent.mkdir(exist_ok=True)
    planted.write_text('warehouse = "/tmp/elsewhere.duckdb"\n', encoding="utf-8")
    for words, cwd in (
        (("run", *PERIOD), zone),
        (("run", *PERIOD, "--inbox", zone / "inbox"), zone.parent),
        (("run", *PERIOD, "--inbox", "."), zone / "inbox"),
    ):
        done = efficiency(*words, cwd=cwd, check=False)
        assert done.returncode == 2
        assert str(planted) in done.stderr
        assert "inside the inbox" in done.stderr or "在收表文件夹里" in done.stderr
    assert not (zone / "warehouse").exists()


def test_whoever_stands_in_the_inbox_goes_by_no_file_that_was_put_there(zone: Path) -> None:
    (zone / "inbox" / "efficiency.toml").write_text('warehouse = "../other.duckdb"\n', encoding="utf-8")
    done = efficiency("status", cwd=zone / "inbox", check=False)
    assert (done.returncode, "inside the inbox" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("inbxo = 1", "there is no setting 'inbxo'"),
        ('language = "fr"', "EFFICIENCY_LANGUAGE (key language: language of what an operator reads"),
        ("[schedule]\ncrn = 1", "EFFICIENCY_SCHEDULE_CRN"),
        ('strict = "vielleicht"', "EFFICIENCY_STRICT"),
        ("inbox = ", "cannot be read as TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(zone: Path, text: str, says: str) -> None:
    file = zone / "efficiency.toml"
    file.write_text(text, encoding="utf-8")
    done = efficiency("status", cwd=zone, check=False)
    assert done.returncode == 2
    assert says in done.stderr
    assert str(file) in done.stderr


def test_a_misspelt_variable_is_refused(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFICIENCY_INBXO", "x")
    done = efficiency("status", cwd=zone, check=False)
    assert (done.returncode, "EFFICIENCY_INBXO" in done.stderr) == (2, True)


def test_a_new_zone_names_every_setting_and_has_a_policy_of_its_own(tmp_path: Path) -> None:
    told = efficiency("init", "gaoxin", "--language", "zh", cwd=tmp_path).stdout
    text = (tmp_path / "gaoxin" / "efficiency.toml").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if name not in text] == []
    policy = load_policy(str(tmp_path / "gaoxin" / "policy.toml"))
    assert policy.id == "gaoxin-policy"
    assert policy.model_dump(exclude={"id"}) == load_policy("zibo-jkq").model_dump(exclude={"id"})
    assert len(list((tmp_path / "gaoxin" / "模板").glob("*.xlsx"))) >= 9
    assert "gaoxin-policy" in told
    assert "下一步" in told


def test_nothing_that_was_not_written_here_is_overwritten(zone: Path) -> None:
    before = (zone / "efficiency.toml").read_bytes()
    done = efficiency("init", ".", cwd=zone, check=False)
    assert (done.returncode, (zone / "efficiency.toml").read_bytes()) == (2, before)
    assert efficiency("template", "模板", cwd=zone).returncode == 0  # as they were written
    filled = next((zone / "模板").glob("产出*.xlsx"))
    book = openpyxl.load_workbook(filled)
    book.worksheets[0]["A4"] = CODES[0]
    book.save(filled)
    kept, others = filled.read_bytes(), sorted((zone / "模板").iterdir())
    done = efficiency("template", "模板", cwd=zone, check=False)
    assert done.returncode == 2
    assert filled.name in done.stderr
    assert (filled.read_bytes(), sorted((zone / "模板").iterdir())) == (kept, others)


def test_an_altered_copy_that_keeps_a_built_in_id_is_refused(zone: Path) -> None:
    text = builtin_text("zibo-jkq")
    (zone / "remarks.toml").write_text(f"# 本区加的一行说明\n{text}", encoding="utf-8")
    (zone / "altered.toml").write_text(text.replace("weight_sd = 0.10", "weight_sd = 0.11", 1), encoding="utf-8")
    done = efficiency("run", *PERIOD, "--policy", "altered.toml", cwd=zone, check=False)
    assert (done.returncode, "另起编号" in done.stderr) == (2, True)  # a zone speaks Chinese
    assert not (zone / "warehouse").exists()
    efficiency("run", *PERIOD, "--policy", "remarks.toml", cwd=zone)


def test_a_period_in_the_future_is_refused_unless_figures_reach_it(zone: Path) -> None:
    done = efficiency("run", "--period", "2031-02", cwd=zone, check=False)
    assert (done.returncode, "以后的月份" in done.stderr) == (2, True)
    assert not (zone / "warehouse" / "efficiency.duckdb").exists()
    ahead = [("统一社会信用代码", "所属期", "实缴税金(万元)"), (CODES[0], "2031年2月", 1.0)]
    write(zone / "inbox" / "税务局" / "2031.csv", ahead)
    efficiency("run", "--period", "2031-02", cwd=zone)


def test_the_command_alone_says_where_one_stands_and_what_is_next(zone: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "leer"
    nowhere.mkdir()
    assert "efficiency init" in efficiency(cwd=nowhere).stdout
    first = efficiency(cwd=zone).stdout
    assert f"{zone / 'efficiency.toml'}" in first
    assert "efficiency check" in first
    efficiency("run", *PERIOD, cwd=zone)
    then = efficiency(cwd=zone).stdout
    assert "上次：2026-10" in then
    assert "efficiency run --period 2026-11" in then
    shutil.rmtree(zone / "inbox")
    assert "还没有这个文件夹" in efficiency(cwd=zone).stdout
    assert NAMES[0] not in then


def test_a_policy_that_was_only_tried_takes_nobodys_place(zone: Path) -> None:
    efficiency("run", *PERIOD, cwd=zone)
    own = load_policy(str(zone / "policy.toml")).id
    efficiency("run", *PERIOD, "--policy", "huaian-2024", cwd=zone)
    assert json.loads(efficiency("status", "--json", cwd=zone).stdout)["policy_id"] == own
    tried = efficiency("status", "--policy", "huaian-2024", "--json", cwd=zone).stdout
    assert json.loads(tried)["policy_id"] == "huaian-2024"
    assert f"2026-10（{own}）" in efficiency(cwd=zone).stdout
    unknown = efficiency("status", "--policy", "huaian", cwd=zone, check=False)
    assert (unknown.returncode, own in unknown.stderr) == (2, True)
    refused = efficiency("status", "--period", "2999-01", cwd=zone, check=False)
    assert (refused.returncode, "还没有到" in refused.stderr) == (2, True)
    assert "cd zone" in efficiency(cwd=zone.parent).stdout
