"""The four campaigns that ship: they load, and fall as their comments promise on whatever day a couple starts."""

from collections import Counter

import pytest

from engine.define.library import Library, load_library
from engine.define.load import campaign_files, load_campaign
from engine.model.campaign import Campaign, Channel, StepPurpose
from engine.model.couple import DEFAULT_SEND_AT
from engine.model.strategy import Caution, Kind
from engine.plan.calendar import Slot, calendar
from engine.plan.draw import Tastes, draw_all
from engine.shipped import shipped

FILES = campaign_files([shipped("campaigns")])
ANY_DAY = range(7)


@pytest.fixture(scope="module")
def shipped_library() -> Library:
    return load_library([shipped("campaigns")])


@pytest.fixture(scope="module", params=sorted(FILES))
def campaign(request: pytest.FixtureRequest, shipped_library: Library) -> Campaign:
    return load_campaign(FILES[request.param], shipped_library)


@pytest.fixture(scope="module")
def flagship(shipped_library: Library) -> Campaign:
    return load_campaign(FILES["eight-weeks"], shipped_library)


def slots_of(campaign: Campaign, weekday: int, position: int = 1) -> tuple[Slot, ...]:
    return calendar(campaign, weekday, DEFAULT_SEND_AT, position)


def test_there_are_four() -> None:
    """By id, each in a file of its own name."""
    assert set(FILES) == {"eight-weeks", "steady-ground", "date-nights", "twenty-one-days"}
    assert all(file.stem == key for key, file in FILES.items())


@pytest.mark.parametrize("weekday", ANY_DAY)
def test_the_welcome_comes_first_and_the_goodbye_last(campaign: Campaign, weekday: int) -> None:
    """On the first day and the last day of the campaign, whichever weekday it starts on."""
    slots = slots_of(campaign, weekday)
    assert (slots[0].step.key, slots[0].occurrence) == ("welcome", 0)
    assert (slots[-1].step.key, slots[-1].occurrence) == ("goodbye", campaign.weeks * 7 - 1)


@pytest.mark.parametrize("weekday", ANY_DAY)
def test_caps_hold_nothing_back_but_the_busy_first_and_last_days(campaign: Campaign, weekday: int) -> None:
    """No week of the partner's calendar exceeds its cap; a full day happens only with a welcome or a goodbye."""
    slots = slots_of(campaign, weekday)
    weeks = Counter((slot.occurrence + weekday) // 7 for slot in slots)
    assert max(weeks.values()) <= campaign.caps.per_week
    days = Counter(slot.occurrence for slot in slots)
    crowded = {day for day, count in days.items() if count > 1}
    assert crowded <= {0, campaign.weeks * 7 - 1}


def test_no_couple_gets_an_activity_twice(campaign: Campaign) -> None:
    """For couples who opted in to touch and those who did not, across seeds and start days; nothing stays undrawn."""
    for weekday in ANY_DAY:
        for seed in ("a", "b", "c"):
            for touch in (False, True):
                draws = draw_all(campaign, weekday, seed, Tastes(touch=touch))
                assert len(set(draws.values())) == len(draws)
                touching = [key for key in draws.values() if Caution.TOUCH in campaign.activities[key].cautions]
                assert touch or not touching
                drawn_steps = [slot for slot in slots_of(campaign, weekday) if slot.step.draw]
                assert len(draws) >= len(drawn_steps)


def test_the_flagship_goes_through_all_seven_strategies_and_deepens(
    flagship: Campaign, shipped_library: Library
) -> None:
    """A conversation early in the week, an exercise toward the weekend, a pulse on Sunday, eight times."""
    assert {name for theme in flagship.themes for name in theme.strategies} == set(shipped_library.strategies)
    depths = [theme.depth for theme in flagship.themes]
    assert depths == sorted(depths)
    talk, attempt, pulse = (flagship.step(key) for key in ("talk", "try", "pulse"))
    assert [step.days for step in (talk, attempt, pulse)] == [(1,), (4,), (6,)]
    assert [step.draw.kinds for step in (talk, attempt) if step.draw] == [{Kind.CONVERSATION}, {Kind.EXERCISE}]
    assert pulse.purpose is StepPurpose.PULSE
    assert all(len(step.weeks) == 8 for step in (talk, attempt, pulse))


def test_after_a_breach_nothing_deep_and_nothing_that_presses(shipped_library: Library) -> None:
    """What it could ever draw stops at depth 2 and holds no activity marked for a recent breach, conflict or touch."""
    campaign = load_campaign(FILES["steady-ground"], shipped_library)
    kept_out = {Caution.RECENT_BREACH, Caution.OPEN_CONFLICT, Caution.TOUCH}
    assert campaign.activities
    assert all(activity.depth <= 2 and not activity.cautions & kept_out for activity in campaign.activities.values())
    assert campaign.themes[0].strategies == ("needs-and-boundaries",)
    assert "breach" not in campaign.title.lower()


def test_twenty_one_days_is_one_text_a_day(shipped_library: Library) -> None:
    """Texts only, on each of its days, whatever the first."""
    campaign = load_campaign(FILES["twenty-one-days"], shipped_library)
    assert {step.channel for step in campaign.steps} == {Channel.SMS}
    for weekday in ANY_DAY:
        daily = [slot.occurrence for slot in slots_of(campaign, weekday) if slot.step.key in ("small-thing", "pulse")]
        assert daily == list(range(21))


def test_the_question_on_date_nights_takes_turns(shipped_library: Library) -> None:
    """Each partner brings it along every other week."""
    campaign = load_campaign(FILES["date-nights"], shipped_library)
    first, second = (
        [slot.week for slot in slots_of(campaign, 0, position) if slot.step.key == "question"] for position in (1, 2)
    )
    assert (first, second) == ([1, 3, 5, 7, 9, 11], [2, 4, 6, 8, 10, 12])
