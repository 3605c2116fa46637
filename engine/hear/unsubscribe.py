"""One-click unsubscribing (RFC 8058) and the button on the page: what a signed link may do."""

from datetime import datetime

from engine.render.links import Claims
from engine.store import stops
from engine.store.database import Database


def unsubscribe(database: Database, claims: Claims, now: datetime, source: str) -> bool:
    """Send nothing more to the address that the link's partner has now on its channel; whether that is news.

    The address is the unit: where two partners share it, it ends for both. False as well when the partner is gone, has
    no such address, or was unsubscribed before; whoever pressed the button is told the same.
    """
    with database.begin() as connection:
        return stops.unsubscribe(connection, claims.partner_id, claims.channel, source, now)
