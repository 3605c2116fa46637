"""What people and operators do, one at a time: acted out, and written down whether its author was told "done"."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from engine.errors import StoreError
from fuzz.calls import AGAIN_AFTER, MOST_TRIES
from fuzz.machine import Process
from fuzz.notebook import Notebook
from fuzz.people import ACTS, REFUSALS, look_at_own_data
from fuzz.provider import chance
from fuzz.script import Happening, Kind, Script
from fuzz.town import Town, Unheard

FAULTS = StoreError, SQLAlchemyError, Unheard
"""What befell an act or a pass; anything else that is raised is a mistake, the engine's or the simulator's."""


class Acting:
    """The acts of a life, in the order of their turn. Who was not told "done" tries `later`: (seconds, the act)."""

    def __init__(
        self, script: Script, town: Town, notebook: Notebook, later: Callable[[float, Happening], None]
    ) -> None:
        self.due: list[Happening] = []
        self._script = script
        self._town = town
        self._notebook = notebook
        self._later = later
        self._tried: dict[int, int] = {}

    def all(self, process: Process) -> None:
        """All that are due."""
        while self.due:
            self.next(process)

    def next(self, process: Process) -> None:
        """The first that is due."""
        self._act(process, self.due.pop(0))

    def early(self, process: Process) -> None:
        """Those that come before the pass of their round."""
        for it in [each for each in self.due if self._chance("early", each.number) < 0.4]:
            self.due.remove(it)
            self._act(process, it)

    def look_at_the_end(self, process: Process) -> None:
        """Some look at what is there of them."""
        for person in self._script.people:
            if self._chance("looks at the end", person.number) < 0.25:
                look_at_own_data(self._town, process, person.number)

    def _act(self, process: Process, it: Happening) -> None:
        told, about = False, dict[str, Any]()
        failed = False
        try:
            told, about = ACTS[it.kind](self._town, process, it)
        except REFUSALS as refusal:
            self._notebook.hear(refusal)
        except FAULTS as error:
            failed = True
            self._notebook.faults["act failed"] += 1
            self._notebook.hear(error)
        if it.kind is Kind.JOIN:
            self._town.note_rows(it.who or 0)
        self._notebook.tell(it.number, told, **about)
        tries = self._tried[it.number] = self._tried.get(it.number, 0) + 1
        if failed and tries < MOST_TRIES:
            self._later(AGAIN_AFTER, it)
        if it.kind in (Kind.ANSWER, Kind.LEAVE, Kind.ERASE) and self._chance("look", it.number) < 0.5:
            self._other_looks(process, it)

    def _other_looks(self, process: Process, it: Happening) -> None:
        mine = self._town.people[it.who or 0]
        for person in self._script.people:
            if person.couple == mine.couple:
                look_at_own_data(self._town, process, person.number)

    def _chance(self, *about: object) -> float:
        return chance(self._script.seed, *about)
