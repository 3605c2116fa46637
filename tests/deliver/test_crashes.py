"""Killed at any step of the send protocol, a process that starts again loses nothing and sends nothing twice."""

from collections import Counter
from pathlib import Path

import pytest
from crashing import IN_TRANSPORT, begun, killed, living_in
from world import World, person, plain_templates

from engine.deliver.dispatch import ProtocolStep
from engine.transport.outbox import OutboxTransport

PEOPLE = 12  # three batches
NINE = "2026-03-03T09:00"
PAST_THE_LEASE = "2026-03-03T09:06"
KILLED = [(step.name, times) for step in ProtocolStep for times in (1, 2)] + [
    (IN_TRANSPORT, times) for times in (1, 3, 8)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace in which a dozen people wait for one message each."""
    plain_templates(tmp_path / "templates")
    world = World(database=tmp_path / "rekindle.sqlite3")
    for number in range(PEOPLE):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    return tmp_path


def after(folder: Path, now: str, *, deaf: bool = False) -> World:
    """The world once another process has started and done what is left to do."""
    world = living_in(folder, now, OutboxTransport(folder / "outbox"), deaf=deaf)
    world.tick()
    world.fast_forward(minutes=15)  # until the transport's "it never arrived" is believed
    world.live()
    return world


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "outbox").glob("[!.]*"))


@pytest.mark.parametrize(("where", "times"), KILLED)
def test_nothing_is_lost_and_nothing_is_sent_twice(where: str, times: int, folder: Path) -> None:
    assert killed(begun(folder, NINE, where, times))
    world = after(folder, PAST_THE_LEASE)
    assert world.ends() == [("sent", None)] * PEOPLE
    assert files(folder) == [f"{number:06d}.eml" for number in range(1, PEOPLE + 1)]
    assert sorted(row.receipt for row in world.rows()) == files(folder)


@pytest.mark.parametrize(
    ("where", "doubts"),
    [("RENDERED", 0), ("INTENDED", 4), (IN_TRANSPORT, 4), ("HANDED", 4)],
)
def test_when_the_transport_cannot_tell_what_may_have_gone_is_in_doubt_and_never_sent_again(
    where: str, doubts: int, folder: Path
) -> None:
    assert killed(begun(folder, NINE, where, 1, "deaf"))
    world = after(folder, PAST_THE_LEASE, deaf=True)
    ends = Counter(world.ends())
    assert ends == Counter({("sent", None): PEOPLE - doubts, ("in_doubt", None): doubts})
    written = {int(name.partition(".")[0]) for name in files(folder)}
    assert len(written) == len(files(folder)) <= PEOPLE
    assert written >= {row.id for row in world.rows() if row.status == "sent"}


def test_killed_again_and_again_at_each_step_in_turn_it_still_sends_each_message_once(folder: Path) -> None:
    for hour, step in enumerate(ProtocolStep, start=9):
        assert killed(begun(folder, f"2026-03-03T{hour:02d}:00", step.name, 1))
    world = after(folder, "2026-03-03T15:00")
    assert world.ends() == [("sent", None)] * PEOPLE
    assert len(files(folder)) == PEOPLE
