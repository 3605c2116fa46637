"""What an operator may do that is kept in the audit."""

from engine.model.words import Described


class Act(Described):
    """One kind of act."""

    SIGN_IN = "sign in", "Came in at the dashboard with the password."
    SIGN_IN_FAILED = "sign-in failed", "Somebody gave a wrong password at the dashboard."
    SIGN_OUT = "sign out", "Left the dashboard; the session is worthless from then on."
    PAUSE = "pause", "Held sending back: everything, a campaign or a transport."
    RESUME = "resume", "Let it go on."
    PAUSE_COUPLE = "pause couple", "Nothing is sent to a couple, or to one of the two."
    RESUME_COUPLE = "resume couple", "Ended that."
    STOP_COUPLE = "stop couple", "Ended every campaign of a couple."
    FIND = "find by address", "Looked whose an address is."
    REVEAL = "reveal address", "Read a partner's address."
    COUNT_AS_SENT = "count as sent", "Said of a delivery in doubt that it was sent."
    RESEND = "send again", "Had a delivery sent again that was in doubt or failed."
    DROP = "give up", "Gave up a delivery in doubt."
    SUPPRESS = "suppress", "Put an address on the suppression list."
    UNSUPPRESS = "lift suppression", "Took an address off it."
    READ_ALERT = "read alert", "Opened the words that raised an alert."
    SEEN_ALERT = "alert seen", "Took an alert off the list."
    READ_REPLY = "read reply", "Opened what somebody wrote back."
    SEEN_REPLY = "reply seen", "Took a reply off the list."
    RETRY_ASIDE = "retry aside", "Had what was set aside taken up again."
    FORGET = "forget", "Had what is older than is kept forgotten at once."
