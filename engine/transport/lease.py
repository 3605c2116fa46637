"""Whether what a transport is handing over is still its process's to hand over.

A machine that sleeps in the middle of a batch, or a process that is stopped there, may wake when its lease is over. By
then others may have asked the provider, been told that a message never arrived, and sent it. So a transport takes the
`question` when its `send` begins, and asks it right before each message goes on the wire; where the answer is no, that
message comes to OVERTAKEN.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from engine.transport.base import ConnectionFailed

Question = Callable[[], bool]

OVERTAKEN = ConnectionFailed("The lease ran out before it was handed over.")


def _nobody_asks() -> bool:
    return True


_question: ContextVar[Question] = ContextVar("lease", default=_nobody_asks)


def question() -> Question:
    """The question of the hand-over that this is a part of; outside of any, the answer is always yes."""
    return _question.get()


@contextmanager
def under(runs: Question) -> Iterator[None]:
    """What is handed over in this block is ours as long as `runs()` is true."""
    token = _question.set(runs)
    try:
        yield
    finally:
        _question.reset(token)
