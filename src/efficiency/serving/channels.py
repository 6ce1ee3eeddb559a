"""Sends a notice to a group's robot (企业微信, 钉钉) and by mail. `send` is the only entry.

Written by hand because apprise 1.13 keeps less than is promised of a notice: its plugins count a message that the robot
refuses (HTTP 200 with an errcode) as sent, know no robot at another host, send 企业微信 plain text and 钉钉 a Markdown
message marked as text, write the robot's key into the log at level DEBUG, give no reason of a failure outside that
log, and send a mail of its own to each receiver. Loading its plugins takes 0.9 s of processor time a run.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from typing import Any
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

from efficiency.project.settings import Settings, Smtp, Webhook

log = logging.getLogger("efficiency")

TIMEOUT_S = 15
"""For each step of a conversation: connecting, and each wait for an answer."""
WECOM_BYTES = 4096
"""企业微信 refuses longer texts."""
_NEUTRAL = str.maketrans(
    {"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "‘", "*": "＊", "#": "＃", "\r": " ", "\n": " "}
)
"""Characters that a robot would read as a mention, a link or a format, and the ones written in their place."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A title and lines of plain text."""

    title: str
    lines: tuple[str, ...]

    def cleaned(self, secrets: tuple[str, ...]) -> Notice:
        """The notice without secrets and without characters that have a meaning to a robot."""
        title, *lines = (masked(text, secrets).translate(_NEUTRAL) for text in (self.title, *self.lines))
        return Notice(title, tuple(lines))


def send(notice: Notice, settings: Settings) -> None:
    """Send `notice` to every channel that is set. A failure is logged as a warning, without secrets, not raised."""
    clean = notice.cleaned(settings.secrets)
    channels: list[tuple[str, Callable[[], None]]] = []
    if settings.webhook:
        channels.append(("webhook", partial(_post, settings.webhook, clean)))
    if settings.smtp:
        channels.append(("mail", partial(_mail, settings.smtp, clean)))
    for channel, deliver in channels:
        try:
            deliver()
        except Exception as error:
            log.warning(
                "the notice could not be sent by %s (%s: %s); the run itself is not affected",
                channel,
                type(error).__name__,
                masked(" ".join(str(error).split()), settings.secrets),
            )


def masked(text: str, secrets: tuple[str, ...]) -> str:
    """`text` with every secret, whole or as a part of an address, replaced by ***."""
    for secret in secrets:
        query = secret.partition("?")[2]
        for part in (secret, query, *(pair.partition("=")[2] for pair in query.split("&"))):
            if len(part) >= 4:
                text = text.replace(part, "***")
    return text


class _NoRedirect(HTTPRedirectHandler):
    """Treats a redirect as the error that its status is: only the configured address is contacted."""

    def redirect_request(self, *_: object) -> None:
        """No request follows."""


def _post(webhook: Webhook, notice: Notice) -> None:
    """Send to a robot. Raises OSError when it cannot be reached, RuntimeError when it refuses the message."""
    url = webhook.url.get_secret_value()
    if webhook.secret is not None:
        url += f"{'&' if '?' in url else '?'}{_signature(webhook.secret.get_secret_value(), round(time.time() * 1000))}"
    body = json.dumps(_payload(webhook.kind, notice), ensure_ascii=False).encode()
    # The settings allow the schemes http and https alone.
    request = Request(url, data=body, headers={"Content-Type": "application/json; charset=utf-8"})  # noqa: S310
    with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as response:
        text = response.read(10_000).decode("utf-8", errors="replace")
    # Both robots answer 200 also when they refuse, with the reason in errcode and errmsg.
    with suppress(json.JSONDecodeError):
        answer = json.loads(text)
        if isinstance(answer, dict) and answer.get("errcode", 0) != 0:
            raise RuntimeError(f"refused with errcode {answer['errcode']}: {answer.get('errmsg', '')}")


def _payload(kind: str, notice: Notice) -> dict[str, Any]:
    """The JSON object that a robot of `kind` takes."""
    text = "\n".join([f"**{notice.title}**", *(f"> {line}" for line in notice.lines)])
    if kind == "wecom":
        return {"msgtype": "markdown", "markdown": {"content": _cut(text, WECOM_BYTES)}}
    # 钉钉 joins lines unless a blank line separates them.
    return {"msgtype": "markdown", "markdown": {"title": notice.title, "text": text.replace("\n", "\n\n")}}


def _cut(text: str, limit: int) -> str:
    """As many whole lines of `text` as fit into `limit` bytes; of a first line that does not fit, its beginning."""
    if len(text.encode()) <= limit:
        return text
    more = "\n> …"
    lines = text.split("\n")
    while len(lines) > 1 and len("\n".join(lines).encode()) + len(more.encode()) > limit:
        lines.pop()
    return "\n".join(lines).encode()[: limit - len(more.encode())].decode(errors="ignore") + more


def _signature(secret: str, timestamp_ms: int) -> str:
    """The query that 钉钉 requires with 加签: the time, and its HMAC-SHA256 with the robot's secret."""
    digest = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return f"timestamp={timestamp_ms}&sign={quote(base64.b64encode(digest), safe='')}"


def _mail(smtp: Smtp, notice: Notice) -> None:
    """Send one mail to all receivers. Raises OSError or SMTPException, also where STARTTLS is set and not offered."""
    message = EmailMessage()
    message["Subject"] = notice.title
    message["From"] = smtp.sender
    message["To"] = ", ".join(smtp.to)
    message.set_content("\n".join(notice.lines))
    context = ssl.create_default_context()
    if smtp.security == "ssl":
        server: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_S)
    with server:
        if smtp.security == "starttls":
            server.starttls(context=context)
        if smtp.user is not None and smtp.password is not None:
            server.login(smtp.user, smtp.password.get_secret_value())
        server.send_message(message)
