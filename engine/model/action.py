"""What is logged: each event under a name that never changes, with facts that a program can read.

No fact is an address, a name of a person, or anybody's words; transports and campaigns are called by their ids.
"""

import logging

from engine.model.words import Described


class Action(Described):
    """What happened. The value stands in every log line as `action`."""

    START = "start", "The process begins to look for what is due."
    STOP = "stop", "It has ended, and what was handed over is recorded."
    TICK = "tick", "A pass did something."
    PLAN = "plan", "A pass planned steps that fell due."
    SEND = "send", "A pass handed messages over, or decided not to."
    HOLD = "hold", "Messages that are due wait for a limit or a transport."
    DOUBT = "doubt", "Messages came into doubt, or doubts were settled."
    HEAR = "hear", "Stored calls of providers were caught up with."
    MEND = "mend", "A transport is set up wrongly or cannot be reached."
    BREAKER_OPENED = "breaker_opened", "A transport is left alone for now."
    BREAKER_CLOSED = "breaker_closed", "It works again."
    PAUSED = "paused", "The operator began to hold something back."
    RESUMED = "resumed", "The operator let it go on."
    ALERT = "alert", "Words that may speak of danger wait for the operator."
    INCIDENT_BEGAN = "incident_began", "Something is out of order."
    INCIDENT_ENDED = "incident_ended", "It is in order again."
    TOLD = "told", "The operator was told of an incident."
    TELL_FAILED = "tell_failed", "Telling the operator failed; it is tried again, or given up."
    WEBHOOK_REFUSED = "webhook_refused", "A call was turned away: not signed, or for nobody here."
    REACT_FAILED = "react_failed", "Reacting to a stored call failed; it is tried again."
    SET_ASIDE = "set_aside", "Something cannot be worked with and was set aside; the rest goes on."
    WEB_FAILED = "web_failed", "A web request failed by a mistake of ours."
    STORE_AWAY = "store_away", "The database is busy, full or gone; work goes on when it is back."
    STORE_BACK = "store_back", "It is back."
    WORKER_BEGAN = "worker_began", "One of several worker processes begins."
    WORKER_ENDED = "worker_ended", "One of them has ended unasked, and another is to take its place."
    WORKER_HUNG = "worker_hung", "One of them says nothing any more, and is killed."
    TICK_FAILED = "tick_failed", "A pass failed, and the process ends."
    LOG_LOST = "log_lost", "Lines of this log could not be written; it goes on."
    WATCH_FAILED = "watch_failed", "Looking for what is out of order failed; it is tried again."


def note(log: logging.Logger, action: Action, said: str, level: int = logging.INFO, /, **facts: object) -> None:
    """Log one event: `said` is for people and may change, `action` and the names of `facts` do not."""
    log.log(level, "%s", said, extra={"action": action.value, "facts": facts})
