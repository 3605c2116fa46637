"""People who come in by themselves, for tests: what they say, what they are sent, and the links in it."""

import re
from datetime import time, timedelta
from typing import Any

from sqlalchemy import select
from world import VAULT, World

from engine.enroll.confirming import Confirmed
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.signup import SignUp, Ticked
from engine.store import couples_schema, schema
from engine.store.vault import address_index
from engine.transport.base import EmailMessage

CAMPAIGN = "eight-weeks"
MESSAGES = Ticked(ConsentPurpose.MESSAGES, "Yes, send me messages.", "en 1")


def signup(name: str = "Ana", **given: Any) -> SignUp:
    """Somebody who ticks what is needed and no more, and gives an email address of their own."""
    values: dict[str, Any] = {
        "channel": Channel.EMAIL,
        "address": f"{name.lower()}@example.com",
        "timezone": "UTC",
        "locale": "en",
        "send_at": time(9),
        "ticked": (MESSAGES,),
    }
    return SignUp(given_name=name, **{**values, **given})


def sign_up(world: World, who: SignUp, caller: str = "192.0.2.1", **given: Any) -> timedelta | None:
    """As the page does it: for eight-weeks, unless by an invitation."""
    if "invitation_id" not in given:
        given.setdefault("campaign", CAMPAIGN)
    return world.engine.reception.sign_up(who, caller, world.clock.now(), **given)


def confirm(world: World, number: int | None = None) -> Confirmed:
    """Confirm the newest asking, or the one with this id."""
    newest = max(row.id for row in world.rows(couples_schema.confirmations))
    return world.engine.reception.confirm(newest if number is None else number, world.clock.now())


def joined(world: World, name: str = "Ana", **given: Any) -> int:
    """Somebody who has signed up alone and confirmed; the partner's id."""
    assert sign_up(world, signup(name, **given)) is None
    world.fast_forward(hours=1)  # another may be asked from the same address
    return confirm(world).partner_id


def sent(world: World) -> list[tuple[str, str]]:
    """(to, words) of all that was sent, once all that is due has gone."""
    world.tick()
    return [
        (message.to, message.text if isinstance(message, EmailMessage) else message.body)
        for message in world.inbox.messages
    ]


def link(text: str, page: str) -> str:
    """The path of the link to a page in a message."""
    found = re.search(rf"https://rekindle\.example(/{page}/[\w-]+)", text)
    assert found is not None, page
    return found[1]


def who(world: World, name: str) -> Any:
    """The partner called so."""
    (row,) = [row for row in world.rows(schema.partners) if row.given_name == name]
    return row


def stopped(world: World, address: str, channel: Channel = Channel.EMAIL) -> str | None:
    """Why an address is suppressed."""
    index = address_index(VAULT, channel, address)
    with world.database.read() as connection:
        found: str | None = connection.execute(
            select(schema.suppressions.c.reason).where(schema.suppressions.c.address_index == index)
        ).scalar()
    return found
