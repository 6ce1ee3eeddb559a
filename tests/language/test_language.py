"""What an operator reads is there in Chinese and in English, and the language is the one that is asked for."""

import argparse
import ast
import inspect
import json
import pickle
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders.small_inbox import small_inbox
from conftest import ROOT, efficiency, efficiency_process
from rich.cells import cell_len

from efficiency.cli import COMMANDS
from efficiency.errors import UsageError
from efficiency.language import Text, in_language, joined, language_of_system, say, shown, speaking
from efficiency.language.catalogue import PO, CatalogueError, compiled, entries

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SOURCES = [*(ROOT / "src").rglob("*.py"), *(ROOT / "flows").rglob("*.py")]
CATALOGUE = entries(PO.read_text(encoding="utf-8"))
PROGRAMMER = {
    ".__call__() not defined",
    "'required' is an invalid argument for positionals",
    "mutually exclusive arguments must be optional",
    "%r is not callable",
    "can't open '%(filename)s': %(error)s",
    "cannot merge actions - two groups are named %r",
    "invalid option string %(option)r: must start with a character %(prefix_chars)r",
    "dest= is required for options like %r",
    "invalid conflict_resolution value: %r",
    "cannot have multiple subparser arguments",
    "conflicting subparser: %s",
    "conflicting subparser alias: %s",
    "conflicting option string: %s",
    'argument "-" with mode %r',
}
"""What argparse says to who declares options, never to who uses them."""


def literals(source: str, functions: set[str]) -> Iterator[str | None]:
    """The first arguments of all calls of `functions`; None for one that is no literal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions and node.args:
            first = node.args[0]
            yield first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def messages() -> set[str]:
    """Every message of the program."""
    own = [path for path in SOURCES if path.parent.name != "language"]
    found = {message: path for path in own for message in literals(path.read_text(encoding="utf-8"), {"say"})}
    assert None not in found, f"{found[None]} has a message that is no literal"
    return {message for message in found if message is not None}


def fields(pattern: str) -> list[str]:
    """What is filled into a pattern, of str.format or of %."""
    named = {name for _, name, _, _ in string.Formatter().parse(pattern) if name} if "%" not in pattern else set()
    return sorted([*named, *re.findall(r"%(?:\(\w+\))?[sr]", pattern)])


def test_every_message_has_its_chinese_twin_with_the_same_values() -> None:
    said = messages()
    assert sorted(said - set(CATALOGUE)) == []
    assert [one for one in said if fields(one) != fields(CATALOGUE[one])] == []
    words = [re.sub(r"\{[^}]*\}", "", one) for one in said]
    plain = {one for one, word in zip(said, words, strict=True) if re.search("[a-z]{3}", word)}
    # A command is the same in every language.
    assert [one for one in plain if not CHINESE.search(CATALOGUE[one]) and one.strip() != CATALOGUE[one].strip()] == []


def test_the_catalogue_has_nothing_that_nobody_says() -> None:
    foreign = PO.read_text(encoding="utf-8").partition("# argparse\n")[2]
    assert sorted(set(CATALOGUE) - messages() - set(entries(foreign)) - {""}) == []


def test_argparse_says_nothing_in_english() -> None:
    said = {one for one in literals(inspect.getsource(argparse), {"_", "ngettext"}) if one is not None}
    assert sorted(said - PROGRAMMER - set(CATALOGUE)) == []
    assert [one for one in said & set(CATALOGUE) if fields(one) != fields(CATALOGUE[one])] == []


def test_what_gettext_reads_is_what_is_written_by_hand() -> None:
    assert PO.with_suffix(".mo").read_bytes() == compiled(CATALOGUE), "run: python -m efficiency.language.catalogue"


@pytest.mark.parametrize(
    "text", ['msgid "a"\nmsgid', 'msgid "a"\n', 'msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', "x"]
)
def test_a_catalogue_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(CatalogueError):
        entries(text)


def test_nothing_that_is_raised_or_printed_goes_round_the_catalogue() -> None:
    raised = re.compile(
        r"(?:UsageError|EfficiencyError|StrictError|PlaceError|DeliveryError|WarehouseError|WarehouseBusyError|"
        r"ExplainError|PolicyError|ExpressionError|VariantError)\(\s*f?[\"']"
    )
    shouted = re.compile(r"print\(\s*f?[\"'][A-Za-z]")
    wrong = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in SOURCES
        for pattern in (raised, shouted)
        for found in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    # The name of the command in front of a message that is in the language already.
    assert [one for one in wrong if not one.endswith('print(f"e')] == []


def test_a_message_is_english_for_programs_and_keeps_what_it_was_made_of() -> None:
    inner = say("no evaluation")
    error = UsageError(
        say("There is no file {asked}. Name a version of `efficiency rollback --list` or a copy.", asked=inner)
    )
    assert str(error).startswith("There is no file no evaluation.")
    again = pickle.loads(pickle.dumps(error))
    assert in_language(again, "zh").startswith("没有文件 没有评价。")
    assert json.loads(json.dumps([again.args[0]])) == [str(error)]
    listed = say("built-in: {builtin_ids}", builtin_ids=["a", "b{c}"])
    assert (str(listed), in_language(listed, "zh")) == ("built-in: a, b{c}", "内置的有：a、b{c}")
    assert in_language(joined([listed, "{plain}"], " {} "), "zh") == "内置的有：a、b{c} {} {plain}"
    assert in_language(joined([]), "zh") == ""
    assert in_language(FileNotFoundError(2, "No such file or directory", "x"), "zh") == "没有这个文件或文件夹: x"
    assert in_language("as it is", "zh") == "as it is"


def test_only_who_prints_chooses_the_language() -> None:
    line = say("all hold")
    assert isinstance(line, Text)
    with speaking("zh"):
        assert (shown(line), str(line)) == ("全部一致", "all hold")
    assert shown(line) == "all hold"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de:zh_CN:en"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en:zh"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "zh"}, "en"),
        ({"LANG": "Chinese (Simplified)_China.936"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_system_is_asked_as_gettext_asks_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language_of_system() == language


def test_flag_goes_before_variable_before_project_file_before_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chinese(*options: str) -> bool:
        return "没有数据仓库" in efficiency("status", *options, cwd=tmp_path, check=False).stderr

    assert not chinese()
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert chinese()
    (tmp_path / "efficiency.toml").write_text('language = "en"\n', encoding="utf-8")
    assert not chinese()
    monkeypatch.setenv("EFFICIENCY_LANGUAGE", "zh")
    assert chinese()
    assert not chinese("--language=en")
    assert chinese("--language", "zh")


def test_help_and_usage_errors_of_every_command_are_chinese_within_the_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = [module.__name__.rpartition(".")[2] for module in COMMANDS]
    for name in names:
        text = efficiency(name, "--help", "--language", "zh", cwd=tmp_path).stdout
        described = text.partition("\n\n")[2]
        assert CHINESE.search(described.splitlines()[0]), name
        assert "例：efficiency" in described, name
        english = [line for line in described.splitlines() if re.search(r"  [a-z]+ [a-z]+ [a-z]+", line)]
        assert [line for line in english if "例：" not in line] == [], name
        # The last sign of a line may be punctuation that must not begin the next one.
        assert [line for line in described.splitlines() if cell_len(line) > 82 and "例：" not in line] == [], name
    wrong = efficiency("run", "--language", "zh", cwd=tmp_path, check=False)
    assert (wrong.returncode, "错误：缺少参数：--period" in wrong.stderr) == (2, True)
    assert "usage: efficiency run" in efficiency("run", "--help", cwd=tmp_path).stdout


def test_a_month_is_told_in_chinese_with_lists_by_their_titles(tmp_path: Path) -> None:
    small_inbox(tmp_path / "inbox")
    done = efficiency_process("run", "--period", "2026-10", "--language", "zh", cwd=tmp_path)
    for words in ("新读", "问题：错误", "名单：", "升级改造 ", "数据仓库：", "工作簿：output/2026-10/", "下一步 1："):
        assert words in done.stdout
    assert not re.search(r"\b(upgrade|shutdown|merger|phaseout|verify|Lists|Problems)\b", done.stdout)
    summary = (tmp_path / "output" / "2026-10" / "运行摘要_2026-10.txt").read_text(encoding="utf-8-sig")
    assert done.stdout in summary.partition("\n")[2]
    quiet = efficiency("run", "--period", "2026-10", "--quiet", cwd=tmp_path)
    assert (quiet.stdout, quiet.stderr) == ("", "")
