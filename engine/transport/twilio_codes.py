"""Twilio's error codes in our words: whose fault each is, and whether its recipient may ever be tried again.

One table for both directions: the answer to a send and the `ErrorCode` of a status callback speak of the same codes.
Each row is from the code's own page, https://www.twilio.com/docs/api/errors/NNNNN. Twilio moves causes from one code
to another as it goes (its changelog of 2024-07-10 split 21211, 21212, 21606 and 21614), so a code that is not here
decides nothing by itself: the HTTP status, or the status in the callback, does.
"""

from dataclasses import dataclass

from engine.model.suppression import SuppressReason
from engine.model.words import Described


class Fault(Described):
    """Whose fault a code says it is, and so what a send that was answered with it comes to."""

    RECIPIENT = "recipient", "This recipient cannot be reached, or not by this sender: refused, for this one alone."
    MESSAGE = "message", "This message cannot be sent: refused for good."
    OURS = "ours", "The account, the sender or an option is wrong: nothing can be sent until the operator mends it."
    BUSY = "busy", "Too much at once: known not to have been taken, and worth trying again later."
    OPEN = "open", "It says that something failed, not that the message was not taken."


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means. `suppress` is why its recipient is never to be written to again, if so."""

    fault: Fault
    words: str
    suppress: SuppressReason | None = None


def _nobody(words: str) -> Meaning:
    return Meaning(Fault.RECIPIENT, words, SuppressReason.INVALID)


def _stopped(words: str) -> Meaning:
    return Meaning(Fault.RECIPIENT, words, SuppressReason.STOP)


def _recipient(words: str) -> Meaning:
    return Meaning(Fault.RECIPIENT, words)


def _message(words: str) -> Meaning:
    return Meaning(Fault.MESSAGE, words)


def _ours(words: str) -> Meaning:
    return Meaning(Fault.OURS, words)


def _busy(words: str) -> Meaning:
    return Meaning(Fault.BUSY, words)


def _open(words: str) -> Meaning:
    return Meaning(Fault.OPEN, words)


MEANINGS: dict[int, Meaning] = {
    # The account and its key
    20003: _ours("the key is wrong, or may not do this"),
    20005: _ours("the account is not active"),
    20006: _ours("the key may not do this"),
    20008: _ours("a test credential was used"),
    20404: _ours("there is no such account or service"),
    30002: _ours("the account is suspended"),
    30037: _ours("outbound messages are switched off for the account"),
    # Pace
    14107: _busy("the sender's rate is exceeded"),
    20429: _busy("too many requests at once"),
    21611: _busy("the sender's queue is full"),
    30001: _busy("the queue is full"),
    30022: _busy("the 10DLC campaign's rate is exceeded"),
    63018: _busy("the WhatsApp sender's rate is exceeded"),
    # The recipient's number
    21211: _nobody("the number is not a phone number"),
    21217: _nobody("the number is not a phone number"),
    21265: _nobody("the number is a short code"),
    21268: _nobody("the number is a premium or information service"),
    21614: _nobody("the number is not a mobile one"),
    21635: _nobody("the number is a landline"),
    30005: _nobody("the number is unknown, or no longer in service"),
    30006: _nobody("the number is a landline, or its carrier takes no texts"),
    # The recipient
    21610: _stopped("they have told Twilio to stop"),
    63014: _stopped("they have blocked this sender, or opted out"),
    21408: _recipient("texts to this country are not switched on: Messaging > Settings > Geo permissions"),
    21612: _recipient("this sender cannot reach that number"),
    30003: _recipient("the phone is off or out of reach"),
    30004: _recipient("the carrier or its owner blocks this sender"),
    # Not on WhatsApp says nothing of the phone: its number is not suppressed.
    63003: _recipient("the number is not on WhatsApp"),
    63015: _recipient("the number has not joined the WhatsApp sandbox"),
    63024: _recipient("the number takes no WhatsApp messages"),
    63032: _recipient("WhatsApp withholds this kind of message from them"),
    63049: _recipient("WhatsApp withholds this kind of message from them"),
    # The message
    21602: _message("it has no text"),
    21605: _message("it is too long"),
    21617: _message("it is longer than 1,600 characters"),
    21618: _message("its text cannot be sent"),
    21619: _message("it has no text"),
    21656: _message("its text does not fit the content template"),
    21658: _message("it is too long for the content template"),
    30007: _message("it was filtered as unwanted, by Twilio or a carrier"),
    30019: _message("it is too long for the carrier"),
    30036: _message("its window closed while it waited in Twilio's queue"),
    30039: _message("it was filtered: it looked like two machines answering one another"),
    30044: _message("it is too long for a trial account"),
    63005: _message("WhatsApp refuses its content"),
    63013: _message("it breaks a WhatsApp policy"),
    63016: _message("WhatsApp takes free words only within 24 hours of theirs; otherwise set `content_sid`"),
    63021: _message("WhatsApp refuses its content"),
    # The sender and the options
    21212: _ours("`sender` is no number, short code or name that may send"),
    21264: _ours("`sender` is not verified"),
    21266: _ours("`sender` would write to itself"),
    21267: _ours("a trial account cannot send under a name"),
    21401: _ours("`sender` cannot send texts"),
    21601: _ours("`sender` cannot send texts"),
    21603: _ours("there is no `sender`"),
    21606: _ours("`sender` cannot send texts, or not to this country"),
    21607: _ours("a trial account sends from its own number only"),
    21608: _recipient("a trial account writes to verified numbers only"),
    21609: _ours("`public_url` is not one that Twilio can call; set it, or `status_callback = false`"),
    21654: _ours("`content_sid` is needed for this sender"),
    21655: _ours("`content_sid` is not a content template of this account"),
    21657: _ours("`sender` is not a sender of this account"),
    21659: _ours("`sender` is not a Twilio number, or is a short code of another country"),
    21660: _ours("`sender` belongs to another account"),
    21661: _ours("`sender` cannot send texts"),
    21663: _ours("`sender` is routed through another region"),
    21701: _ours("the messaging service does not exist"),
    21702: _ours("the messaging service is not available"),
    21703: _ours("the messaging service has no number that can send this"),
    21704: _ours("the messaging service has no numbers"),
    21705: _ours("the messaging service is not valid"),
    21910: _ours("`sender` and the recipient are on different channels"),
    30018: _ours("the carrier wants the sender's name registered first"),
    30024: _ours("the sender is not provisioned on the carrier"),
    30032: _ours("the toll-free sender is not verified"),
    30033: _ours("the 10DLC campaign is suspended"),
    30034: _ours("the sender is not registered for 10DLC"),
    30035: _ours("the sender's 10DLC registration is still under way"),
    30040: _ours("the carrier wants the sender's name registered first"),
    30041: _ours("the sender is not registered in this country"),
    30042: _ours("the sender's name is generic, or not this account's"),
    572005: _ours("a trial account writes to verified numbers only"),
    63001: _ours("WhatsApp does not know the sender any more"),
    63007: _ours("`sender` is not a WhatsApp sender of this account"),
    63008: _ours("the WhatsApp sender is not set up"),
    63020: _ours("the invitation in Meta's business manager is not accepted"),
    63040: _ours("WhatsApp has rejected the content template"),
    63041: _ours("WhatsApp has paused the content template"),
    63042: _ours("WhatsApp has disabled the content template"),
    63051: _ours("WhatsApp has locked the sender"),
    63112: _ours("Meta has disabled the WhatsApp business account"),
    # What failed on the way
    20500: _open("Twilio failed"),
    30008: _open("it was not delivered, and no carrier says why"),
    30010: _open("it would have cost more than the account allows"),
    30017: _open("the carrier's network is congested"),
    30020: _open("Twilio failed to schedule it"),
    30021: _open("Twilio's messaging service failed"),
    30023: _open("the day's 10DLC messages are used up"),
    30027: _open("the day's messages to this carrier are used up"),
    30046: _open("nobody says whether it was delivered"),
    30047: _open("it could not be moved out of quiet hours, and was dropped"),
    63012: _open("WhatsApp failed"),
}


def said(code: int | str, meaning: Meaning | None = None) -> str:
    """A code in a sentence of ours, fit to be stored: nothing that Twilio itself wrote is in it."""
    return f"Twilio {code}: {meaning.words}." if meaning else f"Twilio {code}."
