"""Time travel: a published evaluation is issued again as it was, whatever has been corrected since."""

import shutil
from pathlib import Path

import duckdb
import openpyxl
import pytest
from builders.small_inbox import CODES, NAMES, PERIOD, ledger, run, small_inbox, tax, write

from efficiency.errors import EfficiencyError, UsageError
from efficiency.review.audit import audit
from efficiency.review.reissue import reissue
from efficiency.warehouse.read import load

SPAN = "2026年1-10月"


def cells(path: Path) -> dict[str, list[list[object]]]:
    """Every cell of every sheet."""
    book = openpyxl.load_workbook(path)
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


def current(folder: Path, period: str = PERIOD) -> str:
    frame = load(folder / "warehouse" / "efficiency.duckdb")["results.evaluations"]
    return frame.filter(current=True, period=period)["evaluation_id"].item()


def kept(folder: Path, name: str, period: str = PERIOD) -> str:
    """The period's documents as they are now, copied under `name`."""
    own = shutil.ignore_patterns("运行摘要_*")  # of the run, which is no document of the evaluation
    shutil.copytree(folder / "output" / period, folder / name, ignore=own)
    return current(folder, period)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Three months, then a correction, a resubmission, a renamed enterprise and a month judged anew, then another."""
    folder = tmp_path_factory.mktemp("history")
    inbox = small_inbox(folder / "inbox")
    run(folder, "2026-08..2026-10")
    ids = {"first": kept(folder, "first"), "september": kept(folder, "september", "2026-09")}
    ledger(
        inbox / "更正.csv", (CODES[3], SPAN, "实缴税金", tax(3, 10), tax(3, 10) * 2, "完税证明", "王局", "2026-11-06")
    )
    write(
        inbox / "产出" / "补报.csv",
        [
            ("统一社会信用代码", "所属期", "营业收入(万元)", "实缴税金(万元)"),
            (CODES[5], SPAN, "abc", 999),
        ],
    )
    run(folder, "2026-09..2026-10")
    ids["corrected"] = kept(folder, "corrected")
    write(
        inbox / "新名录.csv",
        [
            ("统一社会信用代码", "企业名称", "曾用名", "行业代码", "镇办", "规模"),
            (CODES[7], "淄博新名陶瓷有限公司", NAMES[7], "3071", "傅家镇", "规下"),
        ],
    )
    (inbox / "产出" / "再报一次.csv").write_bytes((inbox / "产出" / "补报.csv").read_bytes())
    run(folder)
    ids["renamed"] = kept(folder, "renamed")
    return folder, ids


LATER = [pytest.param(name, marks=pytest.mark.long) for name in ("corrected", "september")]


@pytest.mark.parametrize("name", ["first", "renamed", *LATER])
def test_every_document_is_the_same_as_when_it_was_first_issued(
    history: tuple[Path, dict[str, str]], name: str, tmp_path: Path
) -> None:
    folder, ids = history
    done = reissue(ids[name], folder / "warehouse" / "efficiency.duckdb", tmp_path)
    assert {path.name for path in done.files} == {path.name for path in (folder / name).glob("*.*")}
    for path in done.files:
        first = folder / name / path.name
        assert path.suffix != ".xlsx" or cells(path) == cells(first)
        assert path.read_bytes() == first.read_bytes()


def test_the_corrections_did_change_the_evaluation(history: tuple[Path, dict[str, str]]) -> None:
    _, ids = history
    assert len(set(ids.values())) == 4


@pytest.mark.long
def test_everything_that_was_ever_published_follows_from_its_inputs(history: tuple[Path, dict[str, str]]) -> None:
    folder, ids = history
    findings = list(audit(folder / "warehouse" / "efficiency.duckdb", every=True))
    assert [finding for finding in findings if not finding.holds] == []
    audited = {finding.subject.split()[0] for finding in findings}
    assert audited >= set(ids.values())


def tampered(history: tuple[Path, dict[str, str]], tmp_path: Path, statement: str) -> Path:
    """A copy of the warehouse in which somebody has changed something."""
    folder, _ = history
    shutil.copytree(folder / "warehouse", tmp_path / "warehouse")
    path = tmp_path / "warehouse" / "efficiency.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(statement)
    return path


def test_an_evaluation_whose_inputs_were_altered_is_not_issued(
    history: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    _, ids = history
    path = tampered(history, tmp_path, f"UPDATE intake.stated_output SET tax = tax + 1 WHERE uscc = '{CODES[0]}'")
    with pytest.raises(EfficiencyError, match=r"cannot be reproduced: their digest was \w+ .*nothing was written"):
        reissue(ids["first"], path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_a_sheet_that_a_mapping_teaches_to_read_was_not_known_before(tmp_path: Path) -> None:
    """The file is read again, and its other sheet keeps its place in the order of arrival."""
    inbox = small_inbox(tmp_path / "inbox")
    book = openpyxl.Workbook()
    book.active.append(["统一社会信用代码", "所属期", "实缴税金(万元)"])
    book.active.append([CODES[2], SPAN, 500])
    strange = book.create_sheet("怪表")
    strange.append(["信用编号", "纳税情况", "备注一"])
    for code in CODES[4:8]:
        strange.append([code, 777, 1])
    book.save(inbox / "两表.xlsx")
    run(tmp_path)
    first = kept(tmp_path, "first")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        """
        [[sheet]]
        file = "两表.xlsx"
        name = "怪表"
        form = "output"
        header_row = 1
        period = "2026年1-10月"
        column = [
            { header = "信用编号", field = "uscc" },
            { header = "纳税情况", field = "tax", unit = "万元" },
        ]
        """,
        encoding="utf-8",
    )
    run(tmp_path, mapping=mapping)
    assert current(tmp_path) != first
    findings = audit(tmp_path / "warehouse" / "efficiency.duckdb", every=True)
    assert [finding for finding in findings if not finding.holds] == []
    done = reissue(first, tmp_path / "warehouse" / "efficiency.duckdb", tmp_path / "again")
    notice = next(path for path in done.files if path.name.startswith("公示名单"))
    assert cells(notice) == cells(tmp_path / "first" / notice.name)


def test_of_an_unknown_evaluation_the_known_ones_are_named(
    history: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, ids = history
    with pytest.raises(UsageError, match=ids["renamed"]):
        reissue("2026-10-zibo-jkq-00000000", folder / "warehouse" / "efficiency.duckdb", tmp_path)
    with pytest.raises(UsageError, match="no warehouse"):
        reissue(ids["first"], tmp_path / "none.duckdb", tmp_path)


def test_documents_of_the_monthly_runs_are_not_replaced(history: tuple[Path, dict[str, str]]) -> None:
    folder, ids = history
    with pytest.raises(UsageError, match="Name another folder"):
        reissue(ids["first"], folder / "warehouse" / "efficiency.duckdb", folder / "output")


def test_the_beginning_of_an_id_will_do_where_it_fits_no_other(
    history: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, ids = history
    warehouse = folder / "warehouse" / "efficiency.duckdb"
    assert reissue(ids["first"][:-2], warehouse, tmp_path).evaluation_id == ids["first"]
    with pytest.raises(UsageError, match="several evaluations that begin with 2026-10"):
        reissue("2026-10", warehouse, tmp_path)
