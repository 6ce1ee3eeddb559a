"""`efficiency explain`: one enterprise's score card, down to the cells."""

from __future__ import annotations

import argparse

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_period, take_warehouse


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Say what the command takes."""
    parser = command(
        commands,
        "explain",
        run,
        "why an enterprise has its tier, and the cells each figure came from",
        "efficiency explain 91370306MA3XXXXX0X --period 2026-10",
    )
    parser.add_argument("key", metavar="KEY", help="统一社会信用代码 or enterprise name")
    take_period(parser)
    parser.add_argument("--policy", metavar="ID", help="which policy, where a period was judged under several")
    parser.add_argument(
        "--all-cells", action="store_true", help="also list every stated figure of two years, used in a total or not"
    )
    take_warehouse(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Tell why an enterprise has its tier."""
    from efficiency.errors import UsageError
    from efficiency.evaluation.explain import explain
    from efficiency.periods import period_start
    from efficiency.reports.card import as_dict, as_text
    from efficiency.warehouse.read import load

    period_start(options.period)
    contents = load(options.warehouse)
    if contents is None:
        raise UsageError(
            f"There is no warehouse {options.warehouse}. Run `efficiency run` first, or name another file with "
            "--warehouse."
        )
    explanation = explain(contents, options.key, options.period, options.policy)
    if options.json:
        print_json(as_dict(explanation))
    else:
        print(as_text(explanation, all_cells=options.all_cells))
    return 0
