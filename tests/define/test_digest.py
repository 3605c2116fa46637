"""A definition's identity: what changes the digest, what does not, and that freezing loses nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.define.digest import digest, freeze, identified, thaw
from engine.define.library import Library, load_library
from engine.define.load import load_campaign
from engine.errors import StoreError
from engine.model.campaign import Audience, Campaign, Caps, Channel, Draw, Hours, Step, StepPurpose, Theme, Variant
from engine.model.strategy import Activity, ActivityText, Cause, Caution, Kind, Mode

words = st.text(max_size=20)
keys = st.text("abcdefghij-", min_size=1, max_size=8)
minutes = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
depths = st.tuples(st.integers(1, 3), st.integers(1, 3))
texts = st.builds(ActivityText, words, words, words, st.none() | words)
activities = st.builds(
    Activity,
    id=keys,
    strategy=keys,
    kind=st.sampled_from(Kind),
    mode=st.sampled_from(Mode),
    minutes=st.integers(2, 180),
    depth=st.integers(1, 3),
    texts=st.dictionaries(st.sampled_from(["en", "es", "pt-BR"]), texts, min_size=1),
    causes=st.frozensets(st.sampled_from(Cause)),
    cautions=st.frozensets(st.sampled_from(Caution)),
)
draws = st.builds(
    Draw,
    kinds=st.frozensets(st.sampled_from(Kind)),
    strategies=st.frozensets(keys),
    modes=st.frozensets(st.sampled_from(Mode)),
    depth=st.none() | depths,
    no_repeat_weeks=st.none() | st.integers(1, 9),
)
steps = st.builds(
    Step,
    key=keys,
    template=keys,
    weeks=st.lists(st.integers(1, 9), max_size=3).map(tuple),
    days=st.lists(st.integers(0, 7), max_size=3).map(tuple),
    every_days=st.none() | st.integers(1, 30),
    at=st.none() | minutes,
    purpose=st.sampled_from(StepPurpose),
    audience=st.sampled_from(Audience),
    channel=st.none() | st.sampled_from(Channel),
    activity=st.none() | keys,
    draw=st.none() | draws,
    when=st.none() | words,
    variants=st.lists(st.builds(Variant, keys, st.integers(1, 9), st.none() | keys, st.none() | keys)).map(tuple),
    late_after=st.integers(1, 10_000).map(lambda count: timedelta(minutes=count)),
)
campaigns = st.builds(
    Campaign,
    id=keys,
    title=words,
    weeks=st.integers(1, 9),
    steps=st.lists(steps, max_size=3).map(tuple),
    themes=st.lists(st.builds(Theme, st.lists(keys, max_size=3).map(tuple), depths), max_size=3).map(tuple),
    activities=st.lists(activities, max_size=3).map(
        lambda items: {item.id: item for item in sorted(items, key=lambda item: item.id)}
    ),
    strategies=st.dictionaries(keys, words, max_size=3),
    window=st.tuples(*[st.none() | st.builds(Hours, minutes, minutes)] * 7),
    caps=st.builds(Caps, st.integers(1, 4), st.integers(1, 28)),
    avoid=st.frozensets(st.sampled_from(Caution)),
)


@given(campaigns)
def test_freezing_and_thawing_gives_the_same_campaign(campaign: Campaign) -> None:
    """Field for field, and its digest is that of the text."""
    frozen = freeze(campaign)
    thawed = thaw(frozen)
    assert replace(thawed, digest="") == campaign
    assert thawed.digest == digest(frozen) == identified(campaign).digest
    assert freeze(thawed) == frozen


def test_a_thawed_campaign_draws_in_the_same_order(write: Callable[..., Path], library: Library) -> None:
    """Draws go through the activities in order, so a stored campaign must keep it."""
    campaign = load_campaign(write(("draw: {kind: conversation}", "draw: {}")), library)
    assert list(thaw(freeze(campaign)).activities) == list(campaign.activities)


SAME = [
    ("title: A trial", "title:   'A trial'   # for the board"),
    ("title: A trial\nweeks: 2\n", "weeks: 2\ntitle: A trial\n"),
    (
        "    template: prompt\n    draw: {kind: conversation}\n",
        "    draw:\n      kind: [conversation]\n    template: prompt\n",
    ),
    ("  1-2: warmth\n", "  2: {strategies: [warmth]}\n  1: {strategies: warmth, depth: [1, 3]}\n"),
    ("weeks: 2\n", "weeks: 2\ncaps: {per_day: 1, per_week: 4}\ndefaults: {to: both}\nabout: A note to ourselves.\n"),
]
OTHER = [
    ("title: A trial", "title: A trail"),
    ("weeks: 2", "weeks: 3"),
    ("days: [tuesday]", "days: [friday]"),
    ("days: [tuesday]", "days: [tuesday]\n    late_after: 23h"),
    ("- step: talk", "- step: speak"),
    ("weeks: 2\n", "weeks: 2\ncaps: {per_day: 2}\n"),
]


@pytest.mark.parametrize("change", SAME)
def test_formatting_comments_and_order_of_keys_do_not_change_the_digest(
    write: Callable[..., Path], library: Library, change: tuple[str, str]
) -> None:
    """Two files that mean the same are the same definition; so are defaults written out."""
    assert load_campaign(write(change), library).digest == load_campaign(write(), library).digest


@pytest.mark.parametrize("change", OTHER)
def test_what_a_couple_could_notice_changes_the_digest(
    write: Callable[..., Path], library: Library, change: tuple[str, str]
) -> None:
    """Content is identity."""
    changed = load_campaign(write(change, *([("1-2: ", "1-3: ")] if "weeks: 3" in change else [])), library)
    assert changed.digest != load_campaign(write(), library).digest


def test_the_words_of_an_activity_count_only_where_it_may_be_drawn(
    write: Callable[..., Path], library: Library, folder: Path
) -> None:
    """Rewording what a campaign never sends does not make a new version of it."""
    before = load_campaign(write(), library).digest
    file = folder / "strategies" / "warmth.yaml"
    file.write_text(file.read_text().replace("Write it down.", "Write it on paper."))
    assert load_campaign(write(), load_library([folder])).digest == before
    file.write_text(file.read_text().replace("Say it to", "Say this to"))
    assert load_campaign(write(), load_library([folder])).digest != before


def test_the_digest_is_thirty_two_hexadecimal_digits_and_stable() -> None:
    """The same on every machine and in every process: this one is written down."""
    campaign = Campaign(
        id="trial",
        title="A trial",
        weeks=1,
        steps=(Step("talk", "prompt", (1,), (1,), at=time(19, 30)),),
        themes=(Theme(("warmth",)),),
        activities={},
        strategies={"warmth": "Small warmth"},
        avoid=frozenset({Caution.TOUCH, Caution.GRIEF, Caution.APART}),
    )
    assert identified(campaign).digest == "473835eabb454d4f1d3e2403b4cb5884"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1, "campaign": {}}', '{"format": 2, "campaign": {}}'])
def test_text_that_was_not_frozen_here_is_refused(text: str) -> None:
    """A damaged or newer definition is an error for a person, not a crash."""
    with pytest.raises(StoreError):
        thaw(text)
