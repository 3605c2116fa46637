"""Snapshots say what couples would read, are the same everywhere, and show what a change to a campaign does."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.check.html_words import words_of
from engine.check.snapshot import HEADER, snapshot
from engine.check.snapshots import drift, drifted, write
from engine.define.load import find_campaign, load_library
from engine.errors import Refused
from engine.model.campaign import Campaign, Channel, Variant
from engine.model.sender import Sender
from engine.shipped import shipped

SENDER = Sender("Rekindle", "hello@rekindle.example", "Rekindle, 1 Example Street, Exampletown", "Rekindle")
TEMPLATES = [shipped("templates")]
URL = "https://nudge.example.org"


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    folders = [shipped("campaigns")]
    return find_campaign("twenty-one-days", folders, load_library(folders))


def taken(campaign: Campaign) -> Any:
    return snapshot(campaign, TEMPLATES, SENDER, URL)


def test_every_message_is_there_in_each_language_channel_and_for_each_reader(campaign: Campaign) -> None:
    files = taken(campaign)
    drawn = {activity for activity in campaign.activities if f"activities/{activity}.txt" in files}
    own = {step.key for step in campaign.steps if step.draw is None}
    assert files.keys() == {
        "weeks.txt",
        *(f"steps/{key}.txt" for key in own),
        *(f"activities/{each}.txt" for each in drawn),
    }
    assert drawn
    for activity in drawn:
        page = files[f"activities/{activity}.txt"]
        assert page.startswith(f"{HEADER} {campaign.id}: activity {activity}\n")
        for locale in campaign.activities[activity].texts:
            assert campaign.activities[activity].text(locale).title in page or ", sms, " in page
            assert f", {locale} ===" in page
        assert "as somebody's first" in page
        assert "segment" in page


def test_it_is_the_same_again_and_holds_no_date(campaign: Campaign) -> None:
    assert taken(campaign) == taken(campaign)
    assert not any("2026" in text or "\r" in text for text in taken(campaign).values())


def test_a_word_more_shows_in_the_file_of_its_activity_and_nowhere_else(campaign: Campaign, tmp_path: Path) -> None:
    before = taken(campaign)
    name = next(key for key in sorted(campaign.activities) if f"activities/{key}.txt" in before)
    activity = campaign.activities[name]
    texts = {**activity.texts, "en": replace(activity.texts["en"], sms=activity.texts["en"].sms + " More.")}
    changed = replace(campaign, activities={**campaign.activities, name: replace(activity, texts=texts)})
    write(tmp_path, before)
    (found,) = drift(tmp_path, taken(changed), "run it")
    assert Path(found.file).name == f"{name}.txt"
    assert "More." in found.what
    assert found.fix == "run it"
    line = (tmp_path / "activities" / f"{name}.txt").read_text(encoding="utf-8").splitlines()[found.line - 1]
    assert line in before[f"activities/{name}.txt"]


def test_each_arm_of_a_step_has_its_words(campaign: Campaign) -> None:
    step = next(step for step in campaign.steps if step.draw is None)
    arms = (Variant("warm", template="welcome"), Variant("plain", template="goodbye"))
    changed = replace(campaign, steps=(replace(step, variants=arms, channel=Channel.SMS), *campaign.steps[1:]))
    page = taken(changed)[f"steps/{step.key}.txt"]
    assert f"=== {step.key}, variant warm: welcome, sms, en ===" in page
    assert f"=== {step.key}, variant plain: goodbye, sms, en ===" in page


def test_writing_touches_only_what_differs_and_removes_what_is_over(campaign: Campaign, tmp_path: Path) -> None:
    files = taken(campaign)
    assert write(tmp_path, files) == (len(files), 0)
    assert write(tmp_path, files) == (0, 0)
    fewer = dict(files)
    gone = next(name for name in files if name.startswith("activities/"))
    del fewer[gone]
    (tmp_path / "activities" / "notes.txt").write_text("mine")
    assert [(Path(each.file).name, "no longer" in each.what) for each in drift(tmp_path, fewer, "")] == [
        (Path(gone).name, True)
    ]
    assert write(tmp_path, fewer) == (0, 1)
    assert (tmp_path / "activities" / "notes.txt").read_text() == "mine"
    (lacking,) = drift(tmp_path, files, "")
    assert "lacks" in lacking.what


def test_a_file_that_is_no_snapshot_is_never_overwritten(campaign: Campaign, tmp_path: Path) -> None:
    (tmp_path / "weeks.txt").write_text("my own weeks")
    with pytest.raises(Refused, match="no snapshot"):
        write(tmp_path, taken(campaign))
    assert (tmp_path / "weeks.txt").read_text() == "my own weeks"


def test_a_workspace_is_told_which_snapshots_no_longer_hold(campaign: Campaign, tmp_path: Path) -> None:
    folders = [shipped("campaigns")]

    def found() -> list[str]:
        asked = drifted(tmp_path, folders, folders, load_library(folders), TEMPLATES, SENDER, URL)
        return [each.what for each in asked]

    assert found() == ["there is no snapshot to compare with"]
    write(tmp_path / campaign.id, taken(campaign))
    assert found() == []
    write(tmp_path / "no-such", taken(campaign))
    assert found() == ["there is no campaign no-such any more"]


def test_html_is_read_as_words_with_where_links_lead() -> None:
    page = (
        "<html><head><title>No</title><style>p {}</style></head><body><p>Hello&nbsp;<b>Ana</b>,</p>"
        '<ul><li>one</li><li><a href="https://x.example/">two</a></li></ul><img alt="A hand"><br>end</body></html>'
    )
    assert words_of(page) == "Hello Ana,\n* one\n* two <https://x.example/>\n(A hand)\nend"
