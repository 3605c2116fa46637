"""A wall time on a partner's own calendar is one instant, on every machine, in every zone, through every DST change."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import UnknownZone, instant, zone, zone_names
from engine.plan.local import at, local_day, to_instant, wall_time, week_start

ZONES = st.sampled_from(sorted(zone_names()))
WALLS = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31))


@pytest.mark.parametrize(
    ("timezone", "wall", "utc"),
    [
        ("Pacific/Auckland", "2026-03-02T09:00", "2026-03-01T20:00"),  # Monday there, Sunday in UTC
        ("Pacific/Auckland", "2026-04-06T09:00", "2026-04-05T21:00"),  # the day after their DST ended
        ("America/Los_Angeles", "2026-03-02T19:00", "2026-03-03T03:00"),  # Monday there, Tuesday in UTC
        ("America/New_York", "2026-03-07T09:00", "2026-03-07T14:00"),
        ("America/New_York", "2026-03-08T09:00", "2026-03-08T13:00"),  # still nine o'clock after the change
        ("Asia/Kathmandu", "2026-03-02T09:00", "2026-03-02T03:15"),
        ("Australia/Lord_Howe", "2026-04-05T09:00", "2026-04-04T22:30"),  # half an hour of DST has ended
        ("America/Vancouver", "2026-12-01T09:00", "2026-12-01T16:00"),  # permanent DST from 2026
    ],
)
def test_a_local_nine_oclock_is_the_right_instant(timezone: str, wall: str, utc: str) -> None:
    found, moved = to_instant(datetime.fromisoformat(wall), timezone)
    assert (found.isoformat()[:16], moved) == (utc, False)


def test_monday_nine_in_auckland_lands_on_monday_there() -> None:
    """A bug reproduced elsewhere: weekday and hour taken in UTC put it on Tuesday."""
    found = at(date(2026, 3, 2), time(9), "Pacific/Auckland")
    assert wall_time(found, "Pacific/Auckland").strftime("%A %H:%M") == "Monday 09:00"


def test_monday_nineteen_in_los_angeles_lands_on_monday_there() -> None:
    """A bug reproduced elsewhere: it landed on Sunday."""
    found = at(date(2026, 3, 2), time(19), "America/Los_Angeles")
    assert wall_time(found, "America/Los_Angeles").strftime("%A %H:%M") == "Monday 19:00"


def test_nine_in_new_york_stays_nine_across_the_change_of_2026_03_08() -> None:
    """A bug reproduced elsewhere: adding seven days of 24 hours made it ten."""
    walls = [wall_time(at(date(2026, 3, day), time(9), "America/New_York"), "America/New_York") for day in (1, 8, 15)]
    assert [wall.strftime("%H:%M %z") for wall in walls] == ["09:00 -0500", "09:00 -0400", "09:00 -0400"]


@pytest.mark.parametrize(
    ("timezone", "wall", "lands"),
    [
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T03:30:00-04:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04T02:45:00+11:00"),  # a gap of half an hour
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-31T09:00:00+14:00"),  # a day that never was
        ("Europe/London", "2026-03-29T01:00", "2026-03-29T02:00:00+01:00"),
    ],
)
def test_a_time_that_does_not_exist_moves_forward_by_the_gap(timezone: str, wall: str, lands: str) -> None:
    found, moved = to_instant(datetime.fromisoformat(wall), timezone)
    assert (wall_time(found, timezone).isoformat(), moved) == (lands, True)


@pytest.mark.parametrize(
    ("timezone", "wall", "first"),
    [
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T01:30:00-04:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-05T01:45:00+11:00"),
    ],
)
def test_a_time_that_happens_twice_is_the_first_of_the_two(timezone: str, wall: str, first: str) -> None:
    found, moved = to_instant(datetime.fromisoformat(wall), timezone)
    assert (wall_time(found, timezone).isoformat(), moved) == (first, False)


@given(ZONES, WALLS)
def test_in_every_zone_a_wall_time_comes_back_as_itself_or_later_by_a_gap(timezone: str, wall: datetime) -> None:
    found, moved = to_instant(wall, timezone)
    shown = wall_time(found, timezone).replace(tzinfo=None)
    assert found.tzinfo is UTC
    if moved:
        assert timedelta(0) < shown - wall <= timedelta(days=1)
        # The skipped time is in no hour of the zone: nothing maps to it from either side.
        fold = wall.replace(tzinfo=zone(timezone), fold=1).astimezone(UTC)
        assert fold < found
    else:
        assert shown == wall


def test_in_every_zone_there_is_nine_oclock_on_every_day_of_a_year() -> None:
    """Every zone in the tz data, through both its changes of 2026: no morning is skipped, repeated or moved."""
    days = [date(2026, 1, 1) + timedelta(days=ahead) for ahead in range(365)]
    for timezone in sorted(zone_names()):
        nines = [to_instant(datetime.combine(day, time(9)), timezone) for day in days]
        assert not any(moved for _, moved in nines), timezone
        assert [wall_time(found, timezone).date() for found, _ in nines] == days, timezone
        gaps = {later[0] - earlier[0] for earlier, later in itertools.pairwise(nines)}
        assert gaps <= {timedelta(hours=hours) for hours in (22, 23, 23.5, 24, 24.5, 25, 26)}, (
            timezone
        )  # Troll changes by two


@given(ZONES, WALLS)
def test_later_on_the_wall_is_never_earlier_in_time_outside_a_fold(timezone: str, wall: datetime) -> None:
    here, _ = to_instant(wall, timezone)
    later, _ = to_instant(wall + timedelta(days=2), timezone)
    assert later > here


@given(st.datetimes(datetime(2001, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)), ZONES)
def test_a_partners_week_begins_on_the_monday_of_their_own_day(moment: datetime, timezone: str) -> None:
    monday = week_start(local_day(moment, timezone))
    assert monday.weekday() == 0
    assert timedelta(0) <= local_day(moment, timezone) - monday < timedelta(days=7)


@pytest.mark.parametrize(
    "name", ["Europe/Kyiw", "", "../etc/passwd", "/etc/localtime", "EST5EDT5", "Mars/Olympus", "\0", "é"]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone(name)


def test_a_naive_instant_is_refused_at_the_door() -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        instant(datetime(2026, 3, 2, 9))
