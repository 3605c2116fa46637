"""What is said to SendGrid's v3 mail/send: emails of one shape travel together, and each recipient is alone in theirs.

The constants of a shape are the call's `content`, with a tag between each two; a recipient's `substitutions` say what
goes in place of the tags. An email without a shape, or whose own words would not fit, has a call to itself.

    1,000 recipients a call, each address once    twilio.com/docs/sendgrid/api-reference/mail-send/errors
    10,000 bytes of substitutions each, which     twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
        go into content and subject, never
        into custom_args
    30 MB in all                                  twilio.com/docs/sendgrid/api-reference/mail-send/limitations
"""

import json
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr

from engine.transport.base import EmailMessage, Shape

MOST_RECIPIENTS = 1_000
MOST_SUBSTITUTIONS = 10_000  # bytes of one recipient's tags and values, in UTF-8
MOST_BYTES = 8_000_000  # of all recipients' own words in UTF-8, which JSON's escapes make three times as long
MOST_FORMS = 256

REFERENCE = "delivery"
"""The custom argument that carries a message's reference; SendGrid repeats it in every event."""

OPENERS = "^|~`"
WORDS = ("rk", "rkq", "rkz", "qk", "zq")

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Manner:
    """How emails are sent: what SendGrid does to them on the way. Nothing is tracked unless it is asked for."""

    open_tracking: bool = False
    click_tracking: bool = False
    sandbox: bool = False
    ip_pool: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `head` is its JSON but for the recipients, `own` each one's part, `places` theirs in the batch."""

    head: bytes = field(repr=False)
    places: list[int] = field(default_factory=list)
    own: list[Json] = field(default_factory=list, repr=False)

    def body(self) -> bytes:
        """The request's JSON."""
        return b'%b,"personalizations":%b}' % (self.head[:-1], _json(self.own))

    def of(self, positions: Sequence[int]) -> "Call":
        """The same call to some of its recipients."""
        return Call(self.head, [self.places[each] for each in positions], [self.own[each] for each in positions])


class Forms:
    """Turns emails into calls; the constant part of each shape is encoded once and kept, up to MOST_FORMS of them."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._kept: OrderedDict[tuple[Shape, str], _Form] = OrderedDict()
        self._bases: OrderedDict[str, Json] = OrderedDict()

    def calls(self, emails: Sequence[tuple[int, EmailMessage]]) -> list[Call]:
        """Calls that carry each email once; with it is its place in the batch."""
        made: list[Call] = []
        open_calls: dict[tuple[_Form, int], tuple[Call, int]] = {}  # with the bytes of its recipients' own words
        met: Counter[tuple[_Form, str]] = Counter()
        for place, email in emails:
            form = None if email.shape is None else self._form(email.shape, email.sender)
            size = 0 if form is None else form.size(email)
            if form is None or not 0 <= size <= MOST_SUBSTITUTIONS:
                made.append(Call(self._head(email.sender, email.text, email.html), [place], [personal(email, {})]))
                continue
            key = form, met[form, email.to.lower()]
            met[form, email.to.lower()] += 1
            call, weight = open_calls.get(key, (None, 0))
            if call is None or len(call.own) == MOST_RECIPIENTS or weight + size > MOST_BYTES:
                call, weight = Call(form.head), 0
                made.append(call)
            call.places.append(place)
            call.own.append(personal(email, dict(zip(form.tags, email.slots, strict=True))))
            open_calls[key] = call, weight + size
        return made

    def _form(self, shape: Shape, sender: str) -> "_Form | None":
        found = self._kept.get((shape, sender))
        if found is None:
            stem = free_stem((*shape.text, *shape.html))
            if stem is None:
                return None
            slots = len(shape.text) + len(shape.html) - 2
            tags = tuple(f"{stem}{number}-" for number in range(slots))
            text = _tagged(shape.text, tags[: len(shape.text) - 1])
            html = _tagged(shape.html, tags[len(shape.text) - 1 :])
            found = self._kept[shape, sender] = _Form(self._head(sender, text, html), stem, tags)
            if len(self._kept) > MOST_FORMS:
                self._kept.popitem(last=False)
        self._kept.move_to_end((shape, sender))
        return found

    def _head(self, sender: str, text: str, html: str) -> bytes:
        # SendGrid refuses an empty part, and a call without any; plain text comes first.
        parts = [("text/plain", text if text or html else " "), ("text/html", html)]
        content = [{"type": kind, "value": value} for kind, value in parts if value]
        return _json({**self._base(sender), "content": content})

    def _base(self, sender: str) -> Json:
        found = self._bases.get(sender)
        if found is None:
            found = self._bases[sender] = base(sender, self._manner)
            if len(self._bases) > MOST_FORMS:
                self._bases.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """What emails of one shape and sender share."""

    head: bytes
    stem: str
    tags: tuple[str, ...]

    def size(self, email: EmailMessage) -> int:
        """Bytes of the email's substitutions; -1 when it holds what could be taken for a tag, or too few slots."""
        own = "".join(email.slots)
        if self.stem[0] in own or self.stem in email.subject or len(email.slots) != len(self.tags):
            return -1
        return sum(map(len, self.tags)) + (len(own) if own.isascii() else len(own.encode(errors="surrogatepass")))


def free_stem(constants: Sequence[str]) -> str | None:
    """How the tags begin, so that none can be read where it was not put, in whatever order they are replaced.

    A tag begins with a character that it has only there, and that no slot may hold. So a false one would begin in a
    constant: hence none holds the stem, or ends in the beginning of it.
    """
    for opener in OPENERS:
        for word in WORDS:
            stem = opener + word
            ends = tuple(stem[:length] for length in range(1, len(stem)))
            if not any(stem in constant or constant.endswith(ends) for constant in constants):
                return stem
    return None


def personal(email: EmailMessage, substitutions: Mapping[str, str]) -> Json:
    """One recipient's part. A Message-ID may be set: it is not among the headers that SendGrid keeps to itself."""
    own: Json = {
        "to": [{"email": email.to}],
        "subject": email.subject,
        "headers": {**dict(email.headers), "Message-ID": email.message_id},
        "custom_args": {REFERENCE: email.reference},
    }
    if substitutions:
        own["substitutions"] = substitutions
    return own


def base(sender: str, manner: Manner) -> Json:
    """What every call from `sender` says, as the official package has it. Its first import takes a moment."""
    from sendgrid.helpers import mail as package

    name, address = parseaddr(sender)
    mail = package.Mail(from_email=package.From(address, name or None))
    mail.tracking_settings = package.TrackingSettings(
        click_tracking=package.ClickTracking(manner.click_tracking, manner.click_tracking),
        open_tracking=package.OpenTracking(manner.open_tracking),
        subscription_tracking=package.SubscriptionTracking(False),
    )
    if manner.sandbox:
        mail.mail_settings = package.MailSettings(sandbox_mode=package.SandBoxMode(True))
    if manner.ip_pool:
        mail.ip_pool_name = package.IpPoolName(manner.ip_pool)
    said: Json = mail.get()
    return said


def _tagged(constants: Sequence[str], tags: Sequence[str]) -> str:
    return "".join(part for pair in zip(constants, (*tags, ""), strict=True) for part in pair)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
