"""A notice when a run has ended, published or failed: to a group's robot (企业微信, 钉钉) and by mail.

That a notice cannot be delivered is a warning; it neither hides nor changes what came of the run.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from efficiency.errors import EfficiencyError, UsageError
from efficiency.serving.settings import Settings, Smtp, Webhook, read_settings

if TYPE_CHECKING:
    from efficiency.job.contracts import CompletedRun

log = logging.getLogger("efficiency")

TIMEOUT_S = 15
WECOM_BYTES = 4096
"""企业微信 refuses longer texts."""
WATCHED = 8
"""Findings that a notice names; the others are counted."""
_SIGNS = str.maketrans(
    {"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "‘", "*": "＊", "#": "＃", "\r": " ", "\n": " "}
)
"""What a robot would read as a mention, a link or a format is text in a notice."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told: a title, and lines of plain text."""

    title: str
    lines: tuple[str, ...]

    def cleaned(self, secrets: tuple[str, ...]) -> Notice:
        """Without secrets and without signs that mean something to a robot."""
        title, *lines = (masked(text, secrets).translate(_SIGNS) for text in (self.title, *self.lines))
        return Notice(title, tuple(lines))


def with_notice(periods: str, policy: str, job: Callable[[], CompletedRun]) -> CompletedRun:
    """What `job` returns or raises, after a notice of it has been sent to wherever the settings say.

    `periods` and `policy` are what was asked for, as a failure names them.
    """
    try:
        settings = read_settings()
    except UsageError as error:
        log.warning("%s Nobody will be told how this run ends.", error)
        settings = Settings()
    if settings == Settings():
        return job()
    try:
        finished = job()
    except Exception as error:
        send(failure_notice(periods, policy, error), settings)
        raise
    try:
        from efficiency.job.summary import as_json

        titles = {entry.list: entry.title for one in finished.judged for entry in one.policy.candidate}
        notice = success_notice(as_json(finished), titles)
    except Exception as error:
        log.warning("the notice of this run cannot be drawn up (%s); the run itself is done", type(error).__name__)
    else:
        send(notice, settings)
    return finished


def success_notice(told: Mapping[str, Any], titles: Mapping[str, str]) -> Notice:
    """The notice of a run that is published; `told` is what `--json` prints, `titles` what the lists are called."""
    counts = told["counts"]
    lines = [f"办法：{told['policy_id']}；运行主机：{socket.gethostname()}"]
    for one in told["evaluations"]:
        tiers = "、".join(f"{tier} {count}" for tier, count in one["tiers"].items())
        lists = "、".join(f"{titles.get(name, name)} {count}" for name, count in one["lists"].items()) or "无"
        lines.append(f"{one['period']}：等级 {tiers}；清单 {lists}")
    lines.append(
        f"新读文件 {counts['files_new']} 个；问题：错误 {counts['problems_error']}、警告 {counts['problems_warning']}、"
        f"提示 {counts['problems_note']}"
    )
    watch = [one["message"] for one in told.get("watch", ())]
    lines += watch[:WATCHED]
    if len(watch) > WATCHED:
        lines.append(f"另有 {len(watch) - WATCHED} 项变化，见运行摘要。")
    lines += [
        f"工作簿：{path}"
        for path in told["paths"]["files"]
        if "能耗产出效益评价_" in path.rpartition("/")[2] and "分镇办" not in path
    ]
    periods = "、".join(one["period"] for one in told["evaluations"])
    return Notice(f"能耗产出效益评价 {periods} 已发布", tuple(lines))


def failure_notice(periods: str, policy: str, error: BaseException) -> Notice:
    """The notice of a run that failed. An error of the program is told by its kind alone."""
    said = str(error) if isinstance(error, EfficiencyError) else f"{type(error).__name__}（程序错误，详见运行日志）"
    lines = (f"办法：{policy}；运行主机：{socket.gethostname()}", f"原因：{said}", "请按原因处理后重新运行。")
    return Notice(f"能耗产出效益评价 {periods} 运行失败", lines)


def send(notice: Notice, settings: Settings) -> None:
    """Deliver `notice` to all that is set; what cannot be delivered is a warning."""
    clean = notice.cleaned(settings.secrets)
    ways: list[tuple[str, Callable[[], None]]] = []
    if settings.webhook:
        ways.append(("webhook", partial(post, settings.webhook, clean)))
    if settings.smtp:
        ways.append(("mail", partial(mail, settings.smtp, clean)))
    for way, deliver in ways:
        try:
            deliver()
        except Exception as error:
            why = masked(" ".join(str(error).split()), settings.secrets)
            log.warning(
                "the notice could not be sent by %s (%s: %s); the run itself is not affected",
                way,
                type(error).__name__,
                why,
            )


def masked(text: str, secrets: tuple[str, ...]) -> str:
    """`text` with every secret, whole or as part of an address, replaced by ***."""
    for secret in secrets:
        query = secret.partition("?")[2]
        for part in (secret, query, *(pair.partition("=")[2] for pair in query.split("&"))):
            if len(part) >= 4:
                text = text.replace(part, "***")
    return text


def payload(kind: str, notice: Notice) -> dict[str, Any]:
    """The JSON that the robot takes."""
    text = "\n".join([f"**{notice.title}**", *(f"> {line}" for line in notice.lines)])
    if kind == "wecom":
        return {"msgtype": "markdown", "markdown": {"content": _within(text, WECOM_BYTES)}}
    # 钉钉 joins lines unless a blank line parts them.
    return {"msgtype": "markdown", "markdown": {"title": notice.title, "text": text.replace("\n", "\n\n")}}


def _within(text: str, limit: int) -> str:
    """As many whole lines of `text` as fit into `limit` bytes; the first one in any case."""
    if len(text.encode()) <= limit:
        return text
    more = "\n> …"
    lines = text.split("\n")
    while len(lines) > 1 and len("\n".join(lines).encode()) + len(more.encode()) > limit:
        lines.pop()
    return "\n".join(lines).encode()[: limit - len(more.encode())].decode(errors="ignore") + more


def post(webhook: Webhook, notice: Notice) -> None:
    """Send to a robot. Raises OSError when it cannot be reached, RuntimeError when it does not take the message."""
    url = webhook.url.get_secret_value()
    if webhook.secret is not None:
        url += f"{'&' if '?' in url else '?'}{signature(webhook.secret.get_secret_value(), round(time.time() * 1000))}"
    body = json.dumps(payload(webhook.kind, notice), ensure_ascii=False).encode()
    request = Request(url, data=body, headers={"Content-Type": "application/json; charset=utf-8"})  # noqa: S310  # as below
    with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # the settings allow http and https alone
        text = answer.read(10_000).decode("utf-8", errors="replace")
    # Both answer 200 also when they refuse, and say so in errcode.
    with suppress(json.JSONDecodeError):
        said = json.loads(text)
        if isinstance(said, dict) and said.get("errcode", 0) != 0:
            raise RuntimeError(f"refused with errcode {said['errcode']}: {said.get('errmsg', '')}")


def signature(secret: str, timestamp_ms: int) -> str:
    """The query that 钉钉 asks for with 加签: the time, and its HMAC-SHA256 with the robot's secret."""
    digest = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return f"timestamp={timestamp_ms}&sign={quote(base64.b64encode(digest), safe='')}"


def mail(smtp: Smtp, notice: Notice) -> None:
    """Send as mail. Raises OSError or smtplib.SMTPException; without STARTTLS where it is set, nothing is sent."""
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
