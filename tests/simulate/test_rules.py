"""Whatever the seed, the date, the zones and the faults: the rules of time, of counting and of sending once hold."""

from collections import Counter
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from simulated import SMALL, WEEKDAY, WORST, simulated

from engine.plan.local import wall_time
from engine.settings import Settings
from engine.simulate.faults import Faults
from engine.store.schema import deliveries, partners

FINAL = {"sent", "skipped", "failed", "in_doubt"}
SEEDS = st.integers(0, 10_000).map(str)
STARTS = st.dates(date(2025, 1, 1), date(2028, 12, 31))


@given(SEEDS, STARTS)
@examples(max_examples=12)
def test_every_rule_of_time_holds_for_everyone_everywhere(plain: Settings, seed: str, start: date) -> None:
    simulation, _, lines = simulated(plain, seed, start)
    days: Counter[tuple[str, str, date]] = Counter()
    weeks: Counter[tuple[str, str, date]] = Counter()
    for line in lines:
        wall = datetime.fromisoformat(line.local_time)
        assert wall == datetime.fromisoformat(line.due_at)
        if line.status != "sent":
            continue
        hours = SMALL.window[wall.weekday()]
        assert hours is not None
        assert hours.opens <= wall.time() < hours.closes
        days[line.couple, line.partner, wall.date()] += 1
        weeks[line.couple, line.partner, wall.date() - timedelta(days=wall.weekday())] += 1
        assert wall.date() >= start
        # Either on the step's own weekday, or on the morning after, when its hour there was outside the window.
        assert (wall.weekday() - WEEKDAY[line.step]) % 7 in (0, 1)
    assert max(days.values()) <= SMALL.caps.per_day
    assert max(weeks.values()) <= SMALL.caps.per_week
    assert simulation.deaths == 0


@given(SEEDS, STARTS)
@examples(max_examples=6)
def test_what_was_not_moved_goes_at_its_own_time_on_its_own_day(plain: Settings, seed: str, start: date) -> None:
    simulation, _, _ = simulated(plain, seed, start)
    with simulation.database.read() as connection:
        rows = connection.execute(deliveries.select().where(deliveries.c.moved_because.is_(None))).all()
        own_time = {row.id: row.send_at for row in connection.execute(partners.select())}
    assert rows
    for row in rows:
        assert row.send_at == row.due_at
        assert row.status == "skipped" or row.sent_at == row.due_at
        wall = wall_time(row.due_at, row.timezone)
        assert wall.date() == start + timedelta(days=row.occurrence)
        assert wall.weekday() == WEEKDAY[row.step]
        hours = SMALL.window[wall.weekday()]
        assert hours is not None
        # A time of one's own that is before the window stands for its opening.
        assert wall.time() == max(own_time[row.partner_id], hours.opens)


@given(SEEDS, STARTS, st.booleans())
@examples(max_examples=12)
def test_every_occurrence_has_exactly_one_end_whatever_goes_wrong(
    plain: Settings, seed: str, start: date, faulty: bool
) -> None:
    simulation, _, lines = simulated(plain, seed, start, Faults(WORST, seed) if faulty else None)
    assert {line.status for line in lines} <= FINAL
    with simulation.database.read() as connection:
        ends = Counter((row.partner_id, row.step, row.occurrence) for row in connection.execute(deliveries.select()))
        people = {(row.id, row.position) for row in connection.execute(partners.select())}
    offsets = {step: (weekday - start.weekday()) % 7 for step, weekday in WEEKDAY.items()}
    expected = {
        (partner, step, offsets[step] + 7 * week)
        for partner, position in people
        for step in WEEKDAY
        for week in (0, 1)
        if step != "pulse" or week == position - 1
    }
    assert ends == dict.fromkeys(expected, 1)


@given(SEEDS)
@examples(max_examples=12)
def test_under_faults_and_deaths_nothing_is_lost_and_nothing_is_accepted_twice(plain: Settings, seed: str) -> None:
    simulation, transport, _ = simulated(plain, seed, date(2026, 3, 2), Faults(WORST, seed))
    accepted = Counter(message.delivery_id for message in transport.messages)
    assert set(accepted.values()) == {1}
    with simulation.database.read() as connection:
        status = {row.id: row.status for row in connection.execute(deliveries.select())}
    # What we say was sent was accepted; what was accepted we say was sent, or that we do not know.
    assert {number for number, end in status.items() if end == "sent"} <= set(accepted)
    assert {status[number] for number in accepted} <= {"sent", "in_doubt"}
