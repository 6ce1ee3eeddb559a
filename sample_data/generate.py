"""Write the sample inbox: made-up returns of an imaginary zone, as departments would send them.

EVERYTHING IS MADE UP: enterprises, names, credit codes, figures, events, document numbers. Towns are only labels. Any
likeness to a real enterprise is chance; the codes are valid in form but begin their body with YL (样例), as no issued
code does. Random draws are seeded, so `python sample_data/generate.py` writes the same bytes again.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
from pathlib import Path

# Run as a script, Python looks for modules beside the file; ours are named from the repository.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from typing import TYPE_CHECKING

from sample_data.enterprises import all_enterprises
from sample_data.figures import figures
from sample_data.form_205 import form_205, products
from sample_data.ledgers import corrections, incidents, land, register, visits
from sample_data.mistakes import plant
from sample_data.monthly import environment, fuels, power, statistics, tax, water
from sample_data.sheets import CREATED, Book, write
from sample_data.zone import World, world

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample_data.planting import Mistake

HERE = Path(__file__).resolve().parent


DEPARTMENTS: tuple[Callable[[World], dict[str, Book]], ...] = (
    register,
    land,
    statistics,
    tax,
    environment,
    water,
    power,
    fuels,
    form_205,
    products,
    visits,
    incidents,
    corrections,
)


def generate(folder: Path) -> tuple[int, list[Mistake]]:
    """Writes `folder`/inbox anew and `folder`/mistakes.csv; returns the number of files and what was planted."""
    enterprises = all_enterprises()
    zone = world(enterprises, {e.number: figures(e) for e in enterprises})
    files = {path: book for send in DEPARTMENTS for path, book in send(zone).items()}
    planted = plant(files, zone)
    inbox = folder / "inbox"
    shutil.rmtree(inbox, ignore_errors=True)
    for path, book in sorted(files.items()):
        write(inbox / path, book)
        # One time for all, so that the order of arrival is the order of names.
        os.utime(inbox / path, (CREATED.timestamp(), CREATED.timestamp()))
    with (folder / "mistakes.csv").open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out, lineterminator="\n")
        lines.writerow(["rule", "file", "sheet", "cell", "value", "note", "also"])
        lines.writerows([m.rule, m.file, m.sheet, m.cell, m.value, m.note, m.also] for m in planted)
    return len(files), planted


def main() -> None:
    """Command line: `--output FOLDER` writes elsewhere than beside this file."""
    parser = argparse.ArgumentParser(description="Write the made-up sample inbox and the list of its planted mistakes.")
    parser.add_argument("--output", type=Path, default=HERE, help="folder that gets inbox/ and mistakes.csv")
    folder = parser.parse_args().output
    count, planted = generate(folder)
    size = sum(path.stat().st_size for path in (folder / "inbox").rglob("*") if path.is_file())
    print(f"{count} files, {size / 1e6:.1f} MB, {len(planted)} planted mistakes in {folder / 'inbox'}")


if __name__ == "__main__":
    main()
