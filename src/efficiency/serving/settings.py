"""Where notices are sent: a webhook and a mail server, from the environment or a file, checked before they are used.

EFFICIENCY_CONFIG names a TOML file with the tables [webhook] and [smtp]; a variable EFFICIENCY_WEBHOOK_URL,
EFFICIENCY_SMTP_HOST … goes before the key of the same name in it. Secrets (the address of a webhook holds its key) are
held so that no message, log or traceback shows them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal
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

from efficiency.errors import UsageError

CONFIG = "EFFICIENCY_CONFIG"
PREFIX = "EFFICIENCY_"
_HOSTS = {"qyapi.weixin.qq.com": "wecom", "oapi.dingtalk.com": "dingtalk"}


def _http(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not an address that begins with https:// or http://")
    return url


def _address(text: str) -> str:
    if not all(parseaddr(text)[1].partition("@")) or any(sign in text for sign in "\r\n"):
        raise ValueError(f"{text!r} is not a mail address")
    return text


def _several(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(_address)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Webhook(_Strict):
    """A robot of a group: 企业微信 (wecom) or 钉钉 (dingtalk)."""

    url: Annotated[SecretStr, AfterValidator(_http)]
    kind: Literal["wecom", "dingtalk"]
    secret: SecretStr | None = None
    """What 钉钉 calls 加签; 企业微信 has none."""

    @model_validator(mode="before")
    @classmethod
    def _known_by_its_host(cls, given: object) -> object:
        if isinstance(given, dict) and "kind" not in given:
            host = urlsplit(str(given.get("url", ""))).hostname or ""
            if host in _HOSTS:
                return {**given, "kind": _HOSTS[host]}
        return given

    @model_validator(mode="after")
    def _secret_is_of_dingtalk(self) -> Webhook:
        if self.secret is not None and self.kind != "dingtalk":
            raise ValueError("secret is for kind dingtalk only")
        return self


class Smtp(_Strict):
    """A mail server and who is written to."""

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(gt=0, lt=65536)] = 587
    security: Literal["starttls", "ssl", "none"] = "starttls"
    user: str | None = None
    password: SecretStr | None = None
    sender: Annotated[Address, Field(alias="from")]
    to: Annotated[tuple[Address, ...], BeforeValidator(_several), Field(min_length=1)]

    @model_validator(mode="after")
    def _password_is_not_sent_openly(self) -> Smtp:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.user is not None and self.security == "none":
            raise ValueError("a password is not sent over an open connection: set security to starttls or ssl")
        return self


class Settings(_Strict):
    """Where notices are sent; none is where nothing is set."""

    webhook: Webhook | None = None
    smtp: Smtp | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must not appear in any message."""
        held = (
            [self.webhook.url, self.webhook.secret] if self.webhook else [],
            [self.smtp.password] if self.smtp else [],
        )
        return tuple(secret.get_secret_value() for part in held for secret in part if secret is not None)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Raises UsageError naming the file or variable that is wrong, never its value."""
    given = _file(environment.get(CONFIG))
    for table, model in (("webhook", Webhook), ("smtp", Smtp)):
        for name, field in model.model_fields.items():
            key = field.alias or name
            value = environment.get(_variable(table, key))
            if value:
                given[table] = {**given.get(table, {}), key: value}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise UsageError("The settings for notices are wrong: " + "; ".join(map(_told, error.errors()))) from None


def _file(name: str | None) -> dict[str, dict[str, object]]:
    """The tables of the file called `name`; none when no file is named."""
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


def _variable(table: str, key: str) -> str:
    return f"{PREFIX}{table}_{key}".upper()


def _told(error: Mapping[str, object]) -> str:
    """One error as the variable that can mend it and what is wrong with it."""
    place = error["loc"]
    words = [str(part) for part in place if not isinstance(part, int)] if isinstance(place, tuple) else []
    message = str(error["msg"]).removeprefix("Value error, ")
    if len(words) > 1:
        return f"{_variable(words[0], words[1])} (key {words[1]} of [{words[0]}]): {message}"
    return f"[{words[0]}]: {message}" if words else message
