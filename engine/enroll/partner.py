"""Adds one person, held to the same rules as a row of a file."""

from collections.abc import Mapping
from datetime import datetime

from engine.enroll.bad_value import BadValue
from engine.enroll.reading import Candidate
from engine.enroll.rows import COLUMNS, Header
from engine.enroll.seating import Known, Seating
from engine.errors import Refused
from engine.model.couple import Consent
from engine.store import joining
from engine.store.database import Database
from engine.store.sealing import sealed
from engine.store.vault import Vault


def add_partner(database: Database, vault: Vault, cells: Mapping[str, str], *, consent: Consent, now: datetime) -> int:
    """Add the first partner of a new couple, or the second of one that waits; their position, 1 or 2.

    `cells` are as in a couples file, by column. Refused when one cannot be used, consent is empty, the couple is
    whole, has this person already, or an address belongs to another couple.
    """
    if not consent.words.strip():
        raise Refused("Nobody is added without consent.", fix="Say in --consent what this person agreed to.")
    try:
        row = Header(COLUMNS, "the command").row(1, [cells.get(column, "") for column in COLUMNS])
    except BadValue as error:
        raise Refused(error.what, fix=error.fix) from None
    with database.begin() as connection:
        addresses = sealed(vault, row.partner)
        email, phone = ([index] if index else [] for index in (addresses.email_index, addresses.phone_index))
        seating = Seating(joining.people(connection, [row.ref]), joining.owners(connection, email, phone))
        match seating.decide(Candidate(row, [], addresses)):
            case joining.Arrival() as arrival:
                joining.put_in(connection, [arrival], consent, now)
                return arrival.position
            case Known():
                raise Refused(
                    f"{row.partner.given_name} is in couple {row.ref!r} already.", fix="Add the other partner."
                )
            case BadValue() as problem:
                raise Refused(problem.what, fix=problem.fix)
