"""No regular expression of the program takes more than linear time, whatever text it is given."""

import ast
import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest
from builders.adversarial import Attack, attacks, text_of

import efficiency
import schemas

FIRST, SHORT, LONG = 5_000, 10_000, 20_000
"""Characters of the text that is looked at first, and of the two that are compared where that one takes time."""
MOST_RATIO = 3
"""Time for the long text by that for the short one: 2 where time grows with the length, 4 where with its square."""
NO_DANGER_S, FLOOR_S, LIMIT_S = 0.0005, 0.004, 1.0
"""Time for the first text and for the long one below which they are no danger: with the square of the length, the first
would be 8 ms for the long text; and the time after which none is waited for."""
LOOKING = {"search": "finditer", "finditer": "finditer", "findall": "finditer", "sub": "finditer", "split": "finditer"}
"""What is done with a pattern → how it is timed: all the matches of a text, or one that begins with it."""

_USE = re.compile(r"\b(\w+)\.(search|finditer|findall|sub|split|match|fullmatch)\b")


class TooSlowError(Exception):
    """A text took longer than the limit."""


@dataclass(frozen=True)
class Used:
    """A pattern as a module uses it."""

    where: str
    pattern: re.Pattern[Any]
    ways: frozenset[str]


def _modules() -> Iterator[ModuleType]:
    for root in (efficiency, schemas):
        yield root
        for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def _within(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (list, tuple, set, frozenset)):
        for one in value:
            yield from _within(one)


def _folded(node: ast.expr, filler: str | bytes) -> Any:
    """The text of an expression; what is only known when it runs is a letter."""
    match node:
        case ast.Constant(value):
            return value
        case ast.BinOp(left, ast.Add(), right):
            return _folded(left, filler) + _folded(right, filler)
        case ast.BinOp(left, ast.Mod(), _):
            text = _folded(left, filler)
            if isinstance(text, bytes) and isinstance(filler, bytes):
                return text.replace(b"%b", filler)
            return str(text).replace("%s", str(filler))
        case ast.JoinedStr(values):
            return "".join(str(one.value) if isinstance(one, ast.Constant) else str(filler) for one in values)
    return filler


def _of_re(function: ast.expr) -> str:
    """Name of a function of `re` that is called; empty for any other."""
    is_re = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re"
    return function.attr if isinstance(function, ast.Attribute) and is_re else ""


def _written_in_calls(module: ModuleType, tree: ast.Module) -> Iterator[Used]:
    """Patterns that stand in a call of a function of `re`."""
    bodies = [node for one in tree.body for node in (one.body if isinstance(one, ast.ClassDef) else (one,))]
    for call in (node for body in bodies if isinstance(body, ast.FunctionDef) for node in ast.walk(body)):
        if isinstance(call, ast.Call) and (name := _of_re(call.func)) not in ("", "escape"):
            constants = [one.value for one in ast.walk(call.args[0]) if isinstance(one, ast.Constant)]
            text = _folded(call.args[0], b"x" if any(isinstance(one, bytes) for one in constants) else "x")
            flags = [getattr(re, word.arg or "", 0) for word in call.keywords] and re.IGNORECASE
            yield Used(
                f"{module.__name__}:{call.lineno}", re.compile(text, flags or 0), frozenset({LOOKING.get(name, name)})
            )


def _patterns() -> list[Used]:
    modules = list(_modules())
    sources = {module.__name__: Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules}
    used_by: dict[str, dict[str, set[str]]] = {name: {} for name in sources}
    used_as: dict[str, set[str]] = {}
    for where, source in sources.items():
        for name, way in _USE.findall(source):
            for used_here in (used_by[where], used_as):
                used_here.setdefault(name, set()).add(LOOKING.get(way, way))
    found: dict[tuple[object, int], Used] = {}
    for module in modules:
        for name, value in vars(module).items():
            ways = frozenset(used_by[module.__name__].get(name) or used_as.get(name) or {"finditer", "fullmatch"})
            for pattern in _within(value):
                found.setdefault((pattern.pattern, pattern.flags), Used(f"{module.__name__}.{name}", pattern, ways))
        source = sources[module.__name__]
        for used in _written_in_calls(module, ast.parse(source)) if "import re\n" in source else ():
            if used.ways != {"compile"}:
                found.setdefault((used.pattern.pattern, used.pattern.flags), used)
            else:
                ways = frozenset({"finditer", "fullmatch"})
                found.setdefault((used.pattern.pattern, used.pattern.flags), Used(used.where, used.pattern, ways))
    return list(found.values())


PATTERNS = _patterns()


def _timed(work: Callable[[Any], object], text: Any) -> float:
    """Processor seconds for one time, the best of three, each repeated until the clock can tell."""
    best = float("inf")
    for _ in range(3):
        times, begun = 0, time.process_time()
        while (taken := time.process_time() - begun) < 2 * FLOOR_S:
            work(text)
            times += 1
        best = min(best, taken / times)
    return best


def _once(work: Callable[[Any], object], text: Any) -> float:
    begun = time.process_time()
    work(text)
    return time.process_time() - begun


def _is_slow(work: Callable[[Any], object], attack: Attack, as_given: Callable[[str], Any]) -> bool:
    """Whether the long text takes too much; most texts are decided by a look at the first."""
    first, short, long = (as_given(text_of(attack, length)) for length in (FIRST, SHORT, LONG))
    if min(_once(work, first) for _ in range(2)) < NO_DANGER_S:
        return False
    seconds = _timed(work, long)
    return seconds > FLOOR_S and seconds > MOST_RATIO * _timed(work, short)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise TooSlowError


def _as_parameter(used: Used) -> Any:
    """What reads the inbox is timed in every run of the tests, the rest in the long ones."""
    marks = [] if used.where.startswith("efficiency.intake.") else [pytest.mark.long]
    return pytest.param(used, id=used.where, marks=marks)


@pytest.mark.long
@pytest.mark.parametrize("used", [_as_parameter(used) for used in PATTERNS])
def test_no_pattern_takes_more_than_linear_time(used: Used) -> None:
    signal.signal(signal.SIGVTALRM, _stop)
    tried = list(attacks(used.pattern))
    as_given: Callable[[str], Any] = str
    if isinstance(used.pattern.pattern, bytes):
        as_given = lambda text: text.encode("latin-1", "replace")  # noqa: E731
    for way in sorted(used.ways):
        work: Callable[[Any], object] = getattr(used.pattern, way)
        if way == "finditer":
            work = lambda text: sum(1 for _ in used.pattern.finditer(text))  # noqa: E731
        for attack in tried:
            signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
            try:
                slow = all(_is_slow(work, attack, as_given) for _ in range(3))
            except TooSlowError:
                slow = True
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            assert not slow, (way, attack, used.pattern.pattern)


@pytest.mark.long
def test_the_test_finds_what_is_slow() -> None:
    """Of each kind one: begun again at every place or within, two ways to match the same, both in a loop, an end."""
    for text in (
        r"t=s[^<>]*>",
        r"<(?:\w+:)?Override\s[^<>]*PartName\s*=\s*[\"']/x[\"'][^<>]*>",
        r"\d+\.?\d*x",
        r"[a-c]+[b-d]*x",
        r"(?:\[a*(?:a)?\])*x",
        r"元:\s*(?!\s*单位)",
    ):
        with pytest.raises(AssertionError):
            test_no_pattern_takes_more_than_linear_time(
                Used("made up", re.compile(text), frozenset({"finditer", "fullmatch"}))
            )
