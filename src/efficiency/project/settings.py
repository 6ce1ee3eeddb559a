"""The settings of a zone: where its files are, its policy and schedule, and where notices are sent.

A flag of a command goes first, then a variable (`EFFICIENCY_INBOX`, `EFFICIENCY_SMTP_HOST` …), then the file that
`EFFICIENCY_CONFIG` names (for secrets, which are better kept apart), then the project file `efficiency.toml`, then the
default. Relative paths of a file are meant from its folder. Secrets, among them the address of a webhook because it
holds the robot's key, are of type SecretStr, and no message shows them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
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

from efficiency.defaults import DEFAULT_INBOX, DEFAULT_OUTPUT, DEFAULT_POLICY, DEFAULT_WAREHOUSE, Language
from efficiency.errors import UsageError
from efficiency.project.file import PREFIX, VARIABLE, project_file, read_table

CONFIG = f"{PREFIX}CONFIG"
_HOSTS = {"qyapi.weixin.qq.com": "wecom", "oapi.dingtalk.com": "dingtalk"}
_HIDDEN = "***"
_TABLES = ("schedule", "webhook", "smtp")
_PATHS = ("inbox", "warehouse", "output", "mapping")


def _http(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address begins with https:// or http://")
    return url


def _address(text: str) -> str:
    if not all(parseaddr(text)[1].partition("@")) or any(sign in text for sign in "\r\n"):
        raise ValueError("not a mail address")
    return text


def _link(base: str) -> str:
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https", "file") or not (parts.hostname or parts.path.startswith("/")):
        raise ValueError("an address begins with https://, http:// or file://")
    return base.rstrip("/")


def _split_at_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(_address)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Webhook(_Table):
    """A robot of a group: 企业微信 (wecom) or 钉钉 (dingtalk)."""

    url: Annotated[SecretStr, AfterValidator(_http)] = Field(description="the whole address of the robot, key included")
    kind: Literal["wecom", "dingtalk"] = Field(description="follows from the url where the robot is at its own host")
    secret: SecretStr | None = Field(None, description="what 钉钉 calls 加签; 企业微信 has none")

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
            raise ValueError("secret is for kind dingtalk only")
        return self


class Smtp(_Table):
    """A mail server, the sender and the receivers."""

    host: str = Field(min_length=1, description="the mail server's name or address")
    port: int = Field(587, gt=0, lt=65536, description="the mail server's port")
    security: Literal["starttls", "ssl", "none"] = Field("starttls", description="how the connection is encrypted")
    user: str | None = Field(None, description="the name to log in with; goes together with password")
    password: SecretStr | None = Field(None, description="the password to log in with")
    sender: Address = Field(alias="from", description="the sender's mail address")
    to: Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_split_at_commas)] = Field(
        min_length=1, description="the receivers' mail addresses, separated by commas"
    )

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Smtp:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.user is not None and self.security == "none":
            raise ValueError("a password is not sent over an open connection: set security to starttls or ssl")
        return self


class Schedule(_Table):
    """When `efficiency serve` runs the month."""

    cron: str | None = Field(default=None, description="minute, hour, day of the month, month, day of the week")
    timezone: str | None = Field(default=None, description="whose clock the schedule follows, e.g. Asia/Shanghai")


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

    inbox: Path = Field(default=DEFAULT_INBOX, description="folder with the submitted spreadsheets")
    warehouse: Path = Field(default=DEFAULT_WAREHOUSE, description="the DuckDB file")
    output: Path = Field(default=DEFAULT_OUTPUT, description="folder for the workbooks")
    policy: str = Field(default=DEFAULT_POLICY, min_length=1, description="id of a built-in policy, or a TOML file")
    mapping: Path | None = Field(default=None, description="TOML file that tells layouts that are not recognised")
    by: Literal["town"] | None = Field(default=None, description='"town": also a copy of the lists for each town')
    strict: bool = Field(default=False, description="whether a run with error-level problems publishes nothing")
    language: Language = Field(default="zh", description="language of what an operator reads: zh or en")
    links: Annotated[str, AfterValidator(_link)] | None = Field(
        default=None, description="address under which others open the output folder, for links on Prefect's pages"
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
            *(InitSettingsSource(settings_cls, given) for given in map(_of_file, _files()) if given),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must not appear in any message."""
        fields = (
            [self.webhook.url, self.webhook.secret] if self.webhook else [],
            [self.smtp.password] if self.smtp else [],
        )
        return tuple(secret.get_secret_value() for part in fields for secret in part if secret is not None)


def read_settings() -> Settings:
    """The settings of this process.

    Raises UsageError naming the file or the variable that is wrong, its meaning and its value, `***` for a secret.
    """
    if unknown := _unknown_variables():
        raise UsageError(
            f"There is no setting for the variable {unknown[0]}. Correct its name or unset it. "
            f"There are {', '.join(_variables())}, and those of the tables, such as {PREFIX}SMTP_HOST."
        )
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(map(_described, error.errors()))
    except SettingsError as error:  # a whole table given as JSON, which is none: names the field, not the value
        wrong = str(error)
    raise UsageError(f"The settings are wrong: {wrong}. Correct the variable, or the key in {_named_files()}.")


def _variables() -> list[str]:
    """The variables that are no key of a table."""
    return [CONFIG, VARIABLE, *(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)]


def _unknown_variables() -> list[str]:
    """Variables with our prefix that set nothing; a wrong key of a table is told by its own check."""
    tables = tuple(f"{name}_" for name in _variables() if name.removeprefix(PREFIX).lower() in _TABLES)
    given = sorted(name.upper() for name in os.environ if name.upper().startswith(PREFIX))
    return [name for name in given if name not in _variables() and not name.startswith(tables)]


def _files() -> list[Path]:
    """The files that are asked for settings, the first before the others."""
    own, project = os.environ.get(CONFIG), project_file(Path.cwd())
    return [*([Path(own).expanduser()] if own else []), *([project] if project else [])]


def _named_files() -> str:
    """Where a wrong key may stand."""
    found = [str(file) for file in _files()]
    return " or ".join(found) if found else f"the file that {CONFIG} names"


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
    message = str(error["msg"]).removeprefix("Value error, ")
    table, key = (*map(str, error["loc"]), "", "")[:2]
    if not key:
        own = Settings.model_fields.get(table)
        if own is None:
            return f"there is no setting {table!r} (there are {', '.join(Settings.model_fields)})" if table else message
        if own.description is None:  # a table
            return f"[{table}]: {message}"
        return f"{PREFIX}{table.upper()} (key {table}: {own.description}) is {error['input']!r}: {message}"
    models: dict[str, type[_Table]] = {"webhook": Webhook, "schedule": Schedule}
    model = models.get(table, Smtp)
    field = next((field for name, field in model.model_fields.items() if key == (field.alias or name)), None)
    meaning = f": {field.description}" if field else ""
    named = f"{f'{PREFIX}{table}_{key}'.upper()} (key {key} of [{table}]{meaning})"
    if error["type"] == "missing":
        return f"{named} is missing"
    # In [webhook], and under an unknown key, any value may be a secret that was written in the wrong place.
    shown = field is not None and table != "webhook" and "SecretStr" not in str(field.annotation)
    return f"{named} is {error['input']!r}: {message}" if shown else f"{named} is {_HIDDEN}: {message}"
