"""Notices of a run's end: what a group's robot and a mail server get, and that they never touch the run itself."""

import base64
import email
import email.policy
import hashlib
import hmac
import json
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import SampleRun

from efficiency.errors import EfficiencyError
from efficiency.job.contracts import CompletedRun
from efficiency.project.settings import Settings
from efficiency.serving.channels import Notice, send
from efficiency.serving.notify import failure_notice, success_notice, with_notice

KEY = "s3cr3t-key-of-the-robot"
NOTICE = Notice("能耗产出效益评价 2026-10 已发布", ("第一行", "第二行"))


class Robot(HTTPServer):
    """A local server that takes what a robot is sent; `answer` is its status and body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RobotHandler)
        self.received: list[tuple[str, Any]] = []
        self.answer = (200, b'{"errcode":0,"errmsg":"ok"}')
        self.headers: dict[str, str] = {}
        self.url = f"http://127.0.0.1:{self.server_port}/cgi-bin/webhook/send?key={KEY}"


class RobotHandler(BaseHTTPRequestHandler):
    """Keeps path and body of each request."""

    server: Robot

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.reply(json.loads(body))

    def do_GET(self) -> None:
        self.reply(None)

    def reply(self, body: object) -> None:
        self.server.received.append((self.path, body))
        status, answer = self.server.answer
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


def running_robot() -> Iterator[Robot]:
    with Robot() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


robot = pytest.fixture(running_robot, name="robot")
elsewhere = pytest.fixture(running_robot, name="elsewhere")


class MailSink(threading.Thread):
    """A mail server of one conversation: offers STARTTLS when it has a context, and keeps what it hears."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(daemon=True)
        self.context, self.message = context, b""
        self.heard: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(20)
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self) -> None:
        try:
            connection, _ = self.socket.accept()
            with connection:
                connection.settimeout(20)
                self.converse(connection)
        except OSError:
            pass  # the client gave up
        finally:
            self.socket.close()

    def converse(self, connection: socket.socket, greeting: str | None = "220 sink") -> None:
        stream = connection.makefile("rwb")

        def say(line: str) -> None:
            stream.write(line.encode() + b"\r\n")
            stream.flush()

        if greeting:
            say(greeting)
        while line := stream.readline().decode().strip():
            self.heard.append(line)
            word = line.split()[0].upper()
            if word == "EHLO" and isinstance(connection, ssl.SSLSocket):
                say("250-sink\r\n250 AUTH PLAIN")
            elif word == "EHLO":
                say("250-sink\r\n250 STARTTLS" if self.context else "250 sink")
            elif word == "STARTTLS":
                say("220 go on")
                assert self.context
                with self.context.wrap_socket(connection, server_side=True) as secure:
                    self.converse(secure, greeting=None)
                return
            elif word == "AUTH":
                say("235 ok")
            elif word == "DATA":
                say("354 go on")
                lines = []
                while (part := stream.readline()) != b".\r\n":
                    lines.append(part)
                self.message = b"".join(lines)
                say("250 kept")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


def hook(url: str, kind: str = "wecom", **more: str) -> Settings:
    return Settings.model_validate({"webhook": {"url": url, "kind": kind, **more}})


def post_box(port: int, **more: str) -> Settings:
    smtp = {"host": "localhost", "port": port, "from": "run@example.cn", "to": "a@example.cn, b@example.cn", **more}
    return Settings.model_validate({"smtp": smtp})


def test_wecom_gets_its_markdown(robot: Robot) -> None:
    send(NOTICE, hook(robot.url))
    ((path, body),) = robot.received
    assert path.endswith(f"key={KEY}")
    assert body == {"msgtype": "markdown", "markdown": {"content": f"**{NOTICE.title}**\n> 第一行\n> 第二行"}}


def test_dingtalk_gets_a_title_and_a_signature(robot: Robot) -> None:
    send(NOTICE, hook(robot.url, "dingtalk", secret="SECabc"))
    ((path, body),) = robot.received
    assert body["msgtype"] == "markdown"
    assert set(body["markdown"]) == {"title", "text"}
    query = parse_qs(urlsplit(path).query)
    signed = hmac.new(b"SECabc", f"{query['timestamp'][0]}\nSECabc".encode(), hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(signed).decode()]


def test_a_long_notice_is_cut_at_a_line_and_fits(robot: Robot) -> None:
    send(Notice("题", tuple("长" * 100 for _ in range(50))), hook(robot.url))
    content = robot.received[0][1]["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert content.endswith("长\n> …")


def test_a_name_mentions_nobody_and_makes_no_link(robot: Robot) -> None:
    send(Notice("题", ("<@all> [点我](http://x) \n# 大",)), hook(robot.url))
    content = robot.received[0][1]["markdown"]["content"]
    assert "<@all>" not in content
    assert "[点我]" not in content
    assert "\n#" not in content


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, b'{"errcode":93000,"errmsg":"invalid webhook url"}'), "errcode 93000"),
        ((500, b""), "HTTP Error 500"),
    ],
)
def test_a_robot_that_refuses_is_a_warning(
    robot: Robot, caplog: pytest.LogCaptureFixture, answer: tuple[int, bytes], says: str
) -> None:
    robot.answer = answer
    send(NOTICE, hook(robot.url))
    assert says in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    robot: Robot, elsewhere: Robot, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    robot.answer, robot.headers = (status, b""), {"Location": elsewhere.url}
    send(NOTICE, hook(robot.url))
    assert elsewhere.received == []
    assert f"HTTP Error {status}" in caplog.text
    assert KEY not in caplog.text


def test_a_server_that_is_away_is_a_warning_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    send(NOTICE, hook(f"http://127.0.0.1:{port}/send?key={KEY}"))
    send(NOTICE, post_box(port, security="none"))
    assert caplog.text.count("could not be sent") == 2
    assert KEY not in caplog.text


def test_mail_is_readable_chinese_to_everybody_named() -> None:
    sink = MailSink()
    send(NOTICE, post_box(sink.port, security="none"))
    sink.join(20)
    message = email.message_from_bytes(sink.message, policy=email.policy.default)
    assert message["Subject"] == NOTICE.title
    assert message["To"] == "a@example.cn, b@example.cn"
    assert message.get_content().splitlines() == ["第一行", "第二行"]
    assert [line for line in sink.heard if line.startswith("rcpt")] == [
        "rcpt TO:<a@example.cn>",
        "rcpt TO:<b@example.cn>",
    ]


def test_no_mail_goes_out_openly_where_starttls_is_set_and_not_offered(caplog: pytest.LogCaptureFixture) -> None:
    sink = MailSink()
    send(NOTICE, post_box(sink.port, user="u", password="p4ssword"))
    sink.join(20)
    assert sink.message == b""
    assert not any(line.startswith("AUTH") for line in sink.heard)
    assert "STARTTLS" in caplog.text
    assert "p4ssword" not in caplog.text


def own_certificate(folder: Path) -> Path:
    """A certificate of localhost that signs itself, and its key, as one file."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "own.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


def test_the_password_goes_over_starttls_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = own_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    sink = MailSink(context)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    send(NOTICE, post_box(sink.port, user="u", password="p4ssword"))
    sink.join(20)
    words = [line.split()[0].upper() for line in sink.heard]
    assert words.index("STARTTLS") < words.index("AUTH")
    assert base64.b64decode(sink.heard[words.index("AUTH")].split()[-1]) == b"\0u\0p4ssword"
    assert sink.message


def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate(tmp_path))
    sink = MailSink(context)
    send(NOTICE, post_box(sink.port, user="u", password="p4ssword"))
    sink.join(20)
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
    assert "AUTH" not in " ".join(sink.heard)


# ---- the run


def test_a_failed_run_is_notified_and_fails_as_before(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFICIENCY_WEBHOOK_URL", robot.url)
    monkeypatch.setenv("EFFICIENCY_WEBHOOK_KIND", "wecom")
    error = EfficiencyError("the disk is full")

    def job() -> CompletedRun:
        raise error

    with pytest.raises(EfficiencyError) as caught:
        with_notice("2026-10", "zibo-jkq", job)
    assert caught.value is error
    content = robot.received[0][1]["markdown"]["content"]
    assert "2026-10 运行失败" in content
    assert "the disk is full" in content


def test_of_an_error_of_the_program_only_the_type_is_named() -> None:
    assert "ZeroDivisionError" in failure_notice("2026-10", "p", ZeroDivisionError("figures of an enterprise")).lines[1]
    assert "figures" not in " ".join(failure_notice("2026-10", "p", ZeroDivisionError("figures")).lines)


def test_wrong_settings_do_not_stop_a_run(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("EFFICIENCY_WEBHOOK_URL", "nonsense")
    finished = cast("CompletedRun", object())
    assert with_notice("2026-10", "zibo-jkq", lambda: finished) is finished
    assert "EFFICIENCY_WEBHOOK" in caplog.text


def test_a_failing_notice_hides_no_result(
    robot: Robot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EFFICIENCY_WEBHOOK_URL", robot.url)
    monkeypatch.setenv("EFFICIENCY_WEBHOOK_KIND", "wecom")
    finished = cast("CompletedRun", object())  # of which no notice can be composed
    with caplog.at_level(logging.WARNING):
        assert with_notice("2026-10", "zibo-jkq", lambda: finished) is finished
    assert "cannot be written" in caplog.text


def test_the_notice_of_a_run_holds_tiers_lists_problems_and_what_is_missing(sample_run: SampleRun) -> None:
    notice = success_notice(sample_run.told, {"shutdown": "关停", "upgrade": "升级改造", "verify": "待核实"})
    text = "\n".join(notice.lines)
    assert notice.title == "能耗产出效益评价 2026-10 已发布"
    assert "等级 A 93、B " in text
    assert "清单 关停 0、phaseout 2、partner 78、merger 54、升级改造 48、待核实 8" in text
    assert "本期没有可用数值" in text
    assert text.count("工作簿：") == 1


def test_the_command_sends_its_end_and_prints_no_secret(robot: Robot, tmp_path: Path) -> None:
    environment = {"EFFICIENCY_WEBHOOK_URL": robot.url, "EFFICIENCY_WEBHOOK_KIND": "dingtalk", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-m", "efficiency", "run", "--inbox", tmp_path, "--period", "2026-10", "--verbose"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 2
    assert "holds no spreadsheet" in done.stderr
    assert "中没有表格" in robot.received[0][1]["markdown"]["text"]
    assert KEY not in done.stderr + done.stdout
