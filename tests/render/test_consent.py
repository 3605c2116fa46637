"""The words that people agree to are whole, in one language, and an operator's own win; `check` finds what is wrong."""

import re
from pathlib import Path

import pytest

from engine.check.consent import check_consent
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.sender import Sender
from engine.render.consent import ConsentWords
from engine.render.sandbox import RenderError
from engine.shipped import shipped

SENDER = Sender("Kindling", "us@kindling.example", "1 Long Road, Town", "Kindling")
SHIPPED = shipped("templates")
WHOLE = """
version = "en lawyer 2"
[messages]
email = "Email me, {sender}: {per_week} a week."
sms = "Text me."
whatsapp = "WhatsApp me."
[optional]
answers = "Keep them."
pulse = "Count me."
touch = "Touch."
"""


def written(folder: Path, text: str, name: str = "en") -> Path:
    (folder / "consent").mkdir(parents=True, exist_ok=True)
    (folder / "consent" / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("locale", ["en", "es", "es-MX", "fr", "../en"])
def test_every_consent_says_who_asks_what_for_how_often_and_how_to_end_it(locale: str) -> None:
    """CASL section 6, 47 CFR 64.1200(f)(9), GDPR article 7(3): by whom, what for, that it is free, and how it ends."""
    words = ConsentWords([SHIPPED], SENDER)
    for channel in Channel:
        ticked = words.messages(channel, locale, 5)
        assert ticked.purpose is ConsentPurpose.MESSAGES
        for said in ("Kindling", "5 ", "1 Long Road", "us@kindling.example"):
            assert said in ticked.words, (channel, said)
        assert ("STOP" in ticked.words and "HELP" in ticked.words) is (channel is not Channel.EMAIL)
        assert "condi" in ticked.words  # of nothing else
    assert [each.purpose.value for each in words.optional(locale)] == ["answers", "pulse", "touch"]
    assert all("{" not in each.words and len(each.words) > 100 for each in words.optional(locale))


def test_a_language_is_taken_whole_and_kept_with_its_version() -> None:
    words = ConsentWords([SHIPPED], SENDER)
    assert words.of(ConsentPurpose.TOUCH, "es-AR").version == "es 1"
    assert words.of(ConsentPurpose.TOUCH, "es-AR").words.startswith("Sí")
    assert words.of(ConsentPurpose.TOUCH, "fr").version == "en 1"


def test_the_workspaces_own_file_wins(tmp_path: Path) -> None:
    words = ConsentWords([written(tmp_path, WHOLE), SHIPPED], SENDER)
    ticked = words.messages(Channel.EMAIL, "en", 3)
    assert (ticked.words, ticked.version) == ("Email me, Kindling: 3 a week.", "en lawyer 2")
    assert words.of(ConsentPurpose.TOUCH, "es").version == "es 1"


BAD = [
    ("not TOML", "version = ", "the file is not TOML"),
    ("no version", WHOLE.replace("version", "edition"), "it has no version"),
    ("a version without end", WHOLE.replace("lawyer 2", "x" * 40), "it has no version"),
    ("a missing text", WHOLE.replace("sms =", "fax ="), "there are no words for messages.sms"),
    ("an empty text", WHOLE.replace('"Touch."', '" "'), "there are no words for optional.touch"),
    ("an unknown placeholder", WHOLE.replace("{sender}", "{company}"), "{company} means nothing here"),
    ("a number that is not known there", WHOLE.replace("Touch.", "{per_week}"), "{per_week} means nothing here"),
]


@pytest.mark.parametrize(("text", "what"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_wrong_with_a_file_is_said_and_found_by_check(tmp_path: Path, text: str, what: str) -> None:
    folder = written(tmp_path, text)
    words = ConsentWords([folder], SENDER)
    with pytest.raises(RenderError, match=re.escape(what)):
        [words.messages(channel, "en", 3) for channel in Channel] + [*words.optional("en")]
    (finding,) = check_consent([folder], SENDER)
    assert finding.file == str(tmp_path / "consent" / "en.toml")
    assert what in finding.what


def test_the_shipped_files_are_whole() -> None:
    assert list(check_consent([SHIPPED], SENDER)) == []
