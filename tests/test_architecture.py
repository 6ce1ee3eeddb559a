"""The house keeps its shape: arrows run one way, one package a job, no module too long to read at a sitting."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("schemas/*.py"), *ROOT.glob("src/efficiency/**/*.py"), *ROOT.glob("flows/*.py")])

# What each part may import of the others. A part not named here is the top: the job and its faces.
MAY_IMPORT = {
    "schemas": {"schemas"},
    "cell_addresses": set(),
    "pieces": {"errors"},
    "processes": set(),
    "reference": {"schemas", "reference"},
    "intake": {"schemas", "reference", "intake", "cell_addresses", "pieces", "errors"},
    "facts": {"schemas", "reference", "facts", "pieces", "errors"},
    "policy": {"schemas", "reference", "policy", "errors"},
    "evaluation": {"schemas", "reference", "facts", "policy", "evaluation", "errors"},
    "warehouse": {
        "schemas",
        "reference",
        "evaluation",
        "facts",
        "policy",
        "warehouse",
        "pieces",
        "processes",
        "errors",
    },
    "reports": {
        "schemas",
        "reference",
        "evaluation",
        "facts",
        "policy",
        "reports",
        "cell_addresses",
        "processes",
        "errors",
    },
}
# Who alone may use a library, and why it is kept to one place is said in that place.
ONLY = {
    "duckdb": {"warehouse"},
    "pandera": {"schemas"},
    "prefect": {"flows"},
    "python_calamine": {"intake", "reports"},  # reports: to name the sheets of a file whose list goes back alone
    "xlsxwriter": {"reports"},
    "sqlglot": {"policy"},
    "pydantic": {"policy", "intake", "operation"},
}


def part_of(path: Path) -> str:
    """The package of the house that a file belongs to."""
    parts = path.relative_to(ROOT).parts
    if parts[0] != "src":
        return parts[0]
    return parts[2] if len(parts) > 3 else path.stem


def imported(path: Path):
    """Every module that a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def target_of(module: str) -> str | None:
    """The part of the house that a module belongs to; None for a library."""
    parts = module.split(".")
    if parts[0] == "efficiency":
        return parts[1] if len(parts) > 1 else "efficiency"
    return parts[0] if parts[0] in ("schemas", "flows") else None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_run_one_way(path):
    allowed = MAY_IMPORT.get(part_of(path))
    if allowed is None:
        return
    targets = {target for module in imported(path) if (target := target_of(module))}
    assert targets - allowed - {"efficiency"} == set()


@pytest.mark.parametrize("library", ONLY)
def test_each_library_has_one_home(library):
    homes = {part_of(path) for path in SOURCES if any(m.split(".")[0] == library for m in imported(path))}
    assert homes <= ONLY[library]
    assert homes, f"{library} is declared but used nowhere"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_says_what_it_is_for_and_can_be_read_at_a_sitting(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)) or (path.name == "__init__.py" and not text.strip())
    assert len(text.splitlines()) <= 400
    assert path.stem not in {"utils", "helpers", "common", "manager", "base", "misc"}
