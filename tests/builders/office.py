"""LibreOffice as a reader of our workbooks: what it prints, and what it calculates."""

import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_office = pytest.mark.skipif(
    shutil.which("soffice") is None or shutil.which("pdftotext") is None,
    reason="LibreOffice or pdftotext is not installed",
)
_WORD = re.compile(r'<word xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="[\d.]+">([^<]*)</word>')
_CHINESE = re.compile(r"^[\u4e00-\u9fff]{4,}$")


@dataclass(frozen=True)
class PrintedPage:
    """A page: its words, and the least size in points of its Chinese letters, which are as wide as high."""

    words: tuple[str, ...]
    least: float | None

    @property
    def text(self) -> str:
        return " ".join(self.words)


def converted(path: Path, kind: str, folder: Path) -> Path:
    """`path` as LibreOffice writes it as `kind` (an ending) into `folder`, with a profile of its own."""
    home = f"-env:UserInstallation=file://{folder}/home"
    command = ["soffice", home, "--headless", "--convert-to", kind, "--outdir", str(folder / kind), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return folder / kind / f"{path.stem}.{kind}"


def printed(path: Path, folder: Path) -> list[PrintedPage]:
    """The pages that LibreOffice prints of a workbook."""
    pdf = converted(path, "pdf", folder)
    done = subprocess.run(["pdftotext", "-bbox", str(pdf), "-"], check=True, capture_output=True, timeout=60)
    pages = []
    for page in done.stdout.decode().split("<page ")[1:]:
        words = [(float(left), float(right), text) for left, right, text in _WORD.findall(page)]
        sizes = [(right - left) / len(text) for left, right, text in words if _CHINESE.match(text)]
        pages.append(PrintedPage(tuple(text for *_, text in words), min(sizes, default=None)))
    return pages


def uncalculated(path: Path, target: Path) -> Path:
    """A copy without the stored values of formulas, so that a reader has to calculate them."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
            copy.writestr(name, content)
    return target
