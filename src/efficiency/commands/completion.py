"""`efficiency completion`: a script by which a shell completes commands, options and their values.

It is made from the declarations of the commands, so that what is declared is offered.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efficiency.commands.arguments import Commands, command
from efficiency.language import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHELLS = ("bash", "zsh", "powershell")


@dataclass(frozen=True, slots=True)
class Offer:
    """What may stand at a place: these words, and paths of `files` or `folders`."""

    words: tuple[str, ...] = ()
    paths: str = ""


@dataclass(frozen=True, slots=True)
class Completed:
    """What a command takes."""

    options: tuple[str, ...]
    values: Mapping[str, Offer]
    """Option → what stands behind it; options that take nothing are not here."""
    arguments: Offer
    """What stands there without an option."""


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "completion",
        run,
        say("print the script by which a shell completes commands and options"),
        "efficiency completion bash >> ~/.bash_completion",
    )
    parser.add_argument("shell", choices=SHELLS, help=say("which shell it is for"))
    parser.set_defaults(commands=commands)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    from efficiency.policy.load import builtin_policies
    from efficiency.warehouse.schema import all_views

    known = {"policy": tuple(id_ for id_, _ in builtin_policies()), "view": tuple(view.name for view in all_views())}
    completed = {name: _completed(parser, known) for name, parser in options.commands.choices.items()}
    print({"bash": _bash, "zsh": _zsh, "powershell": _powershell}[options.shell](completed))
    return 0


def _completed(parser: argparse.ArgumentParser, known: Mapping[str, tuple[str, ...]]) -> Completed:
    actions = parser._actions  # argparse has no public list of what a parser takes
    arguments = [_offer(action, known) for action in actions if not action.option_strings]
    paths = [offer.paths for offer in arguments if offer.paths]
    return Completed(
        options=tuple(name for action in actions for name in action.option_strings),
        values={
            name: _offer(action, known) for action in actions if action.nargs != 0 for name in action.option_strings
        },
        arguments=Offer(tuple(word for offer in arguments for word in offer.words), paths[0] if paths else ""),
    )


def _offer(action: argparse.Action, known: Mapping[str, tuple[str, ...]]) -> Offer:
    """By the choices of an option or argument, else by what its declaration calls its value."""
    called = action.metavar if isinstance(action.metavar, str) else ""
    words = tuple(map(str, action.choices or ()))
    if called in {"ID", "ID_OR_FILE"} and action.dest in {"policy", "id"}:
        words = known["policy"]
    elif called == "VIEW":
        words = known["view"]
    return Offer(words, "files" if "FILE" in called else "folders" if called == "DIR" else "")


def _cases(completed: Mapping[str, Completed]) -> Iterator[tuple[list[str], Offer]]:
    """What is offered behind an option, and the places `command --option` that it holds for."""
    places: dict[Offer, list[str]] = {}
    for name, one in completed.items():
        for option, offer in one.values.items():
            places.setdefault(offer, []).append(f"{name} {option}")
    yield from ((where, offer) for offer, where in places.items())


def _shell_cases(completed: Mapping[str, Completed]) -> str:
    """The part that bash and zsh have in common: sets `values` and `paths` for the word at hand."""
    lines = ['    case "$command $before" in']
    for where, offer in _cases(completed):
        pattern = "|".join(f'"{place}"' for place in where)
        lines.append(f'        {pattern}) values="{" ".join(offer.words)}"; paths="{offer.paths}" ;;')
    lines += ["        *)", '            case "$command" in']
    for name, one in completed.items():
        arguments = f'values="{" ".join(one.arguments.words)}"; paths="{one.arguments.paths}"'
        lines.append(f'                "{name}") options="{" ".join(one.options)}"; {arguments} ;;')
    lines += ["            esac", '            case "$word" in -*) values="$options"; paths="" ;; esac ;;', "    esac"]
    return "\n".join(lines)


def _bash(completed: Mapping[str, Completed]) -> str:
    return f"""\
# Completion of efficiency for bash. In ~/.bashrc: eval "$(efficiency completion bash)"
_efficiency() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command="${{COMP_WORDS[1]}}"
    local options="" values="" paths=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{" ".join(completed)} --version --help" -- "$word"))
        return
    fi
{_shell_cases(completed)}
    COMPREPLY=($(compgen -W "$values" -- "$word"))
    local IFS=$'\\n'
    if [ "$paths" = files ]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -f -- "$word"))
    elif [ "$paths" = folders ]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -d -- "$word"))
    fi
}}
complete -F _efficiency efficiency"""


def _zsh(completed: Mapping[str, Completed]) -> str:
    return f"""\
#compdef efficiency
# Completion of efficiency for zsh. In ~/.zshrc, behind compinit: source <(efficiency completion zsh)
_efficiency() {{
    local word="${{words[CURRENT]}}" before="${{words[CURRENT-1]}}" command="${{words[2]}}"
    local options="" values="" paths=""
    if (( CURRENT == 2 )); then
        compadd -- {" ".join(completed)} --version --help
        return
    fi
{_shell_cases(completed)}
    compadd -- ${{=values}}
    case "$paths" in
        files) _files ;;
        folders) _files -/ ;;
    esac
}}
compdef _efficiency efficiency"""


def _powershell(completed: Mapping[str, Completed]) -> str:
    """Where nothing is offered PowerShell offers files itself."""

    def listed(words: tuple[str, ...]) -> str:
        quoted = ", ".join(f"'{word}'" for word in words)
        return f"@({quoted})"

    values = [
        f"        '{place}' {{ {listed(offer.words)}; break }}" for where, offer in _cases(completed) for place in where
    ]
    options = [f"        '{name}' = {listed(one.options)}" for name, one in completed.items()]
    arguments = [
        f"        '{name}' = {listed(one.arguments.words)}" for name, one in completed.items() if one.arguments.words
    ]
    lines = "\n".join
    return f"""\
# Completion for PowerShell. In $PROFILE: efficiency completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName efficiency, efficiency.exe -ScriptBlock {{
    param($word, $ast, $position)
    $options = @{{
{lines(options)}
    }}
    $arguments = @{{
{lines(arguments)}
    }}
    $words = @($ast.CommandElements | ForEach-Object {{ $_.ToString() }})
    if ($word -ne '') {{ $words = @($words | Select-Object -SkipLast 1) }}
    if ($words.Count -lt 2) {{
        $offered = {listed((*completed, "--version", "--help"))}
    }} else {{
        $command = $words[1]
        $offered = switch -CaseSensitive ("$command $($words[-1])") {{
{lines(values)}
        default {{ if ($word -like '-*') {{ $options[$command] }} else {{ $arguments[$command] }} }}
        }}
    }}
    $offered | Where-Object {{ $_ -and $_.StartsWith($word) }} | ForEach-Object {{
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }}
}}"""
