"""Where notices are sent: a group's robot and a mail server, read from the environment and from a file.

`EFFICIENCY_CONFIG` names a TOML file with the tables [webhook] and [smtp]. A variable (`EFFICIENCY_WEBHOOK_URL`,
`EFFICIENCY_SMTP_HOST` …) goes before the key of the same name in the file. Secrets, among them the address of a
webhook because it holds the robot's key, are of type SecretStr, and no message shows them.
"""

from __future__ import annotations

import os
import tomllib
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

from efficiency.errors import UsageError

PREFIX = "EFFICIENCY_"
CONFIG = f"{PREFIX}CONFIG"
_HOSTS = {"qyapi.weixin.qq.com": "wecom", "oapi.dingtalk.com": "dingtalk"}
_HIDDEN = "***"


def _http(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address begins with https:// or http://")
    return url


def _address(text: str) -> str:
    if not all(parseaddr(text)[1].partition("@")) or any(sign in text for sign in "\r\n"):
        raise ValueError("not a mail address")
    return text


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


class Settings(BaseSettings):
    """Where notices are sent; both fields are None where nothing is set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

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
        return init_settings, env_settings, InitSettingsSource(settings_cls, _read_tables(os.environ.get(CONFIG)))

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
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(map(_described, error.errors()))
    except SettingsError as error:  # a whole table given as JSON, which is none: names the field, not the value
        wrong = str(error)
    raise UsageError(
        f"The settings for notices are wrong: {wrong}. "
        f"Correct the variable, or the key in the file that {CONFIG} names."
    )


def _read_tables(name: str | None) -> dict[str, dict[str, object]]:
    """The tables of the TOML file called `name`; none when no file is named."""
    if not name:
        return {}
    try:
        tables = tomllib.loads(Path(name).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # The parser's words may quote a line of the file, which may be a secret.
        why = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise UsageError(f"{CONFIG} names {name}, which cannot be read as TOML ({why}). Correct the file.") from None
    wrong = [key for key, value in tables.items() if not isinstance(value, dict)]
    if wrong:
        raise UsageError(f"{name} has {', '.join(wrong)} outside of a table. Write it below [webhook] or [smtp].")
    return tables


def _described(error: Mapping[str, Any]) -> str:
    """One error of pydantic: the variable and the key that it is about, their meaning, the value, what is wrong."""
    message = str(error["msg"]).removeprefix("Value error, ")
    table, key = (*map(str, error["loc"]), "", "")[:2]
    if not key:
        return f"[{table}]: {message}" if table else message
    model = Webhook if table == "webhook" else Smtp
    field = next((field for name, field in model.model_fields.items() if key == (field.alias or name)), None)
    meaning = f": {field.description}" if field else ""
    named = f"{f'{PREFIX}{table}_{key}'.upper()} (key {key} of [{table}]{meaning})"
    if error["type"] == "missing":
        return f"{named} is missing"
    # In [webhook], and under an unknown key, any value may be a secret that was written in the wrong place.
    shown = field is not None and table == "smtp" and "SecretStr" not in str(field.annotation)
    return f"{named} is {error['input']!r}: {message}" if shown else f"{named} is {_HIDDEN}: {message}"
