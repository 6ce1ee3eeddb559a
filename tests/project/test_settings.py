"""Where notices are sent: what variables and file set, and that a mistake is named without showing a secret."""

import os
from pathlib import Path

import pytest

from efficiency.errors import UsageError
from efficiency.project.settings import Settings, read_settings
from efficiency.serving.channels import masked

KEY = "s3cr3t-key-of-the-robot"


def settings_from(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Settings:
    """The settings where `environment` holds all variables of the program."""
    for name in [name for name in os.environ if name.startswith("EFFICIENCY_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return read_settings()


def test_nothing_is_set_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_from(monkeypatch, {})
    assert (settings.webhook, settings.smtp) == (None, None)


def test_the_kind_of_a_known_robot_follows_from_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_from(
        monkeypatch, {"EFFICIENCY_WEBHOOK_URL": "https://oapi.dingtalk.com/robot/send?access_token=x"}
    )
    assert settings.webhook
    assert settings.webhook.kind == "dingtalk"


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "efficiency.toml"
    file.write_text(
        '[smtp]\nhost = "mail.example.cn"\nport = 25\nsecurity = "none"\nfrom = "a@example.cn"\nto = ["b@example.cn"]\n'
    )
    settings = settings_from(monkeypatch, {"EFFICIENCY_CONFIG": str(file), "EFFICIENCY_SMTP_PORT": "465"})
    assert settings.smtp
    assert (settings.smtp.host, settings.smtp.port, settings.smtp.to) == ("mail.example.cn", 465, ("b@example.cn",))


MAIL = {"EFFICIENCY_SMTP_HOST": "h", "EFFICIENCY_SMTP_FROM": "a@b.cn", "EFFICIENCY_SMTP_TO": "c@d.cn"}


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"EFFICIENCY_WEBHOOK_URL": f"ftp://x/{KEY}", "EFFICIENCY_WEBHOOK_KIND": "wecom"}, "EFFICIENCY_WEBHOOK_URL"),
        ({"EFFICIENCY_WEBHOOK_URL": f"https://example.cn/{KEY}"}, "EFFICIENCY_WEBHOOK_KIND"),
        ({"EFFICIENCY_WEBHOOK_KIND": "wecom"}, "EFFICIENCY_WEBHOOK_URL"),
        ({"EFFICIENCY_WEBHOOK_URL": f"https://x.cn/{KEY}", "EFFICIENCY_WEBHOOK_KIND": KEY}, "'wecom' or 'dingtalk'"),
        ({**MAIL, "EFFICIENCY_SMTP_PORT": "many"}, "EFFICIENCY_SMTP_PORT"),
        ({**MAIL, "EFFICIENCY_SMTP_TO": "nobody"}, "not a mail address"),
        ({**MAIL, "EFFICIENCY_SMTP_USER": "u"}, "go together"),
        (
            {**MAIL, "EFFICIENCY_SMTP_USER": "u", "EFFICIENCY_SMTP_PASSWORD": KEY, "EFFICIENCY_SMTP_SECURITY": "none"},
            "open connection",
        ),
        ({**MAIL, "EFFICIENCY_SMTP_PORT": "many"}, "the mail server's port) is 'many'"),
        (
            {"EFFICIENCY_SMTP_HOST": "h"},
            "EFFICIENCY_SMTP_FROM (key from of [smtp]: the sender's mail",
        ),
        ({**MAIL, "EFFICIENCY_SMTP_SENDER": KEY}, "EFFICIENCY_SMTP_SENDER"),
        ({"EFFICIENCY_WEBHOOK": KEY}, "webhook"),
        ({"EFFICIENCY_CONFIG": "/nowhere/efficiency.toml"}, "cannot be read"),
    ],
)
def test_wrong_settings_are_named_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        settings_from(monkeypatch, environment)
    assert says in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("text", [f'[webhook]\nurl = "{KEY}\n', f'url = "{KEY}"\n', f'[webhook]\nuri = "{KEY}"\n'])
def test_a_wrong_file_is_named_and_its_secrets_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    file = tmp_path / "efficiency.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        settings_from(monkeypatch, {"EFFICIENCY_CONFIG": str(file)})
    assert KEY not in str(caught.value)


def test_secrets_are_not_in_what_is_printed_of_settings() -> None:
    settings = Settings.model_validate({"webhook": {"url": f"https://example.cn/send?key={KEY}", "kind": "wecom"}})
    assert KEY not in repr(settings)
    assert KEY not in settings.model_dump_json()
    assert masked(f"POST https://example.cn/send?key={KEY} failed", settings.secrets) == "POST *** failed"
    assert KEY not in masked(f"key {KEY} is invalid", settings.secrets)
