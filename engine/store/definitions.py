"""Campaign definitions, each version stored once under its content digest."""

from datetime import datetime

from sqlalchemy import Connection, select

from engine.errors import NotFound
from engine.store.portable import insert
from engine.store.schema import definitions


def keep(connection: Connection, *, digest: str, campaign: str, title: str, body: str, now: datetime) -> bool:
    """Store a definition unless it is there already; whether it was new."""
    statement = insert(definitions).on_conflict_do_nothing()
    row = {"digest": digest, "campaign": campaign, "title": title, "body": body, "stored_at": now}
    return connection.execute(statement, row).rowcount == 1


def find(connection: Connection, prefix: str, campaign: str | None = None) -> str:
    """The digest that begins with `prefix`, of a version of `campaign` or of any; NotFound unless there is one."""
    statement = select(definitions.c.digest).where(definitions.c.digest.startswith(prefix.lower(), autoescape=True))
    if campaign is not None:
        statement = statement.where(definitions.c.campaign == campaign)
    found = connection.execute(statement.order_by(definitions.c.digest)).scalars().all()
    if len(found) == 1:
        return str(found[0])
    of = f" of {campaign}" if campaign is not None else ""
    if not found:
        raise NotFound(f"No version{of} that begins with {prefix!r} is stored.", "See `rekindle campaigns list`.")
    raise NotFound(
        f"{len(found)} stored versions{of} begin with {prefix!r}.",
        f"Give more of the digest: {', '.join(each[: len(prefix) + 6] for each in found[:5])}.",
    )


def campaigns(connection: Connection) -> set[str]:
    """The ids of the campaigns of which any version is stored."""
    return set(connection.execute(select(definitions.c.campaign).distinct()).scalars())


def body(connection: Connection, digest: str) -> str:
    """The canonical JSON of a stored definition; NotFound when there is none."""
    found = connection.execute(select(definitions.c.body).where(definitions.c.digest == digest)).scalar()
    if found is None:
        raise NotFound(f"No campaign definition {digest} is stored.")
    return str(found)
