"""Words that carriers and we treat as commands, so that no prompt invites one as its answer.

Source: Twilio's default opt-out, opt-in and help words (its pages differ on YES and INFO, so both count) and 47 CFR
64.1200(a)(10) as of 2025-04-11.
"""

STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})
CARRIER_WORDS = STOP_WORDS | START_WORDS | HELP_WORDS
