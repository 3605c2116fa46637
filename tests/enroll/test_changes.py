"""A partner changes what they said of themselves: held to a couples file's rules, all of it or nothing."""

from datetime import time
from typing import Any

import pytest
from world import CONSENT, VAULT, World, phone, talk
from world import person as someone

from engine.enroll.changes import Changed, Changes
from engine.enroll.wishes import days_of, hours_of
from engine.errors import NotFound, Refused
from engine.model.campaign import Channel, Hours
from engine.store import couples, schema, suppressions


@pytest.fixture
def world() -> World:
    world = World(talk(weeks=(1, 2)))
    world.join("x", someone("Ana"), someone("Ben", phone=None))
    return world


def change(world: World, partner: int = 1, dry_run: bool = False, **changes: Any) -> Changed:
    return world.engine.change_partner(partner, Changes(**changes), dry_run=dry_run)


@pytest.mark.parametrize(
    ("said", "column", "stored"),
    [
        ({"given_name": " Anna "}, "given_name", "Anna"),
        ({"timezone": "Asia/Kolkata"}, "timezone", "Asia/Kolkata"),
        ({"locale": "es_mx"}, "locale", "es-MX"),
        ({"channel": "SMS"}, "channel", "sms"),
        ({"send_at": "9:30"}, "send_at", time(9, 30)),
        ({"days": "mon, Thursday"}, "reach_days", frozenset({0, 3})),
        ({"reach_from": "10:00"}, "reach_from", time(10)),
        ({"reach_until": "18:15"}, "reach_until", time(18, 15)),
        ({"causes": "self-esteem; limited affection"}, "causes", frozenset({"self-esteem", "limited-affection"})),
        ({"touch": True}, "touch", True),
        ({"share_texts": True}, "share_texts", True),
        ({"share_pulse": True}, "share_pulse", True),
        ({"shared_phone": True}, "shared_phone", True),
    ],
)
def test_each_thing_can_be_changed_and_nothing_else_changes_with_it(
    world: World, said: dict[str, Any], column: str, stored: object
) -> None:
    before = world.rows(schema.partners)
    assert change(world, dry_run=True, **said).names == tuple(said)
    assert world.rows(schema.partners) == before
    assert change(world, **said).names == tuple(said)
    ana, ben = world.rows(schema.partners)
    assert ana._mapping == {**before[0]._mapping, column: stored}
    assert ben == before[1]
    assert change(world, **said).names == ()


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"given_name": ""}, "name"),
        ({"timezone": "EST"}, "abbreviation"),
        ({"locale": "klingon!"}, "locale"),
        ({"channel": "pigeon"}, "no channel"),
        ({"channel": "whatsapp"}, "no consent to messages by whatsapp"),
        ({"send_at": "25:00"}, "time of day"),
        ({"days": "mon, blursday"}, "no weekday"),
        ({"reach_from": "noon"}, "time of day"),
        ({"causes": "boredom"}, "no cause"),
        ({"reach_from": "18:00", "reach_until": "12:00"}, "there is no time"),
        ({"reach_from": "21:00"}, "nothing could ever be sent"),  # no campaign may be open then
        ({"days": "wed", "send_at": "21:00"}, "too late for messages"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_fix_and_changes_nothing(
    world: World, said: dict[str, Any], what: str
) -> None:
    before = world.rows(schema.partners)
    with pytest.raises(Refused, match=what) as refused:
        change(world, touch=True, **said)
    assert refused.value.fix
    assert world.rows(schema.partners) == before


def test_hours_are_held_to_the_campaigns_that_the_couple_is_in() -> None:
    mornings = (Hours(time(9), time(12)),) * 5 + (None, None)
    world = World(talk(), window=mornings)
    world.join("x", someone("Ana"))
    change(world, reach_from="14:00")
    change(world, reach_from="any")
    world.enroll()
    for said in ({"reach_from": "14:00"}, {"days": "sat,sun"}, {"days": "mon", "send_at": "12:00"}):
        with pytest.raises(Refused):
            change(world, **said)
    assert change(world, days="fri,sat", reach_from="11:00").names == ("days", "reach_from")


def test_what_was_said_of_days_and_hours_can_be_taken_back(world: World) -> None:
    change(world, days="mon", reach_from="10:00", reach_until="12:00")
    assert change(world, days="any", reach_from="", reach_until="Any").names == ("days", "reach_from", "reach_until")
    ana = world.rows(schema.partners)[0]
    assert (ana.reach_days, ana.reach_from, ana.reach_until) == (frozenset(), None, None)


def test_nobody_chooses_a_channel_on_which_nothing_would_reach_them(world: World) -> None:
    with pytest.raises(Refused, match="no phone number"):
        change(world, partner=2, channel="sms")
    with world.database.begin() as connection:
        suppressions.add(connection, VAULT, Channel.SMS, phone("Ana"), "stop", "a test", world.clock.now())
    with pytest.raises(Refused, match="told us to stop"):
        change(world, channel="sms")
    with world.database.begin() as connection:
        couples.record_consent(connection, 1, Channel.WHATSAPP, True, CONSENT, world.clock.now())
        suppressions.remove(connection, VAULT, Channel.SMS, phone("Ana"))
    assert change(world, channel="whatsapp").names == ("channel",)


def test_a_page_that_says_everything_again_changes_only_what_is_new(world: World) -> None:
    everything = {
        "given_name": "Ana",
        "timezone": "UTC",
        "locale": "en",
        "channel": "email",
        "send_at": "09:00",
        "days": "",
        "reach_from": "",
        "reach_until": "",
        "causes": "",
        "touch": False,
        "share_texts": False,
    }
    assert change(world, **everything).names == ()
    assert change(world, **{**everything, "send_at": "10:00"}).names == ("send_at",)


@pytest.mark.parametrize(
    ("said", "tastes"), [({"touch": True}, True), ({"causes": "self-esteem"}, True), ({"send_at": "10:00"}, False)]
)
def test_whoever_changes_tastes_is_told_to_draw_anew(world: World, said: dict[str, Any], tastes: bool) -> None:
    assert change(world, **said).tastes is tastes


def test_a_partner_who_is_gone_or_has_left_changes_nothing(world: World) -> None:
    world.alter("Ana", left_at=world.clock.now())
    with pytest.raises(Refused, match="left"):
        change(world, send_at="10:00")
    with pytest.raises(NotFound):
        change(world, partner=9, send_at="10:00")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon,tue", {0, 1}),
        ("Saturday; Sunday", {5, 6}),
        ("we th", {2, 3}),
        ("fri.", {4}),
        ("mon, mon", {0}),
        ("ANY", set()),
        ("", set()),
    ],
)
def test_weekdays_are_read_by_name(text: str, days: set[int]) -> None:
    assert days_of(text) == days


@pytest.mark.parametrize(
    ("text", "hours"), [("09:00-19:00", ("09:00", "19:00")), ("9:00 – 19:00", ("9:00", "19:00")), ("any", ("", ""))]
)
def test_hours_are_read_by_their_ends(text: str, hours: tuple[str, str]) -> None:
    assert hours_of(text) == hours
