"""Settings: defaults, then rekindle.toml, then the environment; a mistake is named with its mend."""

from pathlib import Path

import pytest

from engine.errors import SettingsError
from engine.settings import Settings, load


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
        ("batch = ", "cannot be read", ""),
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
