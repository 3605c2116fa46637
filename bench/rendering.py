"""The parts of a message, each against the ordinary way: rendering, MIME, text segments, sealing addresses."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage as StandardMessage
from email.policy import SMTP
from email.utils import format_datetime

from bench.figures import Figure, Lap, middle
from bench.town import NAMES, TALK, Town, town
from engine.model.campaign import Channel
from engine.model.sender import Sender
from engine.render.compose import Composer
from engine.render.recipient import MessageKey, MessageLinks, Person, Recipient
from engine.render.seen import CampaignSeen, StepSeen, activity_seen
from engine.render.segments import measure
from engine.render.shelf import Shelf
from engine.render.specialise import Template, render
from engine.shipped import shipped
from engine.store.vault import SEALED_EMAIL
from engine.transport.base import EmailMessage

RECIPIENTS = 1_000
REPEAT = 7
TEXT = (
    "Rekindle: Ana, ask Ben tonight: what made you laugh this week? No screens, ten minutes. Reply PAUSE for a rest. "
    * 2
)


def run() -> Iterator[Figure]:
    """Each part a second, or each call in microseconds."""
    with town(2) as place:
        people = [_recipient(number) for number in range(RECIPIENTS)]
        activity = next(iter(place.campaign.activities))
        yield from _templates(place, activity, people)
        yield from _mime(place, activity, people)
        yield Figure("segments of a 224-letter text", 1 / _each(lambda: [measure(TEXT) for _ in people]), "texts/s")
        sealed = [place.vault.seal(person.address, SEALED_EMAIL) for person in people]
        seal = _each(lambda: [place.vault.seal(person.address, SEALED_EMAIL) for person in people])
        opened = _each(lambda: [place.vault.open(each, SEALED_EMAIL) for each in sealed])
        yield Figure("vault, seal an address", seal * 1e6, "µs")
        yield Figure("vault, open an address", opened * 1e6, "µs")


def _templates(place: Town, activity: str, people: list[Recipient]) -> Iterator[Figure]:
    shelf = Shelf([shipped("templates")])
    sender = place.settings.sender
    template = Template(
        shelf.sandbox("en", html=True),
        "email/prompt.html",
        {
            "campaign": CampaignSeen(place.campaign.title, place.campaign.weeks),
            "step": StepSeen("talk"),
            "activity": activity_seen(place.campaign, activity, "en", shelf.css("en")),
            "sender": Sender(sender.name, sender.email, sender.postal_address, sender.sms_name),
            "lang": "en",
        },
    )
    assert all(render(template, person) == template.ordinary(person) for person in people[:50])
    ordinary = _each(lambda: [template.ordinary(person) for person in people])
    special = _each(lambda: [render(template, person) for person in people])
    size = len(template.ordinary(people[0])) / 1024
    yield Figure(f"HTML of {size:.1f} KB, compiled sandboxed Jinja", 1 / ordinary, "pages/s")
    yield Figure("the same, specialised", 1 / special, "pages/s", ordinary / special, "sandboxed Jinja")


def _mime(place: Town, activity: str, people: list[Recipient]) -> Iterator[Figure]:
    sender = place.settings.sender
    composer = Composer(
        [shipped("templates")],
        Sender(sender.name, sender.email, sender.postal_address, sender.sms_name),
        place.settings.public_url,
    )
    key = MessageKey(place.campaign.digest, "talk", "prompt", activity, "en", Channel.EMAIL)
    messages = [each for each in composer.compose(place.campaign, key, people) if isinstance(each, EmailMessage)]
    assert len(messages) == len(people)
    assert all(each.mime() == each.assemble(each) for each in messages)
    composed = _each(lambda: composer.compose(place.campaign, key, people))
    yield Figure("email, from a recipient to subject, text and HTML, checked", 1 / composed, "emails/s")
    skeleton = _each(lambda: [each.assemble(each) for each in messages])
    shaped = _each(lambda: [each.mime() for each in messages])
    standard = _each(lambda: [_standard(each) for each in messages[:100]], 100)
    yield Figure("MIME, the standard library's EmailMessage", 1 / standard, "emails/s")
    yield Figure(
        "MIME, from the step's skeleton", 1 / skeleton, "emails/s", standard / skeleton, "the standard library"
    )
    yield Figure("MIME, from its shape's frame", 1 / shaped, "emails/s", standard / shaped, "the standard library")


def _standard(message: EmailMessage) -> bytes:
    made = StandardMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = message.sender, message.to, message.subject
    made["Date"], made["Message-ID"] = format_datetime(message.date), message.message_id
    for name, value in message.headers:
        made[name] = value
    made.set_content(message.text)
    made.add_alternative(message.html, subtype="html")
    return made.as_bytes()


def _recipient(number: int) -> Recipient:
    name = NAMES[number % len(NAMES)]
    plain = Recipient(
        delivery_id=number,
        address=f"person{number}@example.com",
        message_id=f"<{number:032x}@example.com>",
        date=TALK,
        valid_for=timedelta(hours=1),
        partner=Person(name),
        other_name=NAMES[number * 7 % len(NAMES)],
        solo=False,
        first=False,
        week=1,
        links=MessageLinks(f"https://example.com/u/{number:032x}"),
    )
    return replace(plain, first=number % 20 == 0)


def _each(action: Callable[[], object], number: int = RECIPIENTS) -> float:
    """The median seconds of one of the `number` things that `action` does."""
    action()
    laps = []
    for _ in range(REPEAT):
        with Lap() as lap:
            action()
        laps.append(lap.seconds / number)
    return middle(laps)
