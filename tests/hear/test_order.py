"""Whatever the order in which a set of events is told, and however often, the same is stored in the end."""

from functools import cache
from typing import Any

from hearing import TABLES, Line, phone_index
from hypothesis import given
from hypothesis import strategies as st
from world import World, person, phone

from engine.model.campaign import Channel

KINDS = ("delivered", "opened", "bounced", "complained", "unsubscribed", "failed", "queued", "deferred")
REASONS = {
    "bounced": (None, "hard_bounce", "invalid"),
    "complained": ("complaint",),
    "unsubscribed": ("unsubscribed",),
    "failed": (None, "stop", "invalid"),
}
PEOPLE = 6
SHARED = phone("P0")


@cache
def sent() -> Line:
    """Six texts went to one phone."""
    world = World()
    for number in range(PEOPLE):
        world.join(f"p{number}", person(f"P{number}", channel=Channel.SMS))
        world.alter(f"P{number}", phone_index=phone_index(SHARED))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    return Line(world)


def made() -> Line:
    """The same, and nothing heard yet."""
    line = sent()
    with line.world.database.begin() as connection:
        for table in TABLES:
            connection.execute(table.delete())
    return line


@st.composite
def entries(draw: Any) -> list[dict[str, Any]]:
    """Some events and orders, each at an instant of its own."""
    minutes = draw(st.lists(st.integers(0, 1439), min_size=1, max_size=14, unique=True))
    found: list[dict[str, Any]] = []
    for minute in minutes:
        at = f"2026-03-04T{minute // 60:02}:{minute % 60:02}"
        kind = draw(st.sampled_from([*KINDS, "bounced", "bounced", "stop", "start"]))
        if kind in ("stop", "start"):
            found.append({"key": f"text {minute}", "at": at, "channel": "sms", "sender": SHARED, "text": kind})
            continue
        about = draw(st.integers(1, PEOPLE))
        reason = draw(st.sampled_from(REASONS.get(kind, (None,))))
        found.append({"about": about, "kind": kind, "at": at, "suppress": reason, "channel": "sms"})
    return found


def told(line: Line, told: list[dict[str, Any]], calls: list[int]) -> list[list[Any]]:
    """What is stored after telling in this order, `calls` entries a call; the calls themselves are left out."""
    full = [
        dict(each)
        if "about" not in each
        else line.event(each["kind"], each["about"], each["at"], suppress=each["suppress"], channel=each["channel"])
        for each in told
    ]
    for size in calls:
        if full[:size]:
            line.tell(*full[:size])
        full = full[size:]
    if full:
        line.tell(*full)
    _, events, heard, replies, suppressions = line.stored()
    # Which delivery's reply, and whether it was sent, does not depend on what is told here; ids of events may.
    return [events, heard, replies, suppressions]


@given(
    entries().flatmap(
        lambda found: st.tuples(
            st.just(found),
            st.permutations(found),
            st.lists(st.sampled_from(found), max_size=4),
            st.lists(st.integers(1, 5), max_size=8),
        )
    )
)
def test_every_order_and_every_repetition_comes_to_the_same(
    drawn: tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]], list[int]],
) -> None:
    found, shuffled, again, calls = drawn
    in_order = told(made(), sorted(found, key=lambda each: each["at"]), [1] * len(found))
    assert told(made(), [*shuffled, *again], calls) == in_order
