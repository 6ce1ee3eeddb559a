"""`efficiency export`: a view of the warehouse as a file for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_warehouse
from efficiency.language import say, shown
from efficiency.periods import as_period


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "export",
        run,
        say("write a view or table of the warehouse to a .csv, .parquet or .xlsx; without a name, say which there are"),
        "efficiency export tiers tiers.xlsx --period 2026-10 --titles",
        lasting=True,
    )
    parser.add_argument("view", nargs="?", metavar="VIEW", help=say("view, e.g. tiers, or table, e.g. facts.output"))
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help=say("file to write, in the format of its ending (times are UTC)"),
    )
    parser.add_argument("--period", type=as_period, metavar="P", help=say("only this month, as YYYY-MM"))
    parser.add_argument("--policy", metavar="ID", help=say("only what this policy decided"))
    parser.add_argument("--titles", action="store_true", help=say("Chinese headers with units, not the columns' names"))
    parser.add_argument("--replace", action="store_true", help=say("replace FILE where it is an earlier export"))
    take_warehouse(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Write the file, or list what there is."""
    from efficiency.errors import UsageError
    from efficiency.periods import period_start
    from efficiency.reports.text import labelled_lines
    from efficiency.reports.workbook import unique_headers, write_export
    from efficiency.warehouse.export import exported, relations

    if options.view is None:
        known = relations(options.warehouse)
        if options.json:
            print_json({"views": known})
        else:
            print("\n".join(labelled_lines((name, meaning) for name, meaning in known.items() if "." not in name)))
            tables = say("Tables: {names}.", names=[name for name in known if "." in name])
            print(f"\n{shown(tables)}")
        return 0
    if options.file is None:
        raise UsageError(
            say("Name the file to write too, for example: efficiency export {view} {view}.csv", view=options.view)
        )
    if options.period is not None:
        period_start(options.period)
    with exported(options.warehouse, options.view, options.period, options.policy) as table:
        headers = unique_headers(table.titles.values()) if options.titles else list(table.titles)
        rows = write_export(options.file, table.name, headers, (table.empty, table.slices), replace=options.replace)
    if options.json:
        print_json({"view": options.view, "rows": rows, "paths": {"files": [str(options.file)]}})
    else:
        print(shown(say("{view}: {rows} rows in {path}", view=options.view, rows=rows, path=options.file)))
    return 0
