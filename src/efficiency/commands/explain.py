"""`efficiency explain`: one enterprise's score card, down to the cells; or a workbook of it, or one for each."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_period, take_warehouse
from efficiency.language import say, shown

if TYPE_CHECKING:
    from efficiency.warehouse.read import Contents


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "explain",
        run,
        say("why an enterprise has its tier, and the cells each figure came from"),
        "efficiency explain 91370306MA3XXXXX0X --period 2026-10",
    )
    parser.add_argument("key", metavar="KEY", nargs="?", help=say("统一社会信用代码 or enterprise name"))
    parser.add_argument(
        "--all", action="store_true", help=say("with --output: a card for every enterprise of the period")
    )
    take_period(parser)
    parser.add_argument("--policy", metavar="ID", help=say("which policy, where a period was judged under several"))
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=say("write the card as a one-page workbook (一企一单) into this folder"),
    )
    parser.add_argument(
        "--all-cells",
        action="store_true",
        help=say("also list every stated figure of two years, used in a total or not"),
    )
    take_warehouse(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print why an enterprise has its tier, or write it as a workbook for the enterprise to confirm."""
    from efficiency.errors import UsageError
    from efficiency.evaluation.explanation import FIGURES, JUDGED
    from efficiency.periods import period_start
    from efficiency.warehouse.read import existing

    if bool(options.key) == options.all:
        raise UsageError(say("Name one enterprise (code or name), or give --all with --output DIR."))
    if options.all and options.output is None:
        raise UsageError(say("--all writes a workbook for each enterprise: say where with --output DIR."))
    period_start(options.period)
    contents = existing(options.warehouse, (*JUDGED, *FIGURES) if options.all else JUDGED)
    return _all(options, contents) if options.all else _one(options, contents)


def _one(options: argparse.Namespace, contents: Contents) -> int:
    """Print or write the card of one enterprise."""
    from efficiency.evaluation.explanation import FIGURES, explain
    from efficiency.reports.card import card_as_dict, card_as_text
    from efficiency.warehouse.read import Contents, load

    def figures_of(uscc: str) -> Contents:
        return load(options.warehouse, FIGURES, uscc=uscc) or Contents()

    explanation = explain(contents, options.key, options.period, options.policy, figures_of)
    if options.output is None:
        if options.json:
            print_json(card_as_dict(explanation))
        else:
            print(card_as_text(explanation, all_cells=options.all_cells))
        return 0
    from efficiency.reports.card import card_file_names, write_card

    path = options.output / card_file_names([explanation])[0]
    write_card(path, explanation)
    if options.json:
        print_json({**card_as_dict(explanation), "paths": {"files": [str(path)]}})
    else:
        print(shown(say("Card: {path}", path=path)))
    return 0


def _all(options: argparse.Namespace, contents: Contents) -> int:
    """Write a workbook for each enterprise of the period."""
    from efficiency.evaluation.explanation import explain_all
    from efficiency.reports.card import card_file_names, write_card

    paths: list[Path] = []
    # One at a time: a province's cards need not fit into memory together. Each file name begins with the code.
    for explanation in explain_all(contents, options.period, options.policy):
        paths.append(options.output / card_file_names([explanation])[0])
        write_card(paths[-1], explanation)
    if options.json:
        print_json({"period": options.period, "cards": len(paths), "paths": {"files": [str(path) for path in paths]}})
    else:
        print(shown(say("Cards: {number} workbooks in {folder}", number=len(paths), folder=options.output)))
    return 0
