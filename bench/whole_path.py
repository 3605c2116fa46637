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
        plain.close()
    ours, theirs = middle(engine), middle(naive)
    ratio = theirs / ours
    yield Figure("whole path, naive loop", 1 / theirs, "emails/s")
    yield Figure("whole path, the engine", 1 / ours, "emails/s", ratio, "the naive loop", "≥ 25×", ratio >= 25)
