"""From a campaign file to a Campaign: what each field means, and how each mistake is explained."""

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path

import pytest

from engine.define.findings import FindingsError
from engine.define.library import Library
from engine.define.load import find_campaign, load_campaign
from engine.errors import NotFound
from engine.model.campaign import (
    SAFE_SUNDAY,
    SAFE_WEEK,
    START_DAY,
    Audience,
    Caps,
    Channel,
    Draw,
    Hours,
    StepPurpose,
    Theme,
    Variant,
)
from engine.model.strategy import Caution, Kind, Mode

Write = Callable[..., Path]


def test_a_short_campaign_gets_safe_defaults(write: Write, library: Library) -> None:
    """Safe hours, one message a day, both partners together, their own time and channel, a day's grace."""
    campaign = load_campaign(write(), library)
    (step,) = campaign.steps
    assert (campaign.window, campaign.caps, campaign.avoid) == (SAFE_WEEK, Caps(), frozenset())
    assert (step.audience, step.channel, step.at, step.late_after) == (Audience.BOTH, None, None, timedelta(hours=24))
    assert (step.days, step.weeks, step.purpose) == ((1,), (1, 2), StepPurpose.ACTIVITY)
    assert campaign.themes == (Theme(("warmth",), (1, 3)),) * 2


def test_every_field_means_what_it_says(write: Write, library: Library) -> None:
    """One file that uses all of the format."""
    text = """\
campaign: trial
title: A trial
weeks: 6
defaults: {at: "19:30", late_after: 90m, to: each, channel: sms, template: prompt, days: [sunday]}
window: {daily: "10:00-19:00", sunday: closed}
caps: {per_day: 2, per_week: 7}
avoid: [recent-breach]
themes:
  1: {strategies: warmth, depth: 1}
  "2-3": [warmth]
  "5": warmth
  4: {strategies: [warmth], depth: [1, 2]}
steps:
  - {step: hello, days: [start], weeks: 1, at: partner, template: welcome, to: both, channel: preferred}
  - {step: talk, every_days: 3, weeks: [1, 3-4], draw: {kind: conversation, mode: talk, depth: [1, 2]}}
  - step: try
    weeks: 2-3
    draw: {kind: [conversation, exercise], strategies: warmth, no_repeat_weeks: 6}
    when: week > 1
    variants: [{variant: a, weight: 2}, {variant: b, template: exercise, activity: warmth-note}]
  - {step: pulse, template: pulse}
  - {step: fixed, activity: warmth-note, late_after: 3d}
"""
    campaign = load_campaign(write(base=text), library)
    assert campaign.window == (Hours(time(10), time(19)),) * 6 + (None,)
    assert (campaign.caps, campaign.avoid) == (Caps(2, 7), {Caution.RECENT_BREACH})
    assert [theme.depth for theme in campaign.themes] == [(1, 1), (1, 3), (1, 3), (1, 2), (1, 3), (1, 3)]
    assert [theme.strategies for theme in campaign.themes[4:]] == [("warmth",), ()]
    hello, talk, attempt, pulse, fixed = campaign.steps
    assert (hello.days, hello.at, hello.audience, hello.channel) == ((START_DAY,), None, Audience.BOTH, None)
    assert (hello.purpose, pulse.purpose, fixed.purpose) == (StepPurpose.NOTE, StepPurpose.PULSE, StepPurpose.ACTIVITY)
    assert (talk.days, talk.every_days, talk.weeks) == ((), 3, (1, 3, 4))
    assert talk.draw == Draw(frozenset({Kind.CONVERSATION}), frozenset(), frozenset({Mode.TALK}), (1, 2))
    assert (talk.at, talk.channel, talk.audience) == (time(19, 30), Channel.SMS, Audience.EACH)
    assert (attempt.weeks, attempt.days, attempt.when) == ((2, 3), (6,), "week > 1")
    assert attempt.draw == Draw(frozenset(Kind), frozenset({"warmth"}), no_repeat_weeks=6)
    assert attempt.variants == (Variant("a", 2), Variant("b", 1, "exercise", "warmth-note"))
    assert (attempt.late_after, fixed.late_after) == (timedelta(minutes=90), timedelta(days=3))


def test_the_campaign_carries_what_it_may_send_and_no_more(write: Write, library: Library) -> None:
    """A running couple never depends on files; what is avoided or out of reach stays out."""
    conversations = load_campaign(write(), library)
    assert list(conversations.activities) == ["warmth-hello"]
    everything = load_campaign(write(("draw: {kind: conversation}", "draw: {}")), library)
    assert list(everything.activities) == ["warmth-hands", "warmth-hello", "warmth-note"]
    careful = load_campaign(
        write(("draw: {kind: conversation}", "draw: {}"), ("weeks: 2\n", "weeks: 2\navoid: [touch]\n")), library
    )
    assert list(careful.activities) == ["warmth-hello", "warmth-note"]
    assert careful.strategies == {"warmth": "Small warmth"}


def test_the_widest_lawful_window_is_accepted(write: Write, library: Library) -> None:
    """8 am to 9 pm, both ends."""
    campaign = load_campaign(write(("weeks: 2\n", 'weeks: 2\nwindow: {daily: "08:00-21:00"}\n')), library)
    assert set(campaign.window) == {Hours(time(8), time(21))}


def test_a_day_that_the_window_does_not_name_keeps_its_safe_hours(write: Write, library: Library) -> None:
    """Without `daily`, naming one day changes that day only."""
    campaign = load_campaign(write(("weeks: 2\n", 'weeks: 2\nwindow: {monday: "10:00-12:00"}\n')), library)
    assert campaign.window[0] == Hours(time(10), time(12))
    assert campaign.window[6] == SAFE_SUNDAY


MISTAKES = [
    ("weeks: 2", "wekes: 2", "unknown key wekes", "did you mean weeks?"),
    ("days: [tuesday]", "days: [teusday]", "teusday is not a day", "tuesday?"),
    ("days: [tuesday]", "days: []", "no days are named", "tuesday"),
    ("    days: [tuesday]\n", "", "talk falls on no day", "every_days"),
    ("    template: prompt\n", "", "talk has no template", "template: prompt"),
    ("days: [tuesday]", "days: [tuesday]\n    at: 9:30", "9:30 is a number", '"9:30"'),
    ("days: [tuesday]", 'days: [tuesday]\n    at: "25:00"', "25:00 is not a time", '"19:30"'),
    ("days: [tuesday]", "days: [tuesday]\n    at: 1930", "1930 is not a time", "in quotes"),
    ("days: [tuesday]", "days: [tuesday]\n    weeks: 3", "week 3 of 2", "add weeks"),
    ("days: [tuesday]", "days: [tuesday]\n    weeks: 2-1", "not a span", "2-6"),
    ("days: [tuesday]", "days: [tuesday]\n    to: botth", "to cannot be botth", "both?"),
    ("days: [tuesday]", "days: [tuesday]\n    channel: emial", "channel cannot be emial", "email?"),
    ("days: [tuesday]", "days: [tuesday]\n    late_after: 1 day", "not a length of time", "24h"),
    ("days: [tuesday]", "days: [tuesday]\n    late_after: 90d", "too long", "14d"),
    ("days: [tuesday]", "days: [tuesday]\n    activity: warmth-note", "a draw and an activity", "keep one"),
    ("days: [tuesday]", "days: [tuesday]\n    every_days: 0", "every_days is 0", "at least 1"),
    ("draw: {kind: conversation}", "activity: warmth-nte", "no activity warmth-nte", "warmth-note?"),
    ("draw: {kind: conversation}", "draw: {strategies: warmht}", "no strategy warmht", "warmth?"),
    ("draw: {kind: conversation}", "draw: {depth: [2, 1]}", "not a depth", "[1, 2]"),
    ("draw: {kind: conversation}", "draw: {sort: x}", "unknown key sort", "no_repeat_weeks"),
    ("draw: {kind: conversation}", "draw: conversation", "draw must hold keys", "{key: value}"),
    ("  1-2: warmth", "  1: warmth", "theme of week 2, which has none", "add 2"),
    ("  1-2: warmth", "  1-2: warmth\n  2: warmth", "week 2 has two themes", "once"),
    ("  1-2: warmth", "  1-3: warmth", "week 3 of 2", "add weeks"),
    ("  1-2: warmth", "  first: warmth", "'first' is not a week", "2-6"),
    ("  1-2: warmth", "  1-2: {strategy: warmth}", "unknown key strategy", "strategies?"),
    ("weeks: 2", 'weeks: 2\nwindow: {daily: "07:00-22:00"}', "47 CFR 64.1200", "08:00-21:00"),
    ("weeks: 2", 'weeks: 2\nwindow: {daily: "08:00-21:30"}', "47 CFR 64.1200", "08:00-21:00"),
    ("weeks: 2", 'weeks: 2\nwindow: {daily: "19:00-09:00"}', "closes before it opens", "earlier"),
    ("weeks: 2", "weeks: 2\ncaps: {per_day: 9}", "per_day is 9", "at most 4"),
    ("weeks: 2", "weeks: 2\navoid: [tuoch]", "avoid cannot be tuoch", "touch?"),
    ("weeks: 2", "weeks: '2'", "weeks must be a whole number", "without quotes"),
    ("campaign: trial", "campaign: My Trial", "My Trial is not an id", "small letters"),
    ("title: A trial\n", "", "title is missing", "what couples see"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what", "fix"), MISTAKES)
def test_a_mistake_is_explained_once_with_its_mend(
    write: Write, library: Library, old: str, new: str, what: str, fix: str
) -> None:
    """What is wrong, in words, at a line of the file that has to do with it."""
    with pytest.raises(FindingsError) as caught:
        load_campaign(write((old, new)), library)
    explained = [(what in finding.what, fix in finding.fix) for finding in caught.value.findings]
    assert (True, True) in explained, caught.value
    assert len(explained) == 1, caught.value


def test_all_mistakes_of_a_file_are_found_at_once(write: Write, library: Library) -> None:
    """Problems of spelling, of type and of YAML are reported together."""
    file = write(("weeks: 2", "weeks: two"), ("[tuesday]", "[on]"), ("kind: conversation", "kind: talk"))
    with pytest.raises(FindingsError) as caught:
        load_campaign(file, library)
    assert [finding.line for finding in caught.value.findings] == [3, 8, 10]


def test_a_repeated_step_key_is_refused_at_the_second(write: Write, library: Library) -> None:
    """The key is a step's identity; two of them could not be told apart."""
    file = write(("steps:\n", "steps:\n  - {step: talk, days: [friday], template: prompt, activity: warmth-note}\n"))
    with pytest.raises(FindingsError, match="step talk appears twice"):
        load_campaign(file, library)


def test_a_campaign_is_found_by_id_or_by_path(write: Write, library: Library, folder: Path) -> None:
    """The id is what the file says; a path is taken as it is; a near miss is told the right name."""
    file = write(name="another-name.yaml")
    assert find_campaign("trial", [folder], library) == find_campaign(str(file), [], library)
    with pytest.raises(NotFound) as caught:
        find_campaign("trail", [folder], library)
    assert caught.value.fix == "did you mean trial?"
    with pytest.raises(NotFound):
        find_campaign(str(folder / "gone.yaml"), [folder], library)
