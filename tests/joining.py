"""People who come in by themselves, for tests: what they say, what they are sent, and the links in it."""

import hashlib
import html
import re
from datetime import time, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from sqlalchemy import select
from wire import call
from world import VAULT, World

from engine.enroll.confirming import Confirmed
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.signup import SignUp, Ticked
from engine.render.links import Purpose
from engine.store import couples_schema, schema
from engine.store.metadata import metadata
from engine.store.vault import address_index
from engine.transport.base import EmailMessage
from engine.web.app import create_app

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


class Visitor:
    """A browser without memory, on a world's site."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.app = create_app(world.engine)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return call(self.app, "GET", path, **given)

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """A form, as a browser of this site sends it."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", **fields.pop("headers", {})}
        return call(self.app, "POST", path, content=urlencode(fields, doseq=True), headers=headers)

    def person(self, path: str, name: str = "Ana", **fields: Any) -> dict[str, Any]:
        """What somebody fills in on a sign-up page or an invitation, as far as they must."""
        shown = found(self.get(path).text, r'name="shown" value="(\w+)"')
        values = {
            "shown": shown,
            "given_name": name,
            "channel": "email",
            "email": f"{name.lower()}@example.com",
            "timezone": "Europe/Madrid",
            "send_at": "19:00",
            "locale": "en",
            "agree_email": "yes",
        }
        return {**values, **fields}

    def sign_up(self, path: str = f"/join/{CAMPAIGN}", name: str = "Ana", **fields: Any) -> httpx.Response:
        return self.post(path, **self.person(path, name, **fields))

    def welcomed(self, path: str = f"/join/{CAMPAIGN}", name: str = "Ana", **fields: Any) -> httpx.Response:
        """The page after somebody has signed up and confirmed."""
        assert self.sign_up(path, name, **fields).status_code == 200
        return self.post(link(sent(self.world)[-1][1], "c"))

    def own_page(self, name: str = "Ana", purpose: Purpose = Purpose.PREFERENCES) -> str:
        """The path of somebody's own page, by a fresh link."""
        row, links = who(self.world, name), self.world.engine.links
        return "/p/" + links.sign(purpose, row.id, row.epoch, self.world.clock.now().date())

    def act(self, page: str, section: str, **fields: Any) -> httpx.Response:
        """Send a form of somebody's own page, as it is shown now."""
        stamp = found(self.get(page).text, r'name="stamp" value="(\w+)"')
        return self.post(f"{page}/{section}", **{"stamp": stamp, **fields})


def found(text: str, pattern: str) -> str:
    """What a pattern finds in a page."""
    match = re.search(pattern, text)
    assert match is not None, pattern
    return html.unescape(match[1])


def errors(answer: httpx.Response) -> list[str]:
    """The fields that a page says are wrong."""
    return re.findall(r'id="([\w-]+)-error"', answer.text)


def contents(world: World) -> str:
    """A digest of every row of every table."""
    rows = [(table.name, world.rows(table)) for table in metadata.sorted_tables]
    return hashlib.sha256(repr(rows).encode()).hexdigest()
