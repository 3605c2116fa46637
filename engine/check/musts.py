"""What every message must say, whoever wrote its template: how to leave, who writes, and nothing on a lock screen."""

from collections.abc import Iterator
from html import unescape

from engine.model.sender import Sender
from engine.render.recipient import Recipient
from engine.transport.base import EmailMessage, Message, SmsMessage


def missing(message: Message, to: Recipient, sender: Sender) -> Iterator[tuple[str, str, str]]:
    """What `message`, the first of an enrollment `to` someone, lacks: (which of its files, what, how to mend it)."""
    if isinstance(message, EmailMessage):
        yield from _email(message, to, sender)
    else:
        yield from _sms(message, sender)


def _email(message: EmailMessage, to: Recipient, sender: Sender) -> Iterator[tuple[str, str, str]]:
    for file, text in ((".html", unescape(message.html)), (".txt", message.text)):
        plain = " ".join(text.split())
        if to.links.unsubscribe not in plain:
            yield file, "the email has no link to leave by", "print {{ links.unsubscribe }}, or extend the layout"
        if " ".join(sender.postal_address.split()) not in plain:
            # CAN-SPAM and CASL ask for it in every email.
            yield file, "the email has no postal address", "print {{ sender.postal_address }}, or extend the layout"
    if not message.subject:
        yield ".subject.txt", "the subject is empty", "write a neutral line, such as: This week"
    if to.partner.given_name in message.subject:
        yield ".subject.txt", "the subject names the reader", "a lock screen shows it: leave the name out"


def _sms(message: SmsMessage, sender: Sender) -> Iterator[tuple[str, str, str]]:
    for word, what in ((sender.sms_name, "who writes"), ("STOP", "how to stop"), ("HELP", "how to get help")):
        if word not in message.body:
            yield (
                ".txt",
                f"the first text does not say {what}",
                f"print {word} in it when `first`, or extend the layout",
            )
