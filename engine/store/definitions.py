"""Campaign definitions, each version stored once under its content digest."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from engine.errors import NotFound
from engine.store.schema import definitions


def keep(connection: Connection, *, digest: str, campaign: str, title: str, body: str, now: datetime) -> bool:
    """Store a definition unless it is there already; whether it was new."""
    statement = insert(definitions).prefix_with("OR IGNORE", dialect="sqlite")
    row = {"digest": digest, "campaign": campaign, "title": title, "body": body, "stored_at": now}
    return connection.execute(statement, row).rowcount == 1


def body(connection: Connection, digest: str) -> str:
    """The canonical JSON of a stored definition; NotFound when there is none."""
    found = connection.execute(select(definitions.c.body).where(definitions.c.digest == digest)).scalar()
    if found is None:
        raise NotFound(f"No campaign definition {digest} is stored.")
    return str(found)
