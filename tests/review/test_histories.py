"""Whatever was sent, mended, copied, withdrawn and undone, and in whatever order: the audit holds."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from builders.examples import examples
from builders.small_inbox import CODES, NAMES, quick_policy, run, write
from hypothesis import given
from hypothesis import strategies as st

from efficiency.errors import UsageError
from efficiency.review.audit import audit
from efficiency.review.withdrawals import withdraw

FILES = ("8月.csv", "9月.csv", "产出.csv")
REGISTER = [("统一社会信用代码", "企业名称", "行业代码", "规模")]


@dataclass(frozen=True)
class Step:
    """What happens before a run."""

    kind: str
    file: str
    month: int
    figures: tuple[int | str, ...]


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["send", "send", "send", "register", "copy", "withdraw", "undo"]),
        st.sampled_from(FILES),
        st.integers(8, 10),
        # A figure of another unit, and a cell that is refused, give problems to be kept.
        st.tuples(*[st.sampled_from([1, 2, 50000, "约10"])] * 3),
    ),
    min_size=2,
    max_size=5,
)


def happen(folder: Path, step: Step) -> None:
    """Do what `step` says in the inbox or the warehouse of `folder`."""
    inbox, place = folder / "inbox", folder / "warehouse" / "efficiency.duckdb"
    if step.kind == "send":
        rows = [(code, f"2026年{step.month}月", figure, 9) for code, figure in zip(CODES, step.figures, strict=False)]
        write(inbox / step.file, [("统一社会信用代码", "所属期", "实缴税金(万元)", "营业收入(万元)"), *rows])
    elif step.kind == "register":
        count = 1 + step.month % 3
        write(inbox / "名录.csv", [*REGISTER, *((CODES[i], NAMES[i], "3071", "规上") for i in range(count))])
    elif (inbox / step.file).exists():
        if step.kind == "copy":
            shutil.copy(inbox / step.file, inbox / f"副本{step.file}")
            return
        try:
            withdraw(step.file, "误报", place, undo=step.kind == "undo")
        except UsageError as error:  # nothing to undo, withdrawn before, or not read yet
            assert "withdrawn" in str(error) or "knows no file" in str(error)  # noqa: PT017  # both are right


@given(STEPS)
@examples(short=1, long=6)
def test_the_audit_holds_after_any_history(tmp_path_factory: pytest.TempPathFactory, steps: list[Step]) -> None:
    folder = tmp_path_factory.mktemp("history")
    policy = str(quick_policy(folder / "quick.toml"))
    happen(folder, Step("register", "", 8, ()))
    for step in [Step("send", "9月.csv", 9, (1, 50000, "约10")), *steps]:
        happen(folder, step)
        run(folder, policy=policy, reports=False)
    place = folder / "warehouse" / "efficiency.duckdb"
    assert [finding for finding in audit(place) if not finding.holds] == []
