"""A notice is said to one person outside a campaign: it is asked for, or something has happened.

Notices go the way of every message, as deliveries of a campaign of their own that nobody enrolls in (define.notices).
"""

from engine.model.words import Described

NOTICES = "notices"
"""The id of the campaign whose steps are the notices; no file may use it."""


class Notice(Described):
    """What is said; also the step's key and the template's name."""

    CONFIRM = "confirm", "Asks whoever reads an address whether it is theirs."
    KNOWN = "known", "Somebody signed up with an address that is with us already."
    INVITE = "invite", "One partner asks the other to join; at most once."
    REVEALED = "revealed", "Both have shared their answers to a question: they can be read."
    LINK = "link", "A fresh link, for one that was too old."
    ALERT = "alert", "To the operator: somebody's words may speak of danger."
