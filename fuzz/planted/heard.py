"""Bugs of what we are told."""

from fuzz.planted.bug import bug

STOPS = "store/stops.py"
INTAKE = "hear/intake.py"

HEARD = (
    bug(
        "stop-ignored",
        "STOP is stored and nothing follows",
        (
            "hear/inbound.py",
            '"suppress": SuppressReason.STOP.value if meant.command is Command.STOP else None',
            '"suppress": None',
        ),
        scene="stops",
    ),
    bug(
        "unsubscribe-ignored",
        "one click changes nothing",
        (STOPS, "    _suppress_one(connection, index, channel, SuppressReason.UNSUBSCRIBED, source, at)\n", ""),
        scene="stops",
    ),
    bug(
        "bounce-ignored",
        "a hard bounce is not believed",
        (
            "hear/reactions.py",
            "EventType.BOUNCED: (accepted, advance, suppress, count_soft)",
            "EventType.BOUNCED: (accepted, advance)",
        ),
        scene="stops",
    ),
    bug(
        "start-lifts-all",
        "START takes back what is not its to take back",
        (
            STOPS,
            "suppressions.c.address_index == index, suppressions.c.reason.in_(_revocable), suppressions.c.at <= at",
            "suppressions.c.address_index == index",
        ),
        scene="stops",
    ),
    bug(
        "call-reacted-to-again",
        "a call that comes again is reacted to again",
        (
            INTAKE,
            "        if call.status is CallStatus.DONE:\n            return self._react(call_id, call.source, None)\n",
            "",
        ),
        (
            INTAKE,
            "            if not intake.mark(connection, call_id, CallStatus.DONE):\n                return Taken()\n",
            "            intake.mark(connection, call_id, CallStatus.DONE)\n",
        ),
        (
            "store/events.py",
            'insert(events).on_conflict_do_nothing(index_elements=["source", "key"])',
            'insert(events).on_conflict_do_update(index_elements=["source", "key"], set_={"code": ""})',
        ),
        (STOPS, "or_(events.c.suppress.not_in(_revocable), ~_taken_back),", ""),
        scene="calls_again",
    ),
    bug(
        "done-before-reacting",
        "a call is marked done before it is reacted to",
        (
            INTAKE,
            "        with self._database.begin() as connection:\n"
            "            if not intake.mark(connection, call_id, CallStatus.DONE):\n                return Taken()\n",
            "        with self._database.begin() as connection:\n"
            "            news = intake.mark(connection, call_id, CallStatus.DONE)\n"
            "        with self._database.begin() as connection:\n"
            "            if not news:\n                return Taken()\n",
        ),
        scene="reaction_lost",
    ),
    bug(
        "sent-not-heard",
        "what a provider tells of settles no doubt",
        (
            "hear/reactions.py",
            "        ledger.heard_of(connection, told)\n",
            "        ledger.heard_of(connection, [])\n",
        ),
        scene="told_later",
    ),
)
