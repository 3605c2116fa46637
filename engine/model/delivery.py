"""A delivery is one step, to one partner, on one channel, for one occurrence.

Status is what we did; events are what we heard.
"""

from engine.model.words import Described

LATER = 10_000
"""Added to an occurrence for each copy that its partner asked to get later; longer than any campaign has days."""


class DeliveryStatus(Described):
    """What we did with a delivery."""

    PLANNED = "planned", "Waiting for its instant."
    CLAIMED = "claimed", "A worker holds it under a lease; nothing has left the house."
    SENDING = "sending", "The intent to send is committed; it may or may not have left the house."
    SENT = "sent", "The transport accepted it."
    SKIPPED = "skipped", "Never sent, for the reason given."
    FAILED = "failed", "Known not to have been accepted, and not tried again, for the reason given."
    IN_DOUBT = "in_doubt", "It cannot be known whether the provider accepted it; never resent blindly."
    CANCELLED = "cancelled", "Withdrawn before it was sent."


class SkipReason(Described):
    """Why a delivery was never sent: an operator's commonest question."""

    NO_ADDRESS = "no_address", "The partner has no address on the channel this step asks for."
    NO_CONSENT = "no_consent", "No consent on record for this channel."
    SUPPRESSED = "suppressed", "The address is on the suppression list."
    SHARED_ADDRESS = "shared_address", "Both partners share this address and it already gets this step once."
    PAUSED = "paused", "The partner, couple or enrollment is paused."
    LIFE_EVENT = "life_event", "The couple told us of a loss or a separation."
    FREQUENCY_CAP = "frequency_cap", "Over the most messages a day or week, and waiting makes it too late."
    OUTSIDE_WINDOW = "outside_window", "No open window comes before it would be too late."
    TOO_LATE = "too_late", "Its moment passed while the engine was down or busy."
    UNKNOWN_TIMEZONE = "unknown_timezone", "The partner's time zone is not known, so no local hour is safe."
    STOPPED = "stopped", "The enrollment was stopped."
    LEFT = "left", "The partner has left."
    CHANGED = "changed", "Its couple was moved to a version of the campaign that has no such message."
    CONDITION = "condition", "The step's `when:` did not hold."
    NOTHING_TO_DRAW = "nothing_to_draw", "No activity in the pool suits this couple."
    RESTORED = "restored", "It was due before a backup was put back, and may have been sent after that was made."
    WITHHELD = "withheld", "It could have gone; chance decided against it, as its step's experiment says."


class Verdict(Described):
    """What an operator may decide about a delivery in doubt."""

    SENT = "sent", "The provider's own log has it: it counts as sent."
    RESEND = "resend", "It never arrived: it is sent again, if it is not too late."
    DROP = (
        "drop",
        "Whatever became of it, it is given up; it counts towards the partner's caps, as it may have arrived.",
    )


class FailReason(Described):
    """Why a delivery failed."""

    REJECTED = "rejected", "The provider refused the message."
    RECIPIENT_REJECTED = "recipient_rejected", "The provider refused the recipient."
    POISON = "poison", "Its message or its `when:` fails for this partner; no other delivery is held back."
    GAVE_UP = "gave_up", "Known failures went on until it was too late to try again."
    DROPPED = "dropped", "It was in doubt, and the operator gave it up."


class MovedBecause(Described):
    """Why a delivery's instant is not its step's plain local time."""

    DST_GAP = "dst_gap", "That local time does not exist on that day; moved forward by the gap."
    WINDOW = "window", "Outside the hours in which the partner may be reached; moved into the next window."
    OWN_DAYS = "own_days", "The partner does not want messages on that day; moved to the next that they want."
    WAITING = "waiting", "Held back until both answers to an earlier step are revealed; at the latest it goes then."
    FREQUENCY_CAP = "frequency_cap", "The partner already had their share; moved into the next window."
    CATCH_UP = "catch_up", "Late, and the partner already had a message in this window; moved into the next one."
    RETRY = "retry", "The transport was known not to have accepted it; tried again."
    HELD = "held", "Its campaign or every transport for it was paused, or at its limit; it goes as soon as it may."
