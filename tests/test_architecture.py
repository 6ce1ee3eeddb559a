"""The house keeps its shape: no circles, arrows that run down, doors that are used, folders one can take in."""

import ast
import graphlib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("schemas/*.py"), *ROOT.glob("src/efficiency/**/*.py"), *ROOT.glob("flows/*.py")])

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"schemas", "system"}),
    frozenset({"language"}),
    frozenset({"errors", "defaults", "cell_addresses", "interpreter", "processes", "streams", "version"}),
    frozenset({"partitions", "parts", "periods"}),
    frozenset({"reference", "project"}),
    frozenset({"intake", "facts", "policy"}),
    frozenset({"evaluation", "monitoring"}),
    frozenset({"warehouse", "reports"}),
    frozenset({"job"}),
    frozenset({"review", "serving"}),
    frozenset({"flows", "doctor"}),
    frozenset({"commands"}),
    frozenset({"cli"}),
    frozenset({"__main__"}),
)
"""From the bottom up: a part may import those of the layers below its own, never one beside it."""

ONLY = {
    "duckdb": {"warehouse"},
    "pandera": {"schemas"},
    "prefect": {"flows"},
    "python_calamine": {"intake", "reports"},  # reports: to name the sheets of a file whose list goes back alone
    "xlsxwriter": {"reports"},
    "sqlglot": {"policy"},
    "pydantic": {"policy", "intake", "project", "flows"},
    "pydantic_settings": {"project"},
}
"""Who alone may use a library; why it is kept to one place is said in that place."""

MOST_ENTRIES = 13
"""Modules and packages of a folder below `src/efficiency/`, its door not counted."""
MOST_LINES = 500
"""Lines of a module, above which it often holds two subjects."""


def module_of(path: Path) -> str:
    """The dotted name of a source file; a package's is that of its door."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "src" else parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in SOURCES}
PACKAGES = {name for name, path in MODULES.items() if path.name == "__init__.py"}


def part_of(module: str) -> str:
    """The part of the house that a module belongs to: a package below `efficiency`, or a module of its root."""
    parts = module.split(".")
    return parts[1] if parts[0] == "efficiency" and len(parts) > 1 else parts[0]


@cache
def imported(module: str) -> frozenset[str]:
    """Every module that a module imports, at any depth and also for its types alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            assert node.module
            given = frozenset() if node.module == module else _given(node.module)
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES and inner not in given else node.module)
    return frozenset(found)


@cache
def _given(package: str) -> frozenset[str]:
    """What a door gives by a name that a module behind it has too, as `explanation.explain`."""
    if package not in PACKAGES:
        return frozenset()
    tree = ast.parse(MODULES[package].read_text(encoding="utf-8"))
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    return frozenset(f"{package}.{alias.asname or alias.name}" for node in imports for alias in node.names)


def edges() -> Iterator[tuple[str, str]]:
    """Who imports whom among our own modules."""
    for module in MODULES:
        for target in imported(module):
            if target in MODULES and target != module:
                yield module, target


def test_there_is_no_circle_of_modules() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for module, target in edges():
        graph[module].add(target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_arrows_run_down() -> None:
    level = {part: number for number, layer in enumerate(LAYERS) for part in layer}
    wrong = [
        f"{module} → {target}"
        for module, target in edges()
        if part_of(module) != part_of(target) and part_of(target) != "efficiency"
        if level[part_of(target)] >= level[part_of(module)]
    ]
    assert wrong == []


def test_every_part_of_the_house_has_its_layer() -> None:
    assert {part_of(module) for module in MODULES} - {"efficiency"} == set().union(*LAYERS)


def test_a_sub_package_is_entered_through_its_door_alone() -> None:
    wrong = []
    for module, target in edges():
        parts = target.split(".")
        for depth in range(3, len(parts)):
            door = ".".join(parts[:depth])
            if door in PACKAGES and module != door and not module.startswith(f"{door}."):
                wrong.append(f"{module} → {target}")
    assert wrong == []


@pytest.mark.parametrize("package", sorted(name for name in PACKAGES if name.count(".") > 0))
def test_a_folder_can_be_taken_in_at_a_glance(package: str) -> None:
    entries = [name for name in MODULES if name.startswith(f"{package}.") and name.count(".") == package.count(".") + 1]
    assert len(entries) <= MOST_ENTRIES or package == "efficiency.commands"  # one a command, under its name


@pytest.mark.parametrize("library", ONLY)
def test_each_library_has_one_home(library: str) -> None:
    homes = {part_of(module) for module in MODULES if any(name.split(".")[0] == library for name in imported(module))}
    assert homes <= ONLY[library]
    assert homes, f"{library} is declared but used nowhere"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is_for_and_can_be_read_at_a_sitting(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= MOST_LINES
    assert MODULES[module].stem not in {"utils", "helpers", "common", "manager", "base", "misc"}


INSIDES = {
    "efficiency.evaluation.robustness": "the draws behind a confidence are no figure that the evaluation gives",
    "efficiency.intake.extraction": "rules of cells, tried on thousands of texts without a file around each",
    "efficiency.intake.formats": "each format is tested by its bytes, and the fast reader against the reference",
    "efficiency.intake.layout": "rules of headers and titles, tried on texts without a file around each",
    "efficiency.intake.parsing": "the check of codes, for codes that are made up",
    "efficiency.intake.resolution": "the folding of names, tried without a file around each",
    "efficiency.job.execution": "the size of a batch, lowered so that few files fill several",
    "efficiency.reports.officials": "words of the lists that a test looks for",
    "efficiency.reports.page": "the page's text and its bundle, without a file",
    "efficiency.reports.submitters": "the package editor is tested part by part: no reader shows all it must keep",
    "efficiency.reports.text": "the limit of a cell's text",
    "efficiency.reports.workbook": "rows of lists, without a whole workbook around them",
    "efficiency.warehouse.schema": "the generated dictionary, and the tables behind partitions",
}
"""Sub-packages behind whose door tests reach for what the door does not give, and why."""


def reached_by_tests() -> Iterator[tuple[str, str, str]]:
    """Test, door and name, wherever a test imports a name from behind the door of a sub-package."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or node.module is None:
                continue
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                parts = (inner if inner in MODULES and inner not in _given(node.module) else node.module).split(".")
                doors = (".".join(parts[:depth]) for depth in range(3, len(parts)))
                yield from ((path.name, door, alias.name) for door in doors if door in PACKAGES)


def test_tests_take_from_a_door_what_it_gives() -> None:
    assert [reached for reached in reached_by_tests() if f"{reached[1]}.{reached[2]}" in _given(reached[1])] == []


def test_tests_reach_behind_doors_only_where_a_reason_is_written() -> None:
    outer = {".".join(door.split(".")[:3]) for _, door, _ in reached_by_tests()}
    assert outer == INSIDES.keys()
