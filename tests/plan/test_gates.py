"""Before every send the gates say send, skip with a reason, or wait until when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.campaign import SAFE_WEEK, Caps
from engine.model.delivery import MovedBecause, SkipReason
from engine.model.enrollment import EnrollmentStatus
from engine.plan.gates import Case, Defer, Send, Skip, ask
from engine.plan.local import local_day

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)  # a Tuesday
FINE = Case(
    timezone="UTC",
    window=SAFE_WEEK,
    caps=Caps(per_day=1, per_week=4),
    due_at=NOON,
    expires_at=NOON + timedelta(hours=24),
    has_address=True,
    consented=True,
    suppressed=False,
    shared=False,
    enrollment=EnrollmentStatus.ACTIVE,
    paused_until=None,
    life_event=False,
    sent_today=0,
    sent_this_week=0,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_when_nothing_stands_against_it_it_is_sent() -> None:
    assert ask(FINE, NOON) == Send()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"has_address": False}, SkipReason.NO_ADDRESS),
        ({"consented": False}, SkipReason.NO_CONSENT),
        ({"suppressed": True}, SkipReason.SUPPRESSED),
        ({"shared": True}, SkipReason.SHARED_ADDRESS),
        ({"enrollment": EnrollmentStatus.PAUSED}, SkipReason.PAUSED),
        ({"enrollment": EnrollmentStatus.STOPPED}, SkipReason.STOPPED),
        ({"paused_until": NOON + timedelta(minutes=1)}, SkipReason.PAUSED),
        ({"life_event": True}, SkipReason.LIFE_EVENT),
        ({"left": True}, SkipReason.LEFT),
        ({"left": True, "paused_until": NOON + timedelta(days=1)}, SkipReason.LEFT),
        ({"timezone": "Mars/Olympus"}, SkipReason.UNKNOWN_TIMEZONE),
        ({"timezone": "Mars/Olympus", "sent_today": 1}, SkipReason.UNKNOWN_TIMEZONE),
        ({"window": (None,) * 7}, SkipReason.OUTSIDE_WINDOW),
        ({"expires_at": NOON - timedelta(seconds=1)}, SkipReason.TOO_LATE),
        # The first reason in the gates' order is the one given.
        ({"consented": False, "suppressed": True, "life_event": True}, SkipReason.NO_CONSENT),
        ({"suppressed": True, "expires_at": NOON - timedelta(days=9)}, SkipReason.SUPPRESSED),
        # It could wait, but waiting would make it too late: the reason is what it would wait for.
        ({"sent_today": 1, "expires_at": NOON + timedelta(hours=2)}, SkipReason.FREQUENCY_CAP),
    ],
)
def test_it_is_skipped_and_says_why(change: dict[str, Any], reason: SkipReason) -> None:
    assert ask(FINE._replace(**change), NOON) == Skip(reason)


@pytest.mark.parametrize(
    ("change", "now", "decision"),
    [
        ({}, "2026-03-03T20:30", Defer(at("2026-03-04T09:00"), MovedBecause.WINDOW)),
        ({}, "2026-03-03T08:59", Defer(at("2026-03-03T09:00"), MovedBecause.WINDOW)),
        ({"sent_today": 1}, "2026-03-03T12:00", Defer(at("2026-03-04T09:00"), MovedBecause.FREQUENCY_CAP)),
        (
            {"sent_this_week": 4, "expires_at": at("2026-03-10T09:00")},
            "2026-03-03T12:00",
            Defer(at("2026-03-09T09:00"), MovedBecause.FREQUENCY_CAP),
        ),
        # Two a day are allowed, but a late one does not join another in the same window.
        (
            {"caps": Caps(per_day=2), "sent_today": 1},
            "2026-03-03T15:00",
            Defer(at("2026-03-04T09:00"), MovedBecause.CATCH_UP),
        ),
        ({"caps": Caps(per_day=2), "sent_today": 1}, "2026-03-03T12:30", Send()),
        ({"paused_until": NOON}, "2026-03-03T12:00", Send()),
    ],
)
def test_it_waits_for_the_next_window_that_has_room(change: dict[str, Any], now: str, decision: object) -> None:
    assert ask(FINE._replace(**change), at(now)) == decision


def test_too_late_for_the_next_window_is_said_to_be_outside_it() -> None:
    case = FINE._replace(expires_at=at("2026-03-03T23:00"))
    assert ask(case, at("2026-03-03T20:30")) == Skip(SkipReason.OUTSIDE_WINDOW)


CASES = st.builds(
    lambda case, **change: case._replace(**change),
    st.just(FINE),
    timezone=st.sampled_from(["UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia"]),
    expires_at=st.datetimes(datetime(2026, 2, 20), datetime(2026, 3, 20), timezones=st.just(UTC)),
    consented=st.booleans(),
    suppressed=st.booleans(),
    sent_today=st.integers(0, 3),
    sent_this_week=st.integers(0, 6),
    caps=st.builds(Caps, st.integers(1, 3), st.integers(1, 6)),
    paused_until=st.none() | st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 9), timezones=st.just(UTC)),
)
NOWS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 12), timezones=st.just(UTC))


@given(CASES, NOWS)
def test_a_wait_is_always_forward_never_past_lateness_and_never_the_same_day_over_the_cap(
    case: Case, now: datetime
) -> None:
    match ask(case, now):
        case Defer(until):
            assert now < until <= case.expires_at
            if case.sent_today >= case.caps.per_day:
                assert local_day(until, case.timezone) > local_day(now, case.timezone)
        case Send():
            assert case.consented
            assert not case.suppressed
            assert now <= case.expires_at
            assert case.sent_today < case.caps.per_day
            assert case.sent_this_week < case.caps.per_week
