"""What somebody says of themselves when they sign up, and the consents that they tick, each in the words they saw."""

from dataclasses import dataclass, field
from datetime import time

from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.strategy import Cause


@dataclass(frozen=True, slots=True)
class Ticked:
    """One consent, as it was shown: the very words, and which version of them."""

    purpose: ConsentPurpose
    words: str
    version: str


@dataclass(frozen=True, slots=True)
class SignUp:
    """One person, as they sign up. `address` is in normal form, and theirs only once it has been confirmed.

    `ticked` always holds the consent to messages on `channel`; `locale` is the language in which all was shown.
    """

    given_name: str
    channel: Channel
    address: str = field(repr=False)
    timezone: str
    locale: str
    send_at: time
    causes: frozenset[Cause] = frozenset()
    ticked: tuple[Ticked, ...] = ()
    share_texts: bool = False
