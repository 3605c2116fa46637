"""Settings: defaults, then rekindle.toml, then the environment; a mistake is named with its mend."""

from pathlib import Path

import pytest

from engine.errors import SettingsError
from engine.settings import Settings, load
from engine.transport.setup import Setup


def toml(folder: Path, text: str) -> Path:
    (folder / "rekindle.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.channels.email == {"outbox": 1}
    assert settings.resolved_database_url == f"sqlite:///{tmp_path}/rekindle.sqlite3"


def test_the_file_overrides_defaults_and_the_environment_overrides_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml(tmp_path, 'batch = 100\npublic_url = "https://file.example"\n[sender]\nname = "From file"\n')
    monkeypatch.setenv("REKINDLE_BATCH", "200")
    monkeypatch.setenv("REKINDLE_SENDER__SMS_NAME", "From env")
    settings = load(tmp_path)
    assert (settings.batch, settings.public_url) == (200, "https://file.example")
    assert (settings.sender.name, settings.sender.sms_name) == ("From file", "From env")


@pytest.mark.parametrize(
    ("text", "names", "mends"),
    [
        ('databse_url = "x"', "`databse_url` is not a setting", "Did you mean `database_url`?"),
        ('[sender]\nemial = "x"', "`sender.emial` is not a setting", "Did you mean `email`?"),
        ('[channels]\nfax = "x"', "`channels.fax` is not a setting", "Known: email, sms, whatsapp."),
        ("batch = 0", "`batch`: Input should be greater than or equal to 1", "rekindle.toml"),
        ('[sender]\nemail = "hello"', "`sender.email`: It is not one plain email address", "rekindle.toml"),
        ('[sender]\nname = "a\\nb"', "`sender.name`: It is not one line of text", "rekindle.toml"),
        ('[sender]\npostal_address = ""', "`sender.postal_address`: It is not one line of text", "rekindle.toml"),
        (
            'public_url = "nudge.example.org"',
            "`public_url`: It is not an address that begins with https://",
            "rekindle.toml",
        ),
        ('[prices]\ncurrency = "usd"', "a currency's three capital letters", "rekindle.toml"),
        ("batch = ", "cannot be read", ""),
        ('[prices.prefixes]\n"44" = 0.04', "`prices.prefixes.44", "rekindle.toml"),
        ("[prices]\nemail = inf", "`prices.email`", "rekindle.toml"),
        ("[pace.smtp]\nper_second = inf", "`pace.smtp.per_second`", "rekindle.toml"),
        ('[channels]\nemail = "{"', "`channels.email`: It is neither a name nor JSON", "rekindle.toml"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_mend(tmp_path: Path, text: str, names: str, mends: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(toml(tmp_path, text))
    assert names in str(caught.value)
    assert mends in caught.value.fix


def test_a_misspelt_variable_is_named_with_the_nearest_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKINDLE_DATABSE_URL", "x")
    with pytest.raises(SettingsError, match="REKINDLE_DATABSE_URL is not a setting") as caught:
        load(tmp_path, {"REKINDLE_DATABSE_URL": "x"})
    assert caught.value.fix == "Did you mean `REKINDLE_DATABASE_URL`?"


@pytest.mark.parametrize(
    ("given", "shares"),
    [("smtp", {"smtp": 1}), ('["smtp", "sendgrid"]', {"smtp": 1, "sendgrid": 0}), ('{"smtp": 3}', {"smtp": 3})],
)
def test_a_channels_transports_can_be_named_by_a_variable_in_every_form_the_file_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, shares: dict[str, int]
) -> None:
    toml(tmp_path, "[channels]\nemail = {twilio = 1}")
    monkeypatch.setenv("REKINDLE_CHANNELS__EMAIL", given)
    assert load(tmp_path).channels.email == shares


def test_a_variable_that_cannot_be_read_is_named_and_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKINDLE_TRANSPORTS", "hunter2")
    with pytest.raises(SettingsError, match="REKINDLE_TRANSPORTS") as caught:
        load(tmp_path)
    assert "rekindle.toml" not in str(caught.value)


@pytest.mark.parametrize(("name", "by_variable"), [("smtp", True), ("relay_2", True), ("Relay", False), ("a-b", False)])
def test_a_missing_secret_is_only_asked_for_by_a_variable_that_would_reach_it(name: str, by_variable: bool) -> None:
    with pytest.raises(SettingsError) as caught:
        Setup(name).secret("password")
    assert ("REKINDLE_TRANSPORTS__" in caught.value.fix) is by_variable
    assert "`password_file`" in caught.value.fix


def test_secrets_are_hidden_when_settings_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_KEY", "k1 = c2VjcmV0")
    settings = load(tmp_path)
    assert "c2VjcmV0" not in repr(settings) + str(settings) + str(settings.model_dump())


def test_a_wrong_value_never_repeats_what_was_given(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(toml(tmp_path, 'batch = "hunter2"'))
    assert "hunter2" not in str(caught.value) + caught.value.fix


def test_every_setting_says_what_it_is() -> None:
    assert [
        name for name, field in Settings.model_fields.items() if not (field.description or field.default_factory)
    ] == []
