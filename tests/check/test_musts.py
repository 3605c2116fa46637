"""A workspace's own template is held to what every message must say."""

from pathlib import Path

import pytest

from engine.check.check import check
from engine.model.sender import Sender
from engine.shipped import shipped

SENDER = Sender("Rekindle", "hello@rekindle.example", "1 Example Street, Exampletown", "Rekindle")
CAMPAIGN = """campaign: own
title: Our own
weeks: 1
steps:
  - step: hello
    days: [monday]
    at: "10:00"
    template: mine
"""
GOOD = {
    "email/mine.subject.txt": "This week",
    "email/mine.html": "<p>Hi</p><p>{{ sender.postal_address }}</p><p>{{ links.unsubscribe }}</p>",
    "email/mine.txt": "Hi\n{{ sender.postal_address }}\n{{ links.unsubscribe }}",
    "sms/mine.txt": "{{ sender.sms_name }}: hi. Reply STOP to end, HELP for help.",
}


def found(folder: Path, **changed: str) -> list[str]:
    for name, text in (GOOD | changed).items():
        file = folder / "templates" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    campaign = folder / "own.yaml"
    campaign.write_text(CAMPAIGN, encoding="utf-8")
    templates = [folder / "templates", shipped("templates")]
    findings = check([campaign], campaigns=[shipped("campaigns")], templates=templates, sender=SENDER)
    return [f"{Path(finding.file).name}: {finding.what}" for finding in findings]


def test_a_template_that_says_all_it_must_is_fine(tmp_path: Path) -> None:
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("email/mine.html", "<p>{{ sender.postal_address }}</p>", "mine.html: the email has no link to leave by"),
        ("email/mine.txt", "{{ links.unsubscribe }}", "mine.txt: the email has no postal address"),
        ("email/mine.subject.txt", "", "mine.subject.txt: the subject is empty"),
        ("email/mine.subject.txt", "{{ partner.given_name }}!", "mine.subject.txt: the subject names the reader"),
        ("sms/mine.txt", "Rekindle: hi. HELP for help.", "mine.txt: the first text does not say how to stop"),
        ("sms/mine.txt", "Rekindle: hi. STOP to end.", "mine.txt: the first text does not say how to get help"),
        ("sms/mine.txt", "Hi. STOP to end, HELP for help.", "mine.txt: the first text does not say who writes"),
    ],
)
def test_what_it_leaves_out_is_named(tmp_path: Path, name: str, text: str, what: str) -> None:
    assert found(tmp_path, **{name: text}) == [what]
