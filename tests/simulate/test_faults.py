"""A file of faults: every mistake is told with its line, its key and the mend; outages are where they are written."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SettingsError
from engine.model.campaign import Channel
from engine.plan.local import wall_time
from engine.settings import Settings
from engine.simulate.faults import WEEKDAYS, Faults, Spell, read_faults
from engine.simulate.simulation import Simulation
from engine.transport.outages import Outage, OutageKind

MONDAY = date(2026, 3, 2)
WEEKLY = """
refused = 0.1

[[outage]]
channel = "sms"
kind = "silent"
from = "tuesday 18:00"
until = "tuesday 20:00"
zone = "Europe/Madrid"
week = 3
"""


def read(folder: Path, text: str) -> Faults:
    file = folder / "faults.toml"
    file.write_text(text, encoding="utf-8")
    return read_faults(file)


def test_an_outage_of_a_week_is_at_its_hours_on_the_zones_calendar(tmp_path: Path) -> None:
    faults = read(tmp_path, WEEKLY)
    assert faults.outages(MONDAY, 8) == [
        Outage(
            OutageKind.SILENT,
            datetime(2026, 3, 17, 17, tzinfo=UTC),  # Madrid is an hour ahead in March
            datetime(2026, 3, 17, 19, tzinfo=UTC),
            Channel.SMS,
        )
    ]


def test_without_a_week_it_comes_every_week_and_its_hour_stays_on_the_wall(tmp_path: Path) -> None:
    found = read(tmp_path, WEEKLY.replace("week = 3\n", "")).outages(MONDAY, 8)
    assert len(found) == 8
    assert {wall_time(each.begins, "Europe/Madrid").strftime("%a %H:%M") for each in found} == {"Tue 18:00"}


@pytest.mark.parametrize(
    ("begins", "ends", "start", "stop"),
    [
        ('"sunday 22:00"', '"monday 02:00"', "2026-03-08T22:00", "2026-03-09T02:00"),
        ('"wed 20:00"', '"wed 06:00"', "2026-03-04T20:00", "2026-03-11T06:00"),
        ("2026-03-05T10:00:00+02:00", "2026-03-05T09:00:00Z", "2026-03-05T08:00", "2026-03-05T09:00"),
        ('"2026-03-05 10:00"', "2026-03-05T11:00:00", "2026-03-05T10:00", "2026-03-05T11:00"),
    ],
)
def test_an_end_is_the_first_such_moment_after_its_beginning(
    tmp_path: Path, begins: str, ends: str, start: str, stop: str
) -> None:
    (found,) = read(tmp_path, f"[[outage]]\nfrom = {begins}\nuntil = {ends}\n").outages(MONDAY, 1)
    assert (found.begins, found.ends) == tuple(datetime.fromisoformat(each + "+00:00") for each in (start, stop))
    assert found.kind is OutageKind.DOWN


HEAD = '[[outage]]\nfrom = "tuesday 18:00"\nuntil = "tuesday 20:00"\n'
WRONG = [
    ("refused = 2\n", ":1: `refused` is 2.", "from 0 to 1"),
    ("seed = 1\nrefussed = 0.1\n", ":2: `refussed` is nothing that can go wrong.", "Did you mean `refused`?"),
    ("refused = 0.6\ndeath = 0.6\n", ":2: `death` makes the shares add up to 1.2.", "1 at most"),
    ("outage = 3\n", ":1: `outage` is not a table.", "[[outage]]"),
    ('[[outage]]\nuntil = "tuesday 20:00"\n', ":1: outage 1, `from` is missing.", "tuesday 18:00"),
    (HEAD + HEAD.replace("tuesday 18:00", "tuesdy 18:00"), ':5: outage 2, `from` is "tuesdy 18:00".', "tuesday 18:00"),
    (HEAD.replace("20:00", "25:00"), ':3: outage 1, `until` is "tuesday 25:00".', "tuesday 18:00"),
    (HEAD.replace("20:00", "18:00"), ":3: outage 1, `until` is the same as `from`.", "two instants"),
    (
        HEAD.replace('"tuesday 20:00"', "2026-03-03T20:00:00Z"),
        ":3: outage 1, `until` is not of the kind",
        "two instants",
    ),
    (
        "[[outage]]\nfrom = 2026-03-03T20:00:00Z\nuntil = 2026-03-03T19:00:00Z\n",
        ":3: outage 1, `until`",
        "after it begins",
    ),
    (
        "[[outage]]\nfrom = 2026-03-03T20:00:00Z\nuntil = 2026-03-03T21:00:00Z\nweek = 1\n",
        ":4: outage 1, `week`",
        "out",
    ),
    (HEAD + 'kind = "dwon"\n', ':4: outage 1, `kind` is "dwon".', "down, throttled, silent"),
    (HEAD + 'chanel = "sms"\n', ":4: outage 1, `chanel` is not a key of an outage.", "Did you mean `channel`?"),
    (HEAD + 'channel = "fax"\n', ':4: outage 1, `channel` is "fax".', "email, sms, whatsapp"),
    (HEAD + "week = 0\n", ":4: outage 1, `week` is 0.", "from 1"),
    (HEAD + 'zone = "Mars/Base"\n', ':4: outage 1, `zone` is "Mars/Base".', "Europe/Madrid"),
    (HEAD + "transport = 3\n", ":4: outage 1, `transport` is 3.", "[channels]"),
    ("refused: 1\n", "cannot be read", "docs/simulate.md"),
]


@pytest.mark.parametrize(("text", "says", "mends"), WRONG, ids=[says for _, says, _ in WRONG])
def test_a_mistake_is_told_with_its_line_its_key_and_the_mend(tmp_path: Path, text: str, says: str, mends: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert says in str(caught.value)
    assert mends in caught.value.fix


def test_an_outage_of_a_transport_that_no_channel_uses_is_refused(tmp_path: Path) -> None:
    faults = read(tmp_path, HEAD + 'transport = "outbx"\n')
    with pytest.raises(SettingsError, match="no channel uses it") as caught:
        Simulation(Settings(workspace=Path("nowhere")), "0", MONDAY, faults)
    assert caught.value.fix == "Did you mean outbox?"


@given(st.integers(0, 6), st.integers(0, 6), st.times(), st.times(), st.dates(date(2025, 1, 1), date(2028, 1, 1)))
def test_every_weekly_outage_is_once_in_each_week_and_shorter_than_eight_days(
    tmp_path_factory: pytest.TempPathFactory, one: int, other: int, begins: object, ends: object, start: date
) -> None:
    first, last = (f"{WEEKDAYS[day]} {at:%H:%M}" for day, at in ((one, begins), (other, ends)))  # type: ignore[str-format]
    text = f'[[outage]]\nfrom = "{first}"\nuntil = "{last}"\nzone = "Pacific/Auckland"\n'
    if first == last:
        return
    spells: tuple[Spell, ...] = read(tmp_path_factory.mktemp("faults"), text).spells
    found = [outage for spell in spells for outage in spell.outages(start, 4)]
    assert len(found) == 4
    for week, each in enumerate(found):
        wall = wall_time(each.begins, "Pacific/Auckland")
        assert (wall.date() - start).days // 7 == week
        assert 0 < (each.ends - each.begins).total_seconds() < 8 * 86_400
