"""Takes webhook calls in: verified, stored once as they came, then reacted to in one transaction.

A call that is not signed leaves no trace but a number. One that is stored is never lost: when the process ends between
storing and reacting, the next tick reacts. When reacting fails nothing of it is kept but the call itself, as it came:
the provider's next try reacts again, and so do we, once an hour for two days.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from engine.clock import Clock
from engine.errors import StoreError, Unreadable
from engine.hear import calls, entries, reactions
from engine.hear.caught import Caught
from engine.hear.entries import Taken
from engine.hear.texting import Texting
from engine.model.event import Heard
from engine.render.notices import Response
from engine.render.sandbox import RenderError
from engine.store import events, intake
from engine.store.database import Database
from engine.store.intake import CallStatus
from engine.transport.source import Answer, Conversational, EventSource, Forged, Hook, NotOurs

BOUNCE = "bounce"
"""The kind of call whose body is a mail, which anyone can write."""
PATIENCE = timedelta(minutes=1)
"""Whoever stored a call is about to react to it, and to answer: nobody else does before this has passed."""
PARKED_FOR = timedelta(days=2)
"""So long an event waits for its delivery's receipt, and a call that failed is tried again; not counting the time since
the last look: what came before a long sleep is looked at after it."""
RECENT = timedelta(minutes=15)
"""A receipt that comes late comes soon: events parked so long before the last look, or longer, wait for a look back."""
LOOK_BACK_EVERY = timedelta(hours=1)
"""So often, and when the engine starts, everything is looked at that was parked or failed within PARKED_FOR."""
MOST_PARKED = 1_000
MOST_AT_HAND, LARGEST_AT_HAND = 100, 16_384
"""So many calls that were just stored are remembered until they are reacted to, if their bodies are no longer."""
KEPT_FOR = timedelta(days=30)
"""So long a call is kept as it came: somebody's words and addresses are in it, and its events have the rest."""


class UnknownSource(Exception):
    """No transport of this name is set up, or it reads no webhooks."""


class Hearing:
    """The webhooks of one engine. Of this process's calls, `refused` counts those that were turned away, by source and
    why, and `taken` those that were stored or known, by source and what came of them.
    """

    def __init__(self, database: Database, sources: Mapping[str, EventSource], clock: Clock, texting: Texting) -> None:
        self.refused: Counter[tuple[str, str]] = Counter()
        self.taken: Counter[tuple[str, str]] = Counter()
        self._database = database
        self._sources = sources
        self._clock = clock
        self._texting = texting
        self._vault = texting.means.vault
        self._looked: datetime | None = None
        self._looked_back: datetime | None = None
        self._at_hand: dict[int, tuple[str, Hook]] = {}  # stored a moment ago by this process, which reacts next

    def receive(self, name: str, hook: Hook) -> int:
        """Store a call to the source called `name`; its id, the same one however often it comes.

        UnknownSource, Forged or NotOurs when it is not to be believed: it is counted, and nothing is stored.
        """
        source = self._source(name)
        try:
            source.verify(hook)
        except (Forged, NotOurs) as refusal:
            self.refused[name, "forged" if isinstance(refusal, Forged) else "not_ours"] += 1
            raise
        return self._keep(name, hook)

    def read(self, name: str, hook: Hook) -> int:
        """As `receive`, for what the operator hands in and no provider has signed, such as a mailbox of bounces."""
        self._source(name)
        return self._keep(name, hook)

    def react(self, call_id: int) -> Answer | None:
        """React to a stored call, in one transaction; what to answer its provider, None when it takes no answer.

        Reacting again changes nothing and answers nothing. When it fails, nothing is kept but that it did, and the
        exception goes on; a busy or damaged database leaves the call waiting.
        """
        at_hand = self._at_hand.pop(call_id, None)
        if at_hand is not None:
            return self._react(call_id, at_hand[0], lambda: at_hand[1])
        with self._database.read() as connection:
            call = intake.find(connection, call_id)
        if call is None:
            return None
        if call.status is CallStatus.DONE:
            return self._react(call_id, call.source, None)
        return self._react(call_id, call.source, lambda: calls.unsealed(self._vault, call.cipher))

    def _react(self, call_id: int, name: str, read: Callable[[], Hook] | None) -> Answer | None:
        """React to a call of the source called `name`, which `read` reads; None: somebody has reacted to it."""
        try:
            source = self._sources[name]  # a KeyError when its transport has been taken out since
            if read is None:
                return self._answer(source, None)
            hook = read()
            heard = source.parse(hook)
        except Exception as error:
            self._failed(call_id, name, error)
            raise
        try:
            taken = self._settle(call_id, name, source, hook, heard)
        except Exception as error:
            if not isinstance(error, StoreError) or isinstance(error, Unreadable):  # else it waits for the database
                self._failed(call_id, name, error)
            raise
        self.taken[name, "reacted"] += 1
        return self._answer(source, taken.response)

    def silence(self, name: str) -> Answer | None:
        """What to answer the provider of a stored call that is reacted to later."""
        return self._answer(self._sources[name], None)

    def catch_up(self, limit: int = 200) -> Caught:
        """React to what was stored and left, and to events whose delivery has become known since they came.

        One look that takes no lock when there is nothing to do; once an hour, calls older than KEPT_FOR are forgotten.
        """
        caught = Caught()
        now = self._clock.now()
        looking_back = self._looked_back is None or now - self._looked_back >= LOOK_BACK_EVERY
        # An account that others share may park many events that are never ours.
        since = min(now, self._looked or now) - (PARKED_FOR if looking_back else RECENT)
        with self._database.read() as connection:
            left = intake.waiting(connection, now - PATIENCE, since if looking_back else now, limit)
            parked = events.any_attachable(connection, since)
            outdated = looking_back and intake.any_before(connection, now - KEPT_FOR)
        for call_id in left:
            try:
                self.react(call_id)
                caught.reacted += 1
            except Exception as error:  # it is marked; one call must not hold up the others, or the tick
                if isinstance(error, StoreError) and not isinstance(error, Unreadable):
                    break  # the database is busy; the calls wait
                caught.failed += 1
        if parked:
            try:
                with self._database.begin() as connection:
                    caught.attached = reactions.attach(connection, since, MOST_PARKED)
            except Exception:  # they stay parked; what was heard must not hold up what is to be sent
                caught.failed += 1
        if caught.attached < MOST_PARKED:
            self._looked = now
            if looking_back:
                self._looked_back = now
        if outdated:
            with self._database.begin() as connection:
                intake.forget(connection, now - KEPT_FOR)
        return caught

    def retry(self, *, dry_run: bool = False, limit: int = 10_000) -> Caught:
        """React again to calls that failed, however long ago; those that fail again are marked as before."""
        caught = Caught()
        with self._database.read() as connection:
            left = intake.failed(connection, limit)
        for call_id in left:
            try:
                if not dry_run:
                    self.react(call_id)
                caught.reacted += 1
            except Exception as error:
                if isinstance(error, StoreError) and not isinstance(error, Unreadable):
                    raise
                caught.failed += 1
        return caught

    def _failed(self, call_id: int, name: str, error: Exception) -> None:
        """Note that nothing of a call was kept, and the exception's name: its words may be somebody's."""
        self.taken[name, "failed"] += 1
        with suppress(StoreError), self._database.begin() as connection:
            intake.mark(connection, call_id, CallStatus.FAILED, type(error).__name__)

    def _source(self, name: str) -> EventSource:
        source = self._sources.get(name)
        if source is None:
            self.refused["", "unknown_source"] += 1  # not its name: anyone may make up any number of those
            raise UnknownSource
        return source

    def _keep(self, name: str, hook: Hook) -> int:
        """Store a call that is believed, unless it is known."""
        digest = calls.digest(self._vault, hook)
        cipher = calls.sealed(self._vault, hook)
        with self._database.begin(shared=True) as connection:
            kept = intake.keep(connection, name, hook.kind, digest, hook.received_at, cipher)
            known = kept if kept is not None else intake.known(connection, name, digest)
        if known is None:
            raise AssertionError("a call that is not news is known")
        self.taken[name, "repeated" if kept is None else "stored"] += 1
        if kept is not None and len(hook.body) <= LARGEST_AT_HAND and len(self._at_hand) < MOST_AT_HAND:
            self._at_hand[kept] = name, hook
        return known

    def _settle(self, call_id: int, name: str, source: EventSource, hook: Hook, heard: Sequence[Heard]) -> Taken:
        """React to what a call says, unless somebody has meanwhile."""
        # Whoever hands a bounce in is known; who wrote it is not, whatever the source thinks of its calls.
        signed = hook.kind != BOUNCE and bool(getattr(source, "signed", True))
        with self._database.begin() as connection:
            if not intake.mark(connection, call_id, CallStatus.DONE):
                return Taken()
            taken = entries.take(connection, self._texting, heard, name, hook.received_at, signed=signed)
            if said := taken.error():
                intake.note_error(connection, call_id, said)
        return taken

    def _answer(self, source: EventSource, response: Response | None) -> Answer | None:
        if not isinstance(source, Conversational):
            return None
        text = None
        if response is not None:
            with suppress(RenderError):  # lint's to find; what was ordered is done, and must not be undone by it
                text = self._texting.notices.text(response)
        return source.answer(text)
