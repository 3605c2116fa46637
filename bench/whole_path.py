"""From the claim to the provider's door: claim, gates, render, MIME, null transport, mark; against a naive loop."""

from collections.abc import Iterator

from bench.figures import Figure, Lap, middle
from bench.naive import NaiveSender
from bench.town import TALK, town

PEOPLE = 4_000
NAIVE = 300  # the loop costs the same for each row: a sample of the same rows is enough
REPEAT = 5


def run() -> Iterator[Figure]:
    """Emails a second, one process, one SQLite file."""
    engine, naive = [], []
    engine_work, naive_work = [], []
    with town(PEOPLE) as place:
        plain = NaiveSender(place)
        for lap in range(REPEAT + 1):
            place.unsend()
            with Lap() as fast:
                sent = place.send()
            assert sent == PEOPLE, f"{sent} of {PEOPLE} were sent"
            place.unsend()
            with Lap() as slow:
                plain.send(NAIVE, TALK)
            if lap:  # the first compiles the templates of both
                engine.append(fast.seconds / PEOPLE)
                naive.append(slow.seconds / NAIVE)
                engine_work.append(fast.processor / PEOPLE)
                naive_work.append(slow.processor / NAIVE)
        assert plain.writes_the_same(), "the naive loop writes other emails"
        plain.close()
    ours, theirs = middle(engine), middle(naive)
    ratio = theirs / ours
    work = middle(naive_work) / middle(engine_work)
    yield Figure("whole path, naive loop", 1 / theirs, "emails/s")
    yield Figure("whole path, the engine", 1 / ours, "emails/s", ratio, "the naive loop", "≥ 25×", ratio >= 25)
    yield Figure("the same, waiting for the disk left out", 1 / middle(engine_work), "emails/s", work, "the naive loop")
