"""The flagship over a change of the clocks, north and south: right to the minute, by a table worked out by hand."""

from collections.abc import Iterator
from datetime import date, time
from functools import cache
from pathlib import Path

import pytest

from engine.model.campaign import Channel
from engine.model.couple import NewPartner
from engine.settings import Settings
from engine.simulate.simulation import Simulation, find_campaign_for

SPRING = date(2026, 3, 2)  # a Monday; week 1 ends on Sunday 2026-03-08
AUTUMN = date(2026, 9, 21)  # a Monday; week 1 ends on Sunday 2026-09-27
ZONES = (
    "America/New_York",
    "Pacific/Auckland",
    "Europe/London",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
)
SEVEN_IN_THE_EVENING = time(19)

# Every partner's own time is 19:00; the step is on the Friday before the clocks change, the Sunday on which they do and
# the Tuesday after. Offsets, from the zones' own rules, are beside each.
TABLE = [
    # start, zone, step, week, the instant in UTC
    (SPRING, "America/New_York", "try", 1, "2026-03-07T00:00:00Z"),  # -5
    (SPRING, "America/New_York", "pulse", 1, "2026-03-08T23:00:00Z"),  # -4 since two that morning
    (SPRING, "America/New_York", "talk", 2, "2026-03-10T23:00:00Z"),  # -4
    (SPRING, "Europe/London", "try", 4, "2026-03-27T19:00:00Z"),  # 0
    (SPRING, "Europe/London", "pulse", 4, "2026-03-29T18:00:00Z"),  # +1 since one that morning
    (SPRING, "Europe/London", "talk", 5, "2026-03-31T18:00:00Z"),  # +1
    (SPRING, "Pacific/Auckland", "try", 5, "2026-04-03T06:00:00Z"),  # +13
    (SPRING, "Pacific/Auckland", "pulse", 5, "2026-04-05T07:00:00Z"),  # +12 since three that morning
    (SPRING, "Pacific/Auckland", "talk", 6, "2026-04-07T07:00:00Z"),  # +12
    (SPRING, "Australia/Lord_Howe", "try", 5, "2026-04-03T08:00:00Z"),  # +11
    (SPRING, "Australia/Lord_Howe", "pulse", 5, "2026-04-05T08:30:00Z"),  # +10:30: half an hour, not a whole one
    (SPRING, "Australia/Lord_Howe", "talk", 6, "2026-04-07T08:30:00Z"),  # +10:30
    (AUTUMN, "Pacific/Auckland", "try", 1, "2026-09-25T07:00:00Z"),  # +12
    (AUTUMN, "Pacific/Auckland", "pulse", 1, "2026-09-27T06:00:00Z"),  # +13 since two that morning
    (AUTUMN, "Pacific/Auckland", "talk", 2, "2026-09-29T06:00:00Z"),  # +13
    (AUTUMN, "Australia/Lord_Howe", "try", 2, "2026-10-02T08:30:00Z"),  # +10:30
    (AUTUMN, "Australia/Lord_Howe", "pulse", 2, "2026-10-04T08:00:00Z"),  # +11 since two that morning
    (AUTUMN, "Europe/London", "try", 5, "2026-10-23T18:00:00Z"),  # +1
    (AUTUMN, "Europe/London", "pulse", 5, "2026-10-25T19:00:00Z"),  # 0 since two that morning
    (AUTUMN, "America/New_York", "try", 6, "2026-10-30T23:00:00Z"),  # -4
    (AUTUMN, "America/New_York", "pulse", 6, "2026-11-02T00:00:00Z"),  # -5 since two that morning
    (AUTUMN, "America/New_York", "talk", 7, "2026-11-04T00:00:00Z"),  # -5
]
UNCHANGING = {"America/Sao_Paulo": "22:00:00Z", "Asia/Kathmandu": "13:15:00Z"}  # -3 and +5:45, all year


@cache
def calendar(start: date) -> dict[tuple[str, str, int], tuple[str, str, str]]:
    """(due_at, local_time, status) of every step of the flagship, by zone, step and week."""
    settings = Settings(workspace=Path("nowhere"))
    simulation = Simulation(settings, "0", start)
    simulation.add((zone, [living_in(zone)]) for zone in ZONES)
    simulation.run(find_campaign_for(settings, "eight-weeks"))
    lines = list(simulation.lines())
    found = {(each.timezone, each.step, each.week): (each.due_at, each.local_time, each.status) for each in lines}
    assert len(found) == len(lines)
    return found


def living_in(zone: str) -> NewPartner:
    email = f"{zone.replace('/', '.').lower()}@example.com"
    return NewPartner("Ana", email, None, zone, "en", Channel.EMAIL, SEVEN_IN_THE_EVENING)


@pytest.mark.parametrize(("start", "zone", "step", "week", "due_at"), TABLE)
def test_around_a_change_of_the_clocks_the_hour_on_the_wall_stays(
    start: date, zone: str, step: str, week: int, due_at: str
) -> None:
    found, local, status = calendar(start)[zone, step, week]
    assert (found, local[11:16], status) == (due_at, "19:00", "sent")


def weekly(start: date, zone: str) -> Iterator[tuple[str, str, str]]:
    yield from (end for (where, step, _), end in calendar(start).items() if where == zone and step in STEPS)


STEPS = ("talk", "try", "pulse")


@pytest.mark.parametrize("start", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("zone", UNCHANGING)
def test_where_clocks_do_not_change_the_hour_in_utc_stays_as_well(zone: str, start: date) -> None:
    ends = list(weekly(start, zone))
    assert len(ends) == 24
    assert {due_at[11:] for due_at, _, _ in ends} == {UNCHANGING[zone]}


@pytest.mark.parametrize("start", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("zone", ZONES)
def test_all_eight_weeks_are_at_seven_in_the_evening_on_the_right_weekdays(zone: str, start: date) -> None:
    ends = list(weekly(start, zone))
    assert [status for _, _, status in ends] == ["sent"] * 24
    assert {local[11:16] for _, local, _ in ends} == {"19:00"}
    assert [date.fromisoformat(local[:10]).weekday() for _, local, _ in ends] == [1, 4, 6] * 8
