"""docs/一个月怎么做.md: a clerk's month, step by step; each command runs in its order and says what the page says.

What the clerk does by hand between the commands (forms filled in, files put into the inbox, a workbook mended) is done
here at the heading under which the page tells it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb
import openpyxl
import pytest
from builders.small_inbox import CODES, NAMES, tax
from conftest import ROOT

from efficiency.policy.load import load_policy

PAGE = (ROOT / "docs" / "一个月怎么做.md").read_text(encoding="utf-8")
HEADINGS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
ALL = range(len(CODES))
LATE = 13
"""Position of the enterprise whose output comes late."""

Row = Mapping[str, str | float]


def filled(form: Path, to: Path, rows: Sequence[Row]) -> Path:
    """A blank form filled in: each row names its cells by the header without the star and unit."""
    book = openpyxl.load_workbook(form)
    sheet = book.worksheets[0]
    headers = {re.sub(r"[*（(].*", "", str(cell.value)): cell.column for cell in sheet[3] if cell.value}
    for number, row in enumerate(rows, start=4):
        for name, value in row.items():
            sheet.cell(number, headers[name]).value = value
    to.parent.mkdir(parents=True, exist_ok=True)
    book.save(to)
    return to


def output(number: int, year: int, months: int) -> Row:
    return {
        "统一社会信用代码": CODES[number], "年份": year, "月份": f"1-{months}月",
        "营业收入": (900 + 50 * number) * months, "工业增加值": (300 + 7 * number) * months,
        "实缴税金": tax(number, months), "研发费用": 3 * months, "平均用工人数": 50 + number,
        "主要污染物排放量": 0.1 * months,
    }  # fmt: skip


def power(number: int, year: int, months: int) -> Row:
    own = {"统一社会信用代码": CODES[number], "年份": year, "月份": f"1-{months}月", "能源名称": "电力"}
    return {**own, "计量单位": "万千瓦时", "消费量": (4 + number % 5) * months}


SPANS = ((2025, 12), (2025, 10), (2026, 10))


def forms_come_back(zone: Path) -> None:
    forms, inbox = zone / "模板", zone / "inbox"
    register: list[Row] = [
        {"统一社会信用代码": code, "企业名称": name, "行业代码": "3071", "镇办": "南定镇", "规模": "规上",
         "投产日期": "2010-05-01"}
        for code, name in zip(CODES, NAMES, strict=True)
    ]  # fmt: skip
    filled(forms / "企业名录_模板.xlsx", inbox / "经济发展局" / "企业名录.xlsx", register)
    land: list[Row] = [{"统一社会信用代码": CODES[n], "自有用地面积": 20 + n, "截止日期": "2025-12-31"} for n in ALL]
    filled(forms / "用地_模板.xlsx", inbox / "自然资源局" / "用地.xlsx", land)
    for year, months in SPANS:
        late = year == 2026
        rows = [output(number, year, months) for number in ALL if not (late and number == LATE)]
        if late:
            rows[2] = {**rows[2], "实缴税金": "约二百六十"}
        filled(forms / "产出_模板.xlsx", inbox / "统计局" / f"{year}年1-{months}月产出.xlsx", rows)
        of_power = [power(number, year, months) for number in ALL]
        name = f"{year}年1-{months}月能源.xlsx"
        filled(forms / "能源消费_按品种分行_模板.xlsx", inbox / "能源办" / name, of_power)


def the_returned_workbook_is_mended(zone: Path) -> None:
    (returned,) = (zone / "退回").rglob("*1-10月产出*.xlsx")
    book = openpyxl.load_workbook(returned)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == "约二百六十"]
    marked = [cell for cell in cells if cell.comment]
    assert len(marked) == 1
    marked[0].value = tax(2, 10)
    book.save(zone / "inbox" / "统计局" / "2026年1-10月产出.xlsx")


def the_late_output_comes(zone: Path) -> None:
    filled(zone / "模板" / "产出_模板.xlsx", zone / "inbox" / "统计局" / "补报产出.xlsx", [output(LATE, 2026, 10)])


def an_objection_is_filed(zone: Path) -> None:
    asked: Row = {"统一社会信用代码": CODES[3], "年份": 2026, "月份": "1-10月", "更正指标": "实缴税金",
                  "更正值": tax(3, 10) * 1.6, "更正依据": "完税证明"}  # fmt: skip
    filled(zone / "模板" / "申诉更正_模板.xlsx", zone / "申诉更正.xlsx", [asked])


def the_objection_is_approved(zone: Path) -> None:
    book = openpyxl.load_workbook(zone / "申诉更正.xlsx")
    sheet = book.worksheets[0]
    headers = {str(cell.value).rstrip("*"): cell.column for cell in sheet[3]}
    sheet.cell(4, headers["审批人"]).value, sheet.cell(4, headers["审批日期"]).value = "王局", "2026-11-06"
    book.save(zone / "inbox" / "申诉更正.xlsx")


BEFORE: dict[str, Callable[[Path], None]] = {
    "efficiency check inbox --output 退回": forms_come_back,
    "efficiency run --period 2026-10 --dry-run": the_returned_workbook_is_mended,
    "efficiency objection 申诉更正.xlsx --period 2026-10": an_objection_is_filed,
}
"""What is done by hand right before a command."""
BEFORE_FIRST_OF = {"8日": the_late_output_comes}
"""The same before the first command below a heading."""


def like(line: str) -> re.Pattern[str]:
    """A line of the page as a pattern: `…` stands for whatever differs."""
    return re.compile(".*".join(map(re.escape, line.strip().split("…"))))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command `efficiency`, as the path of whoever works with it has it."""
    folder = tmp_path_factory.mktemp("bin")
    command = folder / "efficiency"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m efficiency "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


@pytest.mark.skipif(shutil.which("bash") is None, reason="the page is for a shell")
def test_a_clerks_month_goes_as_the_page_says(tmp_path: Path, program: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EFFICIENCY_", "LC_"))}
    environment |= {"PATH": f"{program}{os.pathsep}{os.environ['PATH']}", "LANG": "zh_CN.UTF-8", "PYTHONUTF8": "1"}
    folder, approved, told = tmp_path, False, ""
    for section in HEADINGS:
        heading = section.partition("：")[0].strip()
        first = True
        for kind, block in re.findall(r"```(sh|text)\n(.*?)```", section, re.DOTALL):
            if kind == "text":
                for line in block.splitlines():
                    assert like(line).search(told), f"{heading}: {line}\n---\n{told}"
                continue
            told = ""
            for command in block.splitlines():
                if first and heading in BEFORE_FIRST_OF:
                    BEFORE_FIRST_OF[heading](folder)
                first = False
                if command in BEFORE:
                    BEFORE[command](folder)
                if heading == "9日" and command.startswith("efficiency run") and not approved:
                    the_objection_is_approved(folder)
                    approved = True
                if command.startswith("cd "):
                    folder = folder / command.removeprefix("cd ")
                    _quick(folder / "policy.toml")
                    continue
                if "…" in command:
                    command = command.replace("…", _id_of_the_first(folder))  # noqa: PLW2901  # as the clerk types it
                done = subprocess.run(
                    ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
                    encoding="utf-8", timeout=300, check=False,
                )  # fmt: skip
                assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
                told += done.stdout + done.stderr
    assert (folder / "output" / "2026-10" / "能耗产出效益评价_2026-10.xlsx").is_file()
    assert list((folder / "补发").rglob("*.xlsx"))


def _id_of_the_first(zone: Path) -> str:
    """What the id of the evaluation that was published first ends with; the clerk reads it in the workbook."""
    with duckdb.connect(str(zone / "warehouse" / "efficiency.duckdb"), read_only=True) as connection:
        ids = connection.sql("SELECT evaluation_id FROM results.evaluations ORDER BY created_at").fetchall()
    assert len(ids) > 1
    return str(ids[0][0]).rpartition("-")[2]


def _quick(policy: Path) -> None:
    """Fewer draws: how firm a tier is does not matter here."""
    policy.write_text(re.sub(r"(?m)^draws = \d+", "draws = 2", policy.read_text("utf-8")), "utf-8")
    load_policy(str(policy))
