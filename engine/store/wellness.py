"""Small looks at a database for whoever asks whether it is well; none costs more than a few rows."""

from datetime import datetime

from sqlalchemy import Connection, select

from engine.store.schema import couples, enrollments, events, intake, partners
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault


def newest(connection: Connection) -> datetime | None:
    """When the newest of what has come in came in, by our clock at that time; None when nothing has."""
    columns = (couples.c.created_at, enrollments.c.created_at, intake.c.received_at, events.c.received_at)
    found = [connection.execute(select(each).order_by(each.table.c.id.desc()).limit(1)).scalar() for each in columns]
    return max((each for each in found if each is not None), default=None)


def opens(connection: Connection, vault: Vault) -> bool:
    """Whether these keys open an address, the newest there is; StoreError when they do not."""
    for column, purpose in ((partners.c.email_cipher, SEALED_EMAIL), (partners.c.phone_cipher, SEALED_PHONE)):
        statement = select(column).where(column.is_not(None)).order_by(partners.c.id.desc()).limit(1)
        cipher = connection.execute(statement).scalar()
        if cipher is not None:
            vault.open(cipher, purpose)
            return True
    return False
