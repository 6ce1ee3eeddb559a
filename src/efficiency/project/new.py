"""What `efficiency init` writes besides templates: the folders of a zone, its project file, a policy of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from efficiency.defaults import DEFAULT_INBOX
from efficiency.errors import UsageError, not_written
from efficiency.language import say
from efficiency.project.file import NAME

POLICY = "policy.toml"
TEMPLATES = "模板"
_ID = re.compile(r'^id = "[^"]*"', re.MULTILINE)
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class NewProject:
    """A project that was made: its parts and the id of its policy."""

    file: Path
    policy: Path
    policy_id: str
    inbox: Path
    templates: Path


def make_project(directory: Path, policy_text: str) -> NewProject:
    """Makes folders, project file and policy in `directory`; templates are left to the caller.

    The policy is `policy_text` under an id of its own: the folder's name where it can be one, else own-policy. Raises
    UsageError where one of the files is there already, and EfficiencyError where one cannot be written.
    """
    made = NewProject(
        directory / NAME, directory / POLICY, _own_id(directory), directory / DEFAULT_INBOX, directory / TEMPLATES
    )
    for path in (made.file, made.policy):
        if path.exists():
            raise UsageError(
                say("{path} is there already and is left as it is. Name another folder, or remove it first.", path=path)
            )
    try:
        for folder in (made.inbox, made.templates):
            folder.mkdir(parents=True, exist_ok=True)
        own, found = _ID.subn(f'id = "{made.policy_id}"', policy_text, count=1)
        if not found:
            raise AssertionError("a built-in policy states its id on a line of its own")
        made.policy.write_text(own, encoding="utf-8")
        text = (resources.files("efficiency.project") / NAME).read_text(encoding="utf-8")
        made.file.write_text(text.replace("POLICY", POLICY, 1), encoding="utf-8")
    except OSError as error:
        raise not_written(directory, error, say("Choose a folder that can be written.")) from error
    return made


def _own_id(directory: Path) -> str:
    name = directory.resolve().name.casefold()
    return f"{name}-policy" if _SLUG.fullmatch(name) and len(name) <= 40 else "own-policy"
