"""Pauses of one partner, by their id: what they, or a reaction to their words, ask for."""

from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from engine.store.schema import partners

OPEN_ENDED = datetime(9999, 12, 31, tzinfo=UTC)
"""A pause until someone resumes."""


def pause_partner(connection: Connection, partner_id: int, until: datetime | None) -> None:
    """Send nothing to them before `until` (None: until resumed)."""
    connection.execute(update(partners).where(partners.c.id == partner_id).values(paused_until=until or OPEN_ENDED))


def resume_partner(connection: Connection, partner_id: int) -> None:
    """End their own pause; a pause of the couple stays as it is."""
    connection.execute(update(partners).where(partners.c.id == partner_id).values(paused_until=None))


def paused_until(connection: Connection, partner_id: int) -> datetime | None:
    """Until when they are paused; None when they are not."""
    found: datetime | None = connection.execute(
        select(partners.c.paused_until).where(partners.c.id == partner_id)
    ).scalar()
    return found
