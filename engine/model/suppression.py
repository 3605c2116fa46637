"""Why an address is never sent to. A suppression is about the address, whoever's it is."""

from engine.model.words import Described


class SuppressReason(Described):
    """Why nothing is sent to an address any more."""

    STOP = "stop", "Its owner told us to stop, in a text message."
    UNSUBSCRIBED = "unsubscribed", "Its owner unsubscribed by a link, a header or the provider's own page."
    COMPLAINT = "complaint", "Its owner marked a message as spam."
    HARD_BOUNCE = "hard_bounce", "The provider says for good that the address takes no messages."
    SOFT_BOUNCES = "soft_bounces", "Message after message came back, and none arrived in between."
    INVALID = "invalid", "The provider says that there is no such address, or none that takes such messages."
    DECLINED = "declined", "Its owner was asked once, and said no."
    OPERATOR = "operator", "The operator put it on the list."


REVOCABLE = frozenset({SuppressReason.STOP, SuppressReason.UNSUBSCRIBED, SuppressReason.DECLINED})
"""What the owner of an address took back themselves, and so may give again by asking (START)."""
