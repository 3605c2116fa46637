"""What partners tell us: how an inbound message is read, what they think of an activity, what they let us do."""

from engine.model.words import Described


class ReadAs(Described):
    """What an inbound message was taken for."""

    ANSWER = "answer", "An answer to the partner's latest question, or more of one."
    PULSE = "pulse", "The number that an open pulse asked for."
    ORDER = "order", "A word that orders something, such as LATER."
    UNASKED = "unasked", "Words about a question, from somebody who has not let us keep answers, or on a shared phone."
    DANGER = "danger", "Words that may speak of danger; never shown to the partner."
    KEPT = "kept", "Anything else: for the operator to look at."


class Feedback(Described):
    """What a partner says of an activity."""

    DID = "did", "We did it."
    SMALLER = "smaller", "Too much today: the smaller version."
    NOT_FOR_US = "not_for_us", "Never again, for this couple."


class ConsentPurpose(Described):
    """What a consent is for; each is asked for by itself (GDPR article 7)."""

    MESSAGES = "messages", "Send messages on a channel."
    ANSWERS = "answers", "Keep answers, and show one to the partner when both have shared theirs."
    PULSE = "pulse", "Count the pulse in a line that both see."
    TOUCH = "touch", "Draw activities with physical affection."
