"""Going through the motions before the first message, for nobody: what a process needs only once is then at hand.

Statements are compiled, campaigns thawed, and the templates of the latest messages; the first message after a start
would otherwise be late by that. Nothing is stored, nothing is handed over, and nothing comes of what fails here: the
real thing will say so of itself.
"""

from contextlib import suppress
from datetime import datetime

from engine.deliver.aside import workable
from engine.deliver.definitions import Definitions
from engine.deliver.messages import Letters
from engine.deliver.traffic import Traffic
from engine.store import context, ledger, places, restores
from engine.store.database import Database

LATEST = 50
"""So many messages are written again: what comes next is mostly like them."""
NOBODYS = 0
"""No delivery has this id."""


def rehearse(database: Database, definitions: Definitions, letters: Letters, traffic: Traffic, now: datetime) -> None:
    """Plan nothing, claim nothing, and write the latest messages to nobody."""
    with suppress(Exception):
        with database.begin(shared=True) as connection:
            traffic.look(connection, now)
            restores.pending(connection)
            places.any_due(connection, now)
            workable(connection, definitions, now, 0)
            places.plan(connection, [])
            places.advance(connection, [])
            places.complete(connection, [])
            ledger.claim(connection, now, "", now, 0, list(traffic.routes.by_channel))
            context.lock_couples(connection, [NOBODYS])
            context.facts(connection, [])
            context.sent_counts(connection, [])
            ledger.intend(connection, [], now)
            ledger.settle(connection, [])
            ledger.accept(connection, [], now)
            rows, _ = context.readable(connection, context.latest(connection, LATEST))
            known, _ = definitions.readable(connection, [row.digest for row in rows])
        letters.write([row for row in rows if row.digest in known and row.address_cipher is not None], known, now)
