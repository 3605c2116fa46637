"""Adds one person, held to the same rules as a row of a file."""

from collections.abc import Mapping
from datetime import datetime

from engine.enroll.bad_value import BadValue
from engine.enroll.rows import COLUMNS, Header
from engine.errors import NotFound, Refused
from engine.model.couple import Consent
from engine.store import couples
from engine.store.database import Database
from engine.store.vault import Vault


def add_partner(database: Database, vault: Vault, cells: Mapping[str, str], *, consent: Consent, now: datetime) -> int:
    """Add the first partner of a new couple, or the second of one that waits; their position, 1 or 2.

    `cells` are as in a couples file, by column. Refused when one cannot be used, consent is empty, the couple is
    whole, or an address belongs to another couple.
    """
    if not consent.words.strip():
        raise Refused("Nobody is added without consent.", fix="Say in --consent what this person agreed to.")
    try:
        row = Header(COLUMNS, "the command").row(1, [cells.get(column, "") for column in COLUMNS])
    except BadValue as error:
        raise Refused(error.what, fix=error.fix) from None
    with database.begin() as connection:
        try:
            couples.id_of(connection, row.ref)
        except NotFound:
            couples.add(connection, vault, row.ref, [row.partner], consent, now)
            return 1
        return couples.join(connection, vault, row.ref, row.partner, consent, now).position
