"""From a step and its recipients to messages: templates compiled once per step, activity, locale and channel."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from engine.model.campaign import Campaign, Channel
from engine.model.sender import Sender
from engine.model.strategy import DEFAULT_LOCALE
from engine.render.mime import UNSUBSCRIBE, Skeleton, header_values
from engine.render.mime_header import mailbox
from engine.render.recipient import MessageKey, Recipient
from engine.render.seen import CampaignSeen, StepSeen, activity_seen
from engine.render.segments import GSM_BASIC, measure, plainer
from engine.render.shaped import Moulds, ShapedEmail, refuse_halves
from engine.render.shelf import Shelf, names
from engine.render.specialise import MAX_TRACES, Filled, RenderError, Template, fill, render, written
from engine.transport.base import EmailMessage, Message, SmsMessage

__all__ = ["Composer", "RenderError"]

MOST_COMPOSITIONS = 256
MOST_PARTS = 2
"""Parts of a text message; carriers charge for each, and a third says more than a nudge should."""


class Composer:
    """Writes messages from the templates in `folders`, the first of which wins (see shelf).

    For who writes each message once, `traces` of 0 spare what makes the next ones quick.
    """

    def __init__(self, folders: Sequence[Path], sender: Sender, public_url: str, *, traces: int = MAX_TRACES) -> None:
        self._shelf = Shelf(folders)
        self._traces = traces
        self._sender = sender
        self._host = urlsplit(public_url).hostname or "localhost"
        self._kept: OrderedDict[MessageKey, _Email | _Sms] = OrderedDict()

    def compose(
        self, campaign: Campaign, key: MessageKey, recipients: Sequence[Recipient]
    ) -> list[Message | RenderError]:
        """One message, or what is wrong with it, for each recipient in order; one that fails harms no other.

        A message that is returned can be assembled and sent as it is. When the template itself is missing or wrong,
        every recipient gets that error.
        """
        try:
            composition = self._composition(campaign, key)
        except RenderError as error:
            return [error] * len(recipients)
        return [composition.write(each) for each in recipients]

    def _composition(self, campaign: Campaign, key: MessageKey) -> "_Email | _Sms":
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        made = self._email(campaign, key) if key.channel is Channel.EMAIL else self._sms(campaign, key)
        self._kept[key] = made
        if len(self._kept) > MOST_COMPOSITIONS:
            self._kept.popitem(last=False)
        return made

    def _email(self, campaign: Campaign, key: MessageKey) -> "_Email":
        language = self._shelf.language(key.channel, key.template, key.locale)
        subject, html, text = (
            self._template(name, campaign, key, language) for name in names(key.channel, key.template)
        )
        constant = (
            ("List-Id", f"<{campaign.id}.list.{self._host}>"),  # RFC 2919
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),  # RFC 8058
            # RFC 3834 section 5: sent by a process on a schedule, so that no out-of-office answers it.
            ("Auto-Submitted", "auto-generated"),
        )
        sender = mailbox(self._sender.name, self._sender.email)
        identity = "\x1f".join((key.digest, key.step, key.template, key.activity or "", key.locale))
        skeleton = Skeleton(identity, sender, constant)
        return _Email((subject, html, text), self._nameless(key.channel, key.locale), sender, constant, skeleton)

    def _sms(self, campaign: Campaign, key: MessageKey) -> "_Sms":
        language = self._shelf.language(key.channel, key.template, key.locale)
        (name,) = names(key.channel, key.template)
        return _Sms(self._template(name, campaign, key, language), self._nameless(key.channel, key.locale), key.channel)

    def _nameless(self, channel: Channel, locale: str) -> str:
        return self._shelf.text(f"{channel.form}/other_name.txt", locale)

    def _template(self, name: str, campaign: Campaign, key: MessageKey, language: str) -> Template:
        html = name.endswith(".html")
        css = self._shelf.css(key.locale) if html else None
        constants: Mapping[str, object] = {
            "campaign": CampaignSeen(campaign.title_in(key.locale), campaign.weeks),
            "step": StepSeen(key.step),
            "activity": activity_seen(campaign, key.activity, key.locale, css) if key.activity else None,
            "sender": self._sender,
            "lang": language or DEFAULT_LOCALE,
        }
        return Template(self._shelf.sandbox(key.locale, html=html), name, constants, traces=self._traces)


class _Email:
    """One step's email, ready for any recipient."""

    def __init__(
        self,
        templates: tuple[Template, Template, Template],
        nameless: str,
        sender: str,
        constant: tuple[tuple[str, str], ...],
        skeleton: Skeleton,
    ) -> None:
        self._subject, self._html, self._text = templates
        self._nameless = nameless
        self._sender = sender
        self._constant = constant
        self._assemble = skeleton.assemble
        self._moulds = Moulds(skeleton, sender, constant)

    def write(self, to: Recipient) -> EmailMessage | RenderError:
        """The message, once nothing in it can fail later: assembling happens far from where one can be set aside."""
        if not to.other_name:
            to = replace(to, other_name=self._nameless)
        try:
            subject = render(self._subject, to).strip()
            html = fill(self._html, to)
            text = fill(self._text, to)
            if isinstance(html, str) or isinstance(text, str):
                return self._plain(to, subject, html, text)
            mould = self._moulds.of(text[0], html[0])
            if mould is None:
                return self._plain(to, subject, html, text)
            return ShapedEmail(mould, to, subject, text[1] + html[1])
        except RenderError as error:
            return error

    def _plain(self, to: Recipient, subject: str, html: Filled | str, text: Filled | str) -> EmailMessage:
        unsubscribe = f"<{to.links.unsubscribe}>"
        header_values(to.address, subject, to.date, to.message_id, unsubscribe)
        html, text = written(html), written(text)
        refuse_halves(html + text)
        return EmailMessage(
            delivery_id=to.delivery_id,
            to=to.address,
            sender=self._sender,
            subject=subject,
            html=html,
            text=text,
            message_id=to.message_id,
            date=to.date,
            headers=((UNSUBSCRIBE, unsubscribe), *self._constant),
            assemble=self._assemble,
        )


class _Sms:
    """One step's text message, ready for any recipient."""

    def __init__(self, template: Template, nameless: str, channel: Channel) -> None:
        self._template = template
        self._nameless = nameless
        self._channel = channel

    def write(self, to: Recipient) -> SmsMessage | RenderError:
        if not to.other_name:
            to = replace(to, other_name=self._nameless)
        try:
            body = self._spelt(to)
            # A name may be long, or hold a letter that GSM-7 lacks; misspelling it would be worse than leaving it out.
            dear = self._channel is Channel.SMS and not _usual(to.other_name)
            if dear and measure(body).parts > MOST_PARTS:
                body = self._spelt(replace(to, other_name=self._nameless))
            refuse_halves(body)
        except RenderError as error:
            return error
        return SmsMessage(
            to.delivery_id, to.address, body, to.valid_for, to.message_id[1:].partition("@")[0], self._channel
        )

    def _spelt(self, to: Recipient) -> str:
        body = render(self._template, to)
        return plainer(body) if self._channel is Channel.SMS else body


def _usual(name: str) -> bool:
    """Whether lint vouches for a text with this name in it: it measures them with a name of twelve letters."""
    return len(name) <= 12 and GSM_BASIC.issuperset(name)  # a backtick is ASCII, but not GSM-7
