"""The `efficiency` command: one function a command. Nothing heavy is imported before the command is known."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency import __version__
from efficiency.errors import EfficiencyError

if TYPE_CHECKING:
    from efficiency.month import Finished, Order

DEFAULT_POLICY = "zibo-jkq"
DEFAULT_WAREHOUSE = Path("warehouse/efficiency.duckdb")
DEFAULT_OUTPUT = Path("output")
PERIOD_HELP = "month as YYYY-MM, e.g. 2026-10; a range 2025-11..2026-10 evaluates each month in turn"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status (see the interface: 0, 1, 2, 3)."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        status = options.run(options)
    except EfficiencyError as error:
        if options.debug:
            raise
        print(f"efficiency: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("efficiency: stopped; nothing was published.", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if options.debug:
            raise
        told = " ".join(str(error).split()) or "no message"
        print(
            f"efficiency: {type(error).__name__}: {told}\nNothing was published. This is a fault of the program; "
            "run again with --debug for the traceback and report it.",
            file=sys.stderr,
        )
        return 1
    return int(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="efficiency",
        description="Decides how well each enterprise of a region turns land and energy into output: tiers A to D, "
        "and the candidate lists for upgrade, shutdown, merger and partnering.",
        epilog="Example: efficiency run --inbox sample_data/inbox --period 2026-10",
    )
    parser.add_argument("--version", action="version", version=f"efficiency {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = _command(
        commands,
        "run",
        _run,
        "the monthly job: ingest, validate, evaluate, select, publish",
        "efficiency run --inbox inbox --period 2026-10 --json",
    )
    run.add_argument("--inbox", type=Path, required=True, metavar="DIR", help="folder with the submitted spreadsheets")
    run.add_argument("--period", required=True, metavar="P", help=PERIOD_HELP)
    run.add_argument(
        "--policy",
        default=DEFAULT_POLICY,
        metavar="ID_OR_FILE",
        help="built-in policy or a TOML file (default %(default)s)",
    )
    _warehouse(run)
    run.add_argument(
        "--output",
        type=Path,
        default=DEFAULT_OUTPUT,
        metavar="DIR",
        help="folder for the workbooks (default %(default)s)",
    )
    _mapping(run)
    run.add_argument(
        "--strict", action="store_true", help="publish nothing when there are error-level problems (status 3)"
    )
    run.add_argument(
        "--prefect",
        action="store_true",
        help="as the Prefect flow run that the schedule makes (also when PREFECT_API_URL is set)",
    )
    run.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")

    check = _command(
        commands,
        "check",
        _check,
        "dry run of intake alone: problems, and the workbooks to give back",
        "efficiency check 统计局/2026年10月.xlsx --output returns",
    )
    check.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_DIR", help="workbooks or folders of them")
    check.add_argument("--output", type=Path, metavar="DIR", help="write the marked workbooks to this folder")
    _mapping(check)
    check.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")

    explain = _command(
        commands,
        "explain",
        _explain,
        "why an enterprise has its tier, and the cells each figure came from",
        "efficiency explain 91370306MA3XXXXX0X --period 2026-10",
    )
    explain.add_argument("key", metavar="KEY", help="统一社会信用代码 or enterprise name")
    explain.add_argument("--period", required=True, metavar="P", help="month as YYYY-MM")
    explain.add_argument("--policy", metavar="ID", help="which policy, where a period was judged under several")
    explain.add_argument(
        "--all-cells", action="store_true", help="also list every stated figure of two years, used in a total or not"
    )
    _warehouse(explain)
    explain.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")

    compare = _command(
        commands,
        "compare",
        _compare,
        "who changes tier or list under another policy; publishes nothing",
        "efficiency compare --period 2026-10 --policy zibo-jkq --policy our-policy.toml --output output",
    )
    compare.add_argument("--period", required=True, metavar="P", help="month as YYYY-MM")
    compare.add_argument(
        "--policy",
        action="append",
        required=True,
        metavar="ID_OR_FILE",
        help="built-in policy or a TOML file; give it exactly twice, from and to",
    )
    _warehouse(compare)
    compare.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="also write the workbook 办法比较_P.xlsx to DIR/P (without this nothing is written)",
    )
    compare.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")

    template = _command(
        commands, "template", _template, "write a blank workbook for each form", "efficiency template templates"
    )
    template.add_argument("directory", type=Path, metavar="DIR", help="folder to write them to")

    policies = _command(
        commands,
        "policies",
        _policies,
        "list the built-in policies, or print one to copy and edit",
        "efficiency policies show zibo-jkq > our-policy.toml",
    )
    policies.add_argument("action", nargs="?", choices=["show"], help="print the policy's commented TOML file")
    policies.add_argument("id", nargs="?", metavar="ID", help="which policy to show")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    function: object,
    summary: str,
    example: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + ".", epilog=f"Example: {example}"
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")
    parser.add_argument("--verbose", action="store_true", help="log each step on stderr")
    parser.set_defaults(run=function)
    return parser


def _mapping(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="TOML file that tells the layout of sheets whose headers are not recognised; `check` drafts one",
    )


def _warehouse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--warehouse", type=Path, default=DEFAULT_WAREHOUSE, metavar="FILE", help="DuckDB file (default %(default)s)"
    )


def _run(options: argparse.Namespace) -> int:
    from efficiency.periods import period_range

    periods = period_range(options.period)
    if options.prefect or os.environ.get("PREFECT_API_URL"):
        from flows.monthly import monthly_flow_run

        told = monthly_flow_run(
            inbox=options.inbox,
            period=options.period,
            policy=options.policy,
            warehouse=options.warehouse,
            output=options.output,
            strict=options.strict,
            mapping=options.mapping,
        )
        print(json.dumps(told, ensure_ascii=False, indent=2) if options.json else "\n".join(told["lines"]))
        return 0
    from efficiency.month import Order

    finished = _run_with_progress(
        Order(
            options.inbox,
            periods,
            options.policy,
            options.warehouse,
            options.output,
            options.strict,
            options.mapping,
        )
    )
    from efficiency.summary import as_json, closing_lines

    if options.json:
        print(json.dumps(as_json(finished), ensure_ascii=False, indent=2))
    else:
        print("\n".join(closing_lines(finished)))
    return 0


def _run_with_progress(order: Order) -> Finished:
    """The plain run; with a bar for each step where a person is watching."""
    from efficiency.month import run_month

    if not sys.stderr.isatty():
        return run_month(order)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        shown = {
            step: bars.add_task(step, total=None, start=False)
            for step in ("ingest", "validate", "evaluate", "select", "report", "publish")
        }
        order_of_steps = list(shown)

        def progress(step: str, done: int, total: int) -> None:
            for earlier in order_of_steps[: order_of_steps.index(step)]:
                task = bars.tasks[shown[earlier]]
                if not task.finished:
                    bars.start_task(shown[earlier])
                    bars.update(shown[earlier], total=task.total or 1, completed=task.total or 1)
            bars.start_task(shown[step])
            bars.update(shown[step], total=total, completed=done)

        return run_month(order, progress=progress)


def _check(options: argparse.Namespace) -> int:
    from efficiency.check import check_paths, checked_as_json, checked_lines

    checked = check_paths(options.paths, options.output, options.mapping)
    if options.json:
        print(json.dumps(checked_as_json(checked), ensure_ascii=False, indent=2))
    else:
        print("\n".join(checked_lines(checked)))
    return 0


def _explain(options: argparse.Namespace) -> int:
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
        print(json.dumps(as_dict(explanation), ensure_ascii=False, indent=2))
    else:
        print(as_text(explanation, all_cells=options.all_cells))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from efficiency.errors import UsageError

    if len(options.policy) != 2:
        raise UsageError(
            f"compare takes exactly two policies and was given {len(options.policy)}. Name both, for example: "
            "--policy zibo-jkq --policy our-policy.toml"
        )
    from efficiency.compare import compare_policies
    from efficiency.reports.comparison import as_dict, as_text

    first, second = options.policy
    compared = compare_policies(options.period, (first, second), options.warehouse, options.output)
    if options.json:
        told = as_dict(compared.comparison, compared.period)
        print(json.dumps({**told, "workbook": str(compared.workbook) if compared.workbook else None},
                         ensure_ascii=False, indent=2))
        return 0
    print(as_text(compared.comparison, compared.period))
    if compared.workbook:
        print(f"\nWorkbook: {compared.workbook}")
    return 0


def _template(options: argparse.Namespace) -> int:
    from efficiency.reports.templates import write_templates

    for path in write_templates(options.directory):
        print(path)
    return 0


def _policies(options: argparse.Namespace) -> int:
    from efficiency.errors import UsageError
    from efficiency.policy.load import builtin_policies, builtin_text

    if options.action == "show":
        if not options.id:
            raise UsageError("Name the policy to show, for example: efficiency policies show zibo-jkq")
        print(builtin_text(options.id), end="")
        return 0
    for policy_id, title in builtin_policies():
        print(f"{policy_id:<18} {title}")
    return 0
