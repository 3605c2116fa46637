"""Bugs to plant in the engine, to see that the checker can fail: each is an edit of its source, loaded in its place."""

from fuzz.planted.bug import Bug, Edit
from fuzz.planted.calendar import CALENDAR_BUGS
from fuzz.planted.gates import GATES_DROPPED
from fuzz.planted.heard import HEARD
from fuzz.planted.private import PRIVATE
from fuzz.planted.sending import DOUBTS, SENDING

__all__ = ["BUGS", "Bug", "Edit"]

BUGS: tuple[Bug, ...] = (*SENDING, *DOUBTS, *GATES_DROPPED, *CALENDAR_BUGS, *PRIVATE, *HEARD)
