"""What messages cost, by the operator's own price list. An estimate: the provider's bill is the truth."""

from engine.model.campaign import Channel
from engine.render.segments import measure
from engine.sections import PriceSettings
from engine.transport.base import Message, SmsMessage

MICROS = 1_000_000
"""Costs are whole millionths of the currency, so that they add up exactly."""


class Prices:
    """The price list of `[prices]`."""

    def __init__(self, given: PriceSettings) -> None:
        self.currency = given.currency
        self.email = round(given.email * MICROS)
        self._whatsapp = round(given.whatsapp * MICROS)
        self._segment = round(given.sms * MICROS)
        longest_first = sorted(given.prefixes.items(), key=lambda each: -len(each[0]))
        self.by_prefix = bool(longest_first)
        self._prefixes = tuple((prefix, round(price * MICROS)) for prefix, price in longest_first)

    def of(self, message: Message) -> tuple[int, int]:
        """The parts a message is charged for, and its price in MICROS; an email and a WhatsApp message are one part."""
        if not isinstance(message, SmsMessage):
            return 1, self.email
        parts = parts_of(message)
        return parts, self.of_parts(message.channel, parts, message.to)

    def of_parts(self, channel: Channel, parts: int, to: str) -> int:
        """The price of a message to a phone, in MICROS."""
        if channel is Channel.WHATSAPP:
            return self._whatsapp
        return parts * next((each for prefix, each in self._prefixes if to.startswith(prefix)), self._segment)


def parts_of(message: SmsMessage) -> int:
    """The parts that a message to a phone is charged for."""
    return 1 if message.channel is Channel.WHATSAPP else measure(message.body).parts
