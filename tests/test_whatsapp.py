"""WhatsApp is a channel of its own: its own consent and transport, but the same phone, suppression and templates."""

import asyncio
import csv
from pathlib import Path

import pytest
from rig_twilio import SENDER, Log, delivery, form, transport
from world import CONSENT, VAULT, World, at, person, phone, talk

from engine.check.check import check
from engine.enroll.importer import import_couples
from engine.enroll.partner import add_partner
from engine.errors import Refused
from engine.model.campaign import Channel
from engine.model.sender import Sender
from engine.model.suppression import SuppressReason
from engine.render.links import Claims, Links, Purpose
from engine.shipped import shipped
from engine.store import couples, schema, suppressions
from engine.testing.http import Request, staged
from engine.testing.situations import Situation
from engine.transport.base import EmailMessage, SmsMessage
from engine.transport.memory import MemoryTransport

WHATSAPP = {"channel": Channel.WHATSAPP}
NUMBER = "+12025550123"


def test_who_prefers_it_gets_it_there_at_their_phone_in_the_words_of_a_text() -> None:
    """And only through the transport of that channel."""
    transports = {channel: MemoryTransport(name=str(channel)) for channel in Channel}
    world = World(talk(), transports=transports)
    world.join("x", person("Ana", **WHATSAPP), person("Ben"))
    world.enroll()
    world.live()
    (to_ana,) = transports[Channel.WHATSAPP].messages
    (to_ben,) = transports[Channel.EMAIL].messages
    assert transports[Channel.SMS].messages == []
    assert isinstance(to_ana, SmsMessage)
    assert isinstance(to_ben, EmailMessage)
    assert (to_ana.channel, to_ana.to) == (Channel.WHATSAPP, phone("Ana"))
    assert "STOP" in to_ana.body
    assert [(row.channel, row.given) for row in world.rows(schema.consents) if row.partner_id == 1] == [
        ("email", True),
        ("sms", True),
        ("whatsapp", True),
    ]


@pytest.mark.parametrize(
    ("preferred", "expected"),
    [
        (Channel.WHATSAPP, ("sent", None)),
        (Channel.SMS, ("skipped", "no_consent")),
        (Channel.EMAIL, ("skipped", "no_consent")),
    ],
)
def test_a_step_for_it_goes_only_to_who_agreed_to_it(preferred: Channel, expected: tuple[str, str | None]) -> None:
    world = World(talk(**WHATSAPP))
    world.join("x", person("Ana", channel=preferred))
    world.enroll()
    world.live()
    assert world.ends() == [expected]


def test_without_a_phone_there_is_nothing_to_write_to() -> None:
    world = World(talk(**WHATSAPP))
    world.join("x", person("Ana", phone=None))
    world.enroll()
    world.live()
    assert world.ends() == [("skipped", "no_address")]


def test_consent_to_it_is_withdrawn_and_given_by_itself() -> None:
    world = World(talk(**WHATSAPP), talk("text", channel=Channel.SMS, days=(3,)))
    world.join("x", person("Ana", **WHATSAPP))
    world.enroll()
    with world.database.begin() as connection:
        couples.record_consent(connection, 1, Channel.WHATSAPP, False, CONSENT, at("2026-03-01T10:00"))
    world.live()
    assert world.ends() == [("skipped", "no_consent"), ("sent", None)]


@pytest.mark.parametrize("stopped_on", [Channel.SMS, Channel.WHATSAPP])
def test_a_phone_that_is_stopped_on_either_gets_neither(stopped_on: Channel) -> None:
    world = World(talk(**WHATSAPP), talk("text", channel=Channel.SMS, days=(3,)))
    world.join("x", person("Ana", **WHATSAPP))
    world.enroll()
    with world.database.begin() as connection:
        suppressions.add(
            connection, VAULT, stopped_on, phone("Ana"), SuppressReason.STOP, "a test", at("2026-03-01T10:00")
        )
    world.live()
    assert world.ends() == [("skipped", "suppressed")] * 2


def test_two_people_on_one_phone_get_a_step_there_once() -> None:
    world = World(talk(**WHATSAPP))
    world.join("x", *(person(name, phone=NUMBER, **WHATSAPP) for name in ("Ana", "Ben")))
    world.enroll()
    world.live()
    assert world.ends() == [("sent", None), ("skipped", "shared_address")]


def test_the_sender_is_found_by_phone_whichever_way_they_write() -> None:
    world = World()
    world.join("x", person("Ana", **WHATSAPP))
    with world.database.read() as connection:
        for channel in (Channel.SMS, Channel.WHATSAPP):
            assert couples.find_by_address(connection, VAULT, channel, phone("Ana")) == [("x", 1, 1)]
        assert couples.find_by_address(connection, VAULT, Channel.EMAIL, phone("Ana")) == []


def test_an_import_takes_it_and_asks_consent_only_of_who_chose_it(tmp_path: Path) -> None:
    world = World()
    file = tmp_path / "couples.csv"
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(["couple", "given_name", "email", "phone", "timezone", "channel"])
        writer.writerow(["x", "Ana", "ana@example.com", "+12025550123", "UTC", "WhatsApp"])
        writer.writerow(["x", "Ben", "", "+12025550124", "UTC", ""])
        writer.writerow(["y", "Cem", "cem@example.com", "", "UTC", "whatsapp"])
        writer.writerow(["y", "Dee", "dee@example.com", "", "UTC", "whats app"])
    report = import_couples(world.database, VAULT, file, consent=CONSENT, now=world.clock.now())
    ana, ben = world.rows(schema.partners)
    assert (ana.channel, ana.whatsapp_consent, ana.sms_consent, ana.email_consent) == ("whatsapp", True, True, True)
    assert (ben.channel, ben.whatsapp_consent, ben.sms_consent) == ("sms", False, True)
    assert report.rejected == 2
    assert report.rejects_path is not None
    rejects = report.rejects_path.read_text(encoding="utf-8")
    assert "there is no phone number" in rejects
    assert "If you mean whatsapp, write that." in rejects
    again = import_couples(world.database, VAULT, file, consent=CONSENT, now=world.clock.now())
    assert (again.added_partners, again.unchanged) == (0, 2)


def test_one_person_can_be_added_with_it() -> None:
    world = World()
    cells = {"couple": "x", "given_name": "Ana", "phone": "+12025550123", "timezone": "UTC", "channel": "whatsapp"}
    add_partner(world.database, VAULT, cells, consent=CONSENT, now=world.clock.now())
    (ana,) = world.rows(schema.partners)
    assert (ana.channel, ana.whatsapp_consent) == ("whatsapp", True)
    with pytest.raises(Refused, match="no phone number"):
        add_partner(
            world.database,
            VAULT,
            cells | {"given_name": "Ben", "phone": "", "email": "ben@example.com"},
            consent=CONSENT,
            now=world.clock.now(),
        )


def test_a_link_remembers_that_it_was_sent_there() -> None:
    links = Links("https://rekindle.example", bytes(32))
    token = links.token(Purpose.UNSUBSCRIBE, 7, Channel.WHATSAPP)
    assert links.read(Purpose.UNSUBSCRIBE, token) == Claims(7, Channel.WHATSAPP)


def test_it_leaves_through_twilio_with_the_deliverys_own_reference() -> None:
    """The whole way: planned, written, sent by the real transport, recorded with Twilio's receipt."""

    async def run() -> tuple[World, list[Request]]:
        log = Log()
        async with staged(Situation.ACCEPTED, {Situation.ACCEPTED: log.answer}) as http:
            twilio = transport(http, sender=f"whatsapp:{SENDER}")
            world = World(talk(), transports=dict.fromkeys(Channel, MemoryTransport()) | {Channel.WHATSAPP: twilio})
            world.join("x", person("Ana", phone=NUMBER, **WHATSAPP))
            world.enroll()
            world.clock.move_to(at("2026-03-03T09:00"))
            await world.engine.tick()
            await twilio.aclose()
            return world, http.requests

    world, (request,) = asyncio.run(run())
    assert world.ends() == [("sent", None)]
    (row,) = world.rows()
    assert row.receipt == f"SM{1:032x}"
    asked = form(request)
    assert (asked["To"], asked["From"]) == (f"whatsapp:{NUMBER}", f"whatsapp:{SENDER}")
    assert int(asked["ValidityPeriod"]) > 3_600
    assert delivery(request) == row.id


CAMPAIGN = """\
campaign: trial
title: A trial
weeks: 1
themes:
  1: vulnerability
steps:
  - step: hello
    days: [tuesday]
    template: hello
    channel: {channel}
"""
SAYS_WHO = "{{{{ sender.sms_name }}}} STOP HELP {words}"


@pytest.mark.parametrize(
    ("channel", "words", "finding"),
    [
        ("sms", "Hello 💛", "costs over half its room"),
        ("whatsapp", "Hello 💛", None),
        ("sms", "a word " * 60, "segments"),
        ("whatsapp", "a word " * 60, None),
        ("whatsapp", "a word " * 230, "characters of 1600"),
    ],
)
def test_lint_measures_segments_only_where_there_are_any(
    tmp_path: Path, channel: str, words: str, finding: str | None
) -> None:
    campaign = tmp_path / "trial.yaml"
    campaign.write_text(CAMPAIGN.format(channel=channel))
    templates = tmp_path / "templates"
    (templates / "sms").mkdir(parents=True)
    (templates / "sms" / "hello.txt").write_text(SAYS_WHO.format(words=words), encoding="utf-8")
    sender = Sender("Rekindle", "hello@rekindle.example", "Rekindle, 1 Example Street", "Rekindle")
    found = check(
        [campaign], campaigns=[shipped("campaigns")], templates=[templates, shipped("templates")], sender=sender
    )
    assert [finding in each.what for each in found] == ([True] if finding else [])
