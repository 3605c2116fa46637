"""What an operator does, whether at the dashboard or on the command line: each act with its line in the audit.

The line says who did what to which of our rows, never an address or anybody's words. It is written in the transaction
of the act, or before anything private is handed out.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine.app import Engine
from engine.deliver import aside, halting, restoring, verdicts
from engine.deliver.aside import Given
from engine.deliver.halting import What
from engine.deliver.restoring import Released
from engine.errors import NotFound, Refused
from engine.hear.caught import Caught
from engine.model.act import Act
from engine.model.campaign import Channel
from engine.model.couple import Partner
from engine.model.delivery import Verdict
from engine.model.enrollment import StopReason
from engine.model.suppression import SuppressReason
from engine.store import (
    alerts,
    answers,
    audit,
    couples,
    enrollments,
    erasing,
    key_file,
    replies,
    resealing,
    restores,
    suppressions,
)
from engine.store.alerts import Alert
from engine.store.database import Transaction
from engine.store.replies import Kept
from engine.store.restores import Restore

BY_OPERATOR = "operator"
"""What a suppression of theirs says of where it came from."""
UNNOTICED = timedelta(minutes=1)
"""So long after a change of the key file nobody seals with an older key any more, nor has anything uncommitted."""
SHOWN = 10
"""Hex digits of an address's keyed hash: enough to tell entries apart. Nobody can work an address out of them."""
FOUND = {Verdict.SENT: Act.COUNT_AS_SENT, Verdict.RESEND: Act.RESEND, Verdict.DROP: Act.DROP}


class Operator:
    """One operator, called `actor` in the audit. NotFound and Refused as the parts raise them; then nothing is done."""

    def __init__(self, engine: Engine, actor: str = audit.COMMAND_LINE) -> None:
        self._engine = engine
        self.actor = actor

    def pause(self, what: What, *, dry_run: bool = False) -> bool:
        """Hold something back; see `deliver.halting.pause`."""
        engine, now = self._engine, self._engine.clock.now()
        return halting.pause(engine.database, what, engine.transport_names, self.actor, now, dry_run=dry_run)

    def resume(self, what: What, *, dry_run: bool = False) -> bool:
        """Let it go on; see `deliver.halting.resume`."""
        engine = self._engine
        return halting.resume(engine.database, what, self.actor, engine.clock.now(), dry_run=dry_run)

    def confirm_restore(self, plan: Callable[[], object], *, nothing_sent_since: bool = False) -> Released:
        """Let go on after a backup was put back; see `deliver.restoring.confirm`."""
        engine = self._engine
        return restoring.confirm(
            engine.database, plan, self.actor, engine.clock.now, nothing_sent_since=nothing_sent_since
        )

    def quarantine(self) -> Restore:
        """Say that a backup was put in the database's place by other means: everything is held from now on."""
        now = self._engine.clock.now()
        with self._engine.database.begin() as connection:
            restore = restores.put_back(connection, now)
            self._keep(connection, Act.RESTORE, f"restore {restore.id}")
        return restore

    def pause_couple(
        self, ref: str, until: datetime | None = None, position: int | None = None, *, dry_run: bool = False
    ) -> None:
        """Send nothing to a couple, or to one of the two, before `until` (None: until resumed)."""
        with self._engine.database.begin() as connection:
            couple_id = couples.id_of(connection, ref)
            if not dry_run:
                couples.pause(connection, couple_id, until, position)
                self._keep(connection, Act.PAUSE_COUPLE, _couple(couple_id, position))

    def resume_couple(self, ref: str, position: int | None = None, *, dry_run: bool = False) -> None:
        """End that pause."""
        with self._engine.database.begin() as connection:
            couple_id = couples.id_of(connection, ref)
            if not dry_run:
                couples.resume(connection, couple_id, position)
                self._keep(connection, Act.RESUME_COUPLE, _couple(couple_id, position))

    def stop_couple(self, ref: str, *, dry_run: bool = False) -> int:
        """End every campaign of a couple for both partners, and withdraw what was planned; how many campaigns."""
        with self._engine.database.begin() as connection:
            couple_id = couples.id_of(connection, ref)
            found = enrollments.unfinished(connection, couple_id)
            if not dry_run:
                enrollments.stop(connection, found, StopReason.OPERATOR)
                self._keep(connection, Act.STOP_COUPLE, _couple(couple_id))
        return len(found)

    def export(self, ref: str, position: int) -> dict[str, Any]:
        """What is kept of the partner at `position`, and nothing of the other's: see `hear.own_file`."""
        with self._engine.database.begin() as connection:
            couple_id, partner = self._partner(connection, ref, position)
            self._keep(connection, Act.EXPORT, _couple(couple_id, position))
            return self._engine.own_data(connection, partner.id, partner.locale)

    def erase(self, ref: str, position: int, *, dry_run: bool = False) -> dict[str, int]:
        """Erase the partner at `position`: see `store.erasing`. How many rows of each kind were theirs.

        Providers' copies are left for `Engine.clear_leftovers`.
        """
        with self._engine.database.begin() as connection:
            couple_id, partner = self._partner(connection, ref, position)
            found = erasing.would_go(connection, partner.id)
            if not dry_run:
                erasing.erase(connection, self._engine.vault, partner.id, self._engine.clock.now())
                self._keep(connection, Act.ERASE, _couple(couple_id, position))
        return found

    def add_key(self) -> str:
        """Add a fresh key to the key file, which seals nothing yet; its id. Refused where keys are in a setting."""
        key_id = key_file.add(self._key_file())
        self.keep(Act.ADD_KEY, f"key {key_id}")
        return key_id

    def rotate_keys(self, key_id: str | None, progress: resealing.Progress) -> int:
        """Seal with this key from now on, or with the current one (None), and all that others have sealed anew.

        How many values that were. See `store.resealing`.
        """
        engine = self._engine
        if key_id is not None and key_id != engine.vault.current:
            key_file.make_current(self._key_file(), key_id)
        engine.vault.look_again()
        self.keep(Act.ROTATE_KEYS, f"key {engine.vault.current}")
        return resealing.reseal(engine.database, engine.vault, progress)

    def retire_key(self, key_id: str, *, dry_run: bool = False) -> None:
        """Take a key out of the key file. Refused while it seals anything, or some process may be sealing with it."""
        path = self._key_file()
        with self._engine.database.begin() as connection:  # nobody else writes meanwhile

            def still_seals() -> int:
                """How much is sealed with it; Refused while a process may not have noticed the newest key."""
                since = self._engine.clock.now().timestamp() - path.stat().st_mtime
                if since < UNNOTICED.total_seconds():
                    raise Refused(
                        "The key file was changed just now: a process may still be sealing with an older key.",
                        fix=f"Try again in {UNNOTICED.seconds} seconds.",
                    )
                return resealing.sealed_with(connection, key_id)

            key_file.retire(path, key_id, still_seals, dry_run=dry_run)
            if not dry_run:
                self._keep(connection, Act.RETIRE_KEY, f"key {key_id}")

    def _key_file(self) -> Path:
        settings = self._engine.settings
        if settings.key is not None:
            raise Refused(
                "The keys are in REKINDLE_KEY, and not in a file.",
                fix="Change it there, start all processes anew, then seal with it by `rekindle keys rotate`.",
            )
        return settings.path(settings.key_file)

    def find(self, channel: Channel, address: str) -> list[str]:
        """The refs of the couples in which somebody has this address, which is in normal form."""
        with self._engine.database.begin() as connection:
            found = couples.find_by_address(connection, self._engine.vault, channel, address)
            refs = list(dict.fromkeys(ref for ref, *_ in found))
            for ref in refs:
                self._keep(connection, Act.FIND, _couple(couples.id_of(connection, ref)))
            if not refs:
                self._keep(connection, Act.FIND, "nobody")
        return refs

    def reveal(self, ref: str, position: int) -> Partner:
        """The partner at `position`, addresses decrypted."""
        with self._engine.database.begin() as connection:
            couple_id, partner = self._partner(connection, ref, position)
            self._keep(connection, Act.REVEAL, _couple(couple_id, position))
        return partner

    def resolve(self, ids: Sequence[int] | None, verdict: Verdict, *, dry_run: bool = False) -> int:
        """Settle deliveries in doubt, or all of them; see `deliver.verdicts.resolve`."""
        now, keep = self._engine.clock.now(), self._keep_deliveries(FOUND[verdict])
        return verdicts.resolve(self._engine.database, ids, verdict, now, dry_run=dry_run, keep=keep)

    def retry(self, ids: Sequence[int], *, dry_run: bool = False) -> int:
        """Plan failed deliveries again; see `deliver.verdicts.retry`."""
        now, keep = self._engine.clock.now(), self._keep_deliveries(Act.RESEND)
        return verdicts.retry(self._engine.database, ids, now, dry_run=dry_run, keep=keep)

    def suppress(self, channel: Channel, address: str) -> bool:
        """Never send to an address (in normal form) again; whether that is news."""
        vault, now = self._engine.vault, self._engine.clock.now()
        with self._engine.database.begin() as connection:
            news = suppressions.add(connection, vault, channel, address, SuppressReason.OPERATOR, BY_OPERATOR, now)
            self._keep(connection, Act.SUPPRESS, _listed(suppressions.index_of(vault, channel, address)))
        return news

    def unsuppress(self, channel: Channel, address: str) -> bool:
        """Take an address (in normal form) off the list; whether it was on it."""
        return self.unsuppress_index(suppressions.index_of(self._engine.vault, channel, address))

    def unsuppress_index(self, index: bytes) -> bool:
        """The same for an address known only by its hash."""
        with self._engine.database.begin() as connection:
            was = suppressions.remove_index(connection, index)
            if was:
                self._keep(connection, Act.UNSUPPRESS, _listed(index))
        return was

    def read_alert(self, number: int) -> tuple[Alert, str | None]:
        """An alert and the words that raised it, as they stand now; None where they are gone."""
        with self._engine.database.begin() as connection:
            found = _alert(connection, number)
            self._keep(connection, Act.READ_ALERT, f"alert {number}")
            if found.reply_id is not None:
                return found, replies.words(connection, self._engine.vault, found.reply_id)
            words = None if found.answer_id is None else answers.words(connection, self._engine.vault, found.answer_id)
            return found, words

    def seen_alert(self, number: int) -> bool:
        """Take an alert off the list; whether that is news."""
        with self._engine.database.begin() as connection:
            _alert(connection, number)
            news = alerts.mark_seen(connection, number, self._engine.clock.now())
            if news:
                self._keep(connection, Act.SEEN_ALERT, f"alert {number}")
        return news

    def read_reply(self, number: int) -> tuple[Kept, str]:
        """A reply that the operator has to look at, and its words."""
        with self._engine.database.begin() as connection:
            found = _reply(connection, number)
            self._keep(connection, Act.READ_REPLY, f"reply {number}")
            return found, replies.words(connection, self._engine.vault, number)

    def seen_reply(self, number: int) -> bool:
        """Take a reply off the list; whether that is news."""
        with self._engine.database.begin() as connection:
            _reply(connection, number)
            news = replies.mark_seen(connection, number, self._engine.clock.now())
            if news:
                self._keep(connection, Act.SEEN_REPLY, f"reply {number}")
        return news

    def retry_aside(self, *, dry_run: bool = False) -> tuple[Given, Caught]:
        """Give back what was set aside and can be worked with now; see `deliver.aside.retry` and `Hearing.retry`."""
        engine = self._engine
        if not dry_run:
            self.keep(Act.RETRY_ASIDE, "what was set aside")
        given = aside.retry(engine.database, engine.definitions, dry_run=dry_run)
        return given, engine.hearing.retry(dry_run=dry_run)

    def keep(self, act: Act, about: str) -> None:
        """A line of the audit about what changes no row."""
        with self._engine.database.begin() as connection:
            self._keep(connection, act, about)

    def _partner(self, connection: Transaction, ref: str, position: int) -> tuple[int, Partner]:
        found = couples.find(connection, self._engine.vault, ref)
        partner = next((each for each in found.partners if each.position == position), None)
        if partner is None:
            raise NotFound(f"There is no partner {position} in couple {ref!r}.", fix="`rekindle couples show` it.")
        return found.id, partner

    def _keep(self, connection: Transaction, act: Act, about: str) -> None:
        audit.record(connection, self._engine.clock.now(), self.actor, act, about)

    def _keep_deliveries(self, act: Act) -> verdicts.Keep:
        def keep(connection: Transaction, ids: Sequence[int]) -> None:
            for each in ids:
                self._keep(connection, act, f"delivery {each}")

        return keep


def _alert(connection: Transaction, number: int) -> Alert:
    found = alerts.find(connection, number)
    if found is None:
        raise NotFound(f"There is no alert {number}.", fix="`rekindle alerts list --all` shows those there are.")
    return found


def _reply(connection: Transaction, number: int) -> Kept:
    found = replies.find(connection, number)
    if found is None:
        raise NotFound(f"There is no reply {number} to look at.", fix="`rekindle replies list` shows those there are.")
    return found


def _couple(couple_id: int, position: int | None = None) -> str:
    """By id: a couple's ref may be made of names, and the audit outlasts an erasure."""
    return f"couple {couple_id}" if position is None else f"couple {couple_id} partner {position}"


def _listed(index: bytes) -> str:
    return f"suppression {index.hex()[:SHOWN]}"
