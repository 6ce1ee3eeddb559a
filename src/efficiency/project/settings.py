"""The settings of a zone: where its files are, its policy and schedule, and where notices are sent.

A flag of a command goes first, then a variable (`EFFICIENCY_INBOX`, `EFFICIENCY_SMTP_HOST` …), then the file that
`EFFICIENCY_CONFIG` names (for secrets, which are better kept apart), then the project file `efficiency.toml`, then the
default. Relative paths of a file are meant from its folder. Secrets, among them the address of a webhook because it
holds the robot's key, are of type SecretStr, and no message shows them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from efficiency.defaults import DEFAULT_INBOX, DEFAULT_OUTPUT, DEFAULT_POLICY, DEFAULT_WAREHOUSE
from efficiency.errors import UsageError
from efficiency.language import Language, joined, of_pydantic, say
from efficiency.project.file import CONFIG, PREFIX, VARIABLE, read_table, settings_files

_HOSTS = {"qyapi.weixin.qq.com": "wecom", "oapi.dingtalk.com": "dingtalk"}
_HIDDEN = "***"
_TABLES = ("schedule", "webhook", "smtp")
_PATHS = ("inbox", "warehouse", "output", "mapping")


def _http(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(say("an address begins with https:// or http://"))
    return url


def _address(text: str) -> str:
    if not all(parseaddr(text)[1].partition("@")) or any(sign in text for sign in "\r\n"):
        raise ValueError(say("not a mail address"))
    return text


def _link(base: str) -> str:
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https", "file") or not (parts.hostname or parts.path.startswith("/")):
        raise ValueError(say("an address begins with https://, http:// or file://"))
    return base.rstrip("/")


def _split_at_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(_address)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Webhook(_Table):
    """A robot of a group: 企业微信 (wecom) or 钉钉 (dingtalk)."""

    url: Annotated[SecretStr, AfterValidator(_http)] = Field(
        description=say("the whole address of the robot, key included")
    )
    kind: Literal["wecom", "dingtalk"] = Field(
        description=say("follows from the url where the robot is at its own host")
    )
    secret: SecretStr | None = Field(None, description=say("what 钉钉 calls 加签; 企业微信 has none"))

    @model_validator(mode="before")
    @classmethod
    def _kind_from_host(cls, given: object) -> object:
        if isinstance(given, dict) and "kind" not in given:
            host = urlsplit(str(given.get("url", ""))).hostname or ""
            if host in _HOSTS:
                return {**given, "kind": _HOSTS[host]}
        return given

    @model_validator(mode="after")
    def _secret_only_for_dingtalk(self) -> Webhook:
        if self.secret is not None and self.kind != "dingtalk":
            raise ValueError(say("secret is for kind dingtalk only"))
        return self


class Smtp(_Table):
    """A mail server, the sender and the receivers."""

    host: str = Field(min_length=1, description=say("the mail server's name or address"))
    port: int = Field(587, gt=0, lt=65536, description=say("the mail server's port"))
    security: Literal["starttls", "ssl", "none"] = Field("starttls", description=say("how the connection is encrypted"))
    user: str | None = Field(None, description=say("the name to log in with; goes together with password"))
    password: SecretStr | None = Field(None, description=say("the password to log in with"))
    sender: Address = Field(alias="from", description=say("the sender's mail address"))
    to: Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_split_at_commas)] = Field(
        min_length=1, description=say("the receivers' mail addresses, separated by commas")
    )

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Smtp:
        if (self.user is None) != (self.password is None):
            raise ValueError(say("user and password go together"))
        if self.user is not None and self.security == "none":
            raise ValueError(say("a password is not sent over an open connection: set security to starttls or ssl"))
        return self


class Schedule(_Table):
    """When `efficiency serve` runs the month."""

    cron: str | None = Field(default=None, description=say("minute, hour, day of the month, month, day of the week"))
    timezone: str | None = Field(default=None, description=say("whose clock the schedule follows, e.g. Asia/Shanghai"))


class Settings(BaseSettings):
    """What a project says; without a project file and variables, the defaults."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    inbox: Path = Field(default=DEFAULT_INBOX, description=say("folder with the submitted spreadsheets"))
    warehouse: Path = Field(default=DEFAULT_WAREHOUSE, description=say("the DuckDB file"))
    output: Path = Field(default=DEFAULT_OUTPUT, description=say("folder for the workbooks"))
    policy: str = Field(
        default=DEFAULT_POLICY, min_length=1, description=say("id of a built-in policy, or a TOML file")
    )
    mapping: Path | None = Field(default=None, description=say("TOML file that tells layouts that are not recognised"))
    by: Literal["town"] | None = Field(default=None, description=say('"town": also a copy of the lists for each town'))
    strict: bool = Field(default=False, description=say("whether a run with error-level problems publishes nothing"))
    language: Language | None = Field(
        default=None, description=say("language of what an operator reads: zh or en; without it, that of the system")
    )
    links: Annotated[str, AfterValidator(_link)] | None = Field(
        default=None, description=say("address under which others open the output folder, for links on Prefect's pages")
    )
    schedule: Schedule = Schedule()
    webhook: Webhook | None = None
    smtp: Smtp | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The first source that has a value gives it: arguments, then the environment, then the file."""
        return (
            init_settings,
            env_settings,
            *(InitSettingsSource(settings_cls, given) for given in map(_of_file, settings_files()) if given),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must not appear in any message."""
        fields = (
            [self.webhook.url, self.webhook.secret] if self.webhook else [],
            [self.smtp.password] if self.smtp else [],
        )
        return tuple(secret.get_secret_value() for part in fields for secret in part if secret is not None)


@dataclass(frozen=True, slots=True)
class Origin:
    """A setting as it holds, and who says so."""

    name: str
    """As in the file: `inbox`, `schedule.cron`."""
    value: str | None
    """`***` for a secret; None where there is none."""
    source: str | None
    """The variable or the file; None for a default."""


def origins(settings: Settings) -> Iterator[Origin]:
    """Every setting with the variable or the file that says it, or none where it is a default."""
    variables = {name.upper() for name, value in os.environ.items() if value}
    files = [(file, read_table(file)) for file in settings_files()]

    def source(name: str, table: str = "") -> str | None:
        variable = f"{PREFIX}{f'{table}_{name}' if table else name}".upper()
        if variable in variables:
            return variable
        for file, given in files:
            stated = given.get(table, {}) if table else given
            if isinstance(stated, dict) and name in stated:
                return str(file)
        return None

    for name, value in settings:
        if name not in _TABLES:
            yield Origin(name, None if value is None else str(value), source(name))
        elif isinstance(value, BaseModel):
            for key, field in type(value).model_fields.items():
                stated = getattr(value, key)
                hidden = isinstance(stated, SecretStr) or (name, key) == ("smtp", "user")
                shown = _HIDDEN if hidden and stated is not None else stated
                written = ", ".join(shown) if isinstance(shown, tuple) else shown
                named = field.alias or key
                yield Origin(f"{name}.{named}", None if written is None else str(written), source(named, name))


def read_settings() -> Settings:
    """The settings of this process.

    Raises UsageError naming the file or the variable that is wrong, its meaning and its value, `***` for a secret.
    """
    if unknown := _unknown_variables():
        raise UsageError(
            say(
                "There is no setting for the variable {unknown}. Correct its name or unset it. There are "
                "{variables}, and those of the tables, such as {prefix}SMTP_HOST.",
                unknown=unknown[0],
                variables=_variables(),
                prefix=PREFIX,
            )
        )
    try:
        return Settings()
    except ValidationError as error:
        wrong: str = joined(map(_described, error.errors()), "; ")
    except SettingsError as error:  # a whole table given as JSON, which is none: names the field, not the value
        wrong = str(error)
    raise UsageError(
        say(
            "The settings are wrong: {wrong}. Correct the variable, or the key in {named_files}.",
            wrong=wrong,
            named_files=_named_files(),
        )
    )


def _variables() -> list[str]:
    """The variables that are no key of a table."""
    return [CONFIG, VARIABLE, *(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)]


def _unknown_variables() -> list[str]:
    """Variables with our prefix that set nothing; a wrong key of a table is told by its own check."""
    tables = tuple(f"{name}_" for name in _variables() if name.removeprefix(PREFIX).lower() in _TABLES)
    given = sorted(name.upper() for name in os.environ if name.upper().startswith(PREFIX))
    return [name for name in given if name not in _variables() and not name.startswith(tables)]


def _named_files() -> str:
    """Where a wrong key may stand."""
    found = [str(file) for file in settings_files()]
    if len(found) > 1:
        return say("{first} or {second}", first=found[0], second=found[1])
    return found[0] if found else say("the file that {variable} names", variable=CONFIG)


def _of_file(file: Path) -> dict[str, object]:
    """What a file sets, its relative paths as from its folder."""
    given = read_table(file)
    for key in _PATHS:
        if isinstance(value := given.get(key), str):
            given[key] = str(file.parent / value)
    # A policy goes by its id or by its file.
    if isinstance(policy := given.get("policy"), str) and (file.parent / policy).is_file():
        given["policy"] = str(file.parent / policy)
    return given


def _described(error: Mapping[str, Any]) -> str:
    """One error of pydantic: the variable and the key that it is about, their meaning, the value, what is wrong."""
    message = of_pydantic(error)
    table, key = (*map(str, error["loc"]), "", "")[:2]
    if not key:
        own = Settings.model_fields.get(table)
        if own is None:
            if not table:
                return message
            fields = list(Settings.model_fields)
            return say("there is no setting {table!r} (there are {fields})", table=table, fields=fields)
        if own.description is None:  # a table
            return f"[{table}]: {message}"
        named = say(
            "{variable} (key {key}: {meaning})", variable=f"{PREFIX}{table.upper()}", key=table, meaning=own.description
        )
        return say("{named} is {value}: {message}", named=named, value=repr(error["input"]), message=message)
    models: dict[str, type[_Table]] = {"webhook": Webhook, "schedule": Schedule}
    model = models.get(table, Smtp)
    field = next((field for name, field in model.model_fields.items() if key == (field.alias or name)), None)
    named = say(
        "{variable} (key {key} of [{table}]{meaning})",
        variable=f"{PREFIX}{table}_{key}".upper(),
        key=key,
        table=table,
        meaning=joined([": ", field.description], "") if field and field.description else "",
    )
    if error["type"] == "missing":
        return say("{named} is missing", named=named)
    # In [webhook], and under an unknown key, any value may be a secret that was written in the wrong place.
    shown = field is not None and table != "webhook" and "SecretStr" not in str(field.annotation)
    value = repr(error["input"]) if shown else _HIDDEN
    return say("{named} is {value}: {message}", named=named, value=value, message=message)
