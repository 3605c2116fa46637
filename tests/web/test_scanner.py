"""Mail scanners, previews and prefetchers follow every link in every message: nothing may come of it."""

import re
from pathlib import Path

import httpx
from joining import confirm, joined, sign_up, signup
from wire import calling
from world import World, phone

from engine.model.campaign import Channel
from engine.store import invitations
from engine.store.metadata import metadata
from engine.store.notices import sealed_to
from engine.transport.base import EmailMessage
from engine.web.app import create_app

LINK = re.compile(r"https://rekindle\.example(/[^\s\"<>&]+)")


def everything(world: World) -> dict[str, str]:
    return {table.name: repr(world.rows(table)) for table in metadata.sorted_tables}


def links(world: World) -> set[str]:
    """Every path of ours in every part of every message, headers included."""
    found: set[str] = set()
    for message in world.inbox.messages:
        if isinstance(message, EmailMessage):
            found |= set(LINK.findall("\n".join((message.text, message.html, repr(message.headers).replace("'", " ")))))
        else:
            found |= set(LINK.findall(message.body))  # type: ignore[union-attr]
    return {link.rstrip(">.") for link in found}


def test_getting_every_link_of_every_message_twice_changes_nothing(tmp_path: Path) -> None:
    """Given two who sign up, one who is invited by mail, and two weeks of messages on both channels."""
    world = World(database=tmp_path / "r.sqlite3")
    ana = joined(world, "Ana")
    with world.database.begin() as connection:
        invitation = invitations.make(connection, ana, world.clock.now())
    world.engine.reception.invite(
        ana, sealed_to(world.engine.vault, Channel.EMAIL, "kim@example.org"), "192.0.2.9", world.clock.now()
    )
    world.go_to("2026-03-01T13:00")
    sign_up(world, signup("Ben", channel=Channel.SMS, address=phone("Ben")), "192.0.2.2", invitation_id=invitation.id)
    world.tick()
    confirm(world)
    sign_up(world, signup("Cleo", locale="es"), "192.0.2.3")
    world.live("2026-03-16T00:00")
    paths = sorted(links(world))
    kinds = {path.split("/")[1] for path in paths}
    assert {"a", "c", "d", "i", "n", "p", "pulse", "u"} <= kinds
    app = create_app(world.engine)
    before = everything(world)

    async def scan(client: httpx.AsyncClient) -> list[int]:
        answers = [
            await client.request(method, path, headers={"User-Agent": "scanner", "Purpose": "prefetch"})
            for path in paths
            for method in ("HEAD", "GET", "GET")
        ]
        return [answer.status_code for answer in answers]

    statuses = set(calling(app, scan))
    assert statuses <= {200, 404, 410}
    assert 200 in statuses
    after = everything(world)
    assert {name for name in before if before[name] != after[name]} == set()
