"""Bugs to plant in the engine, to see that the checker can fail: each is an edit of its source, loaded in its place."""

from dataclasses import dataclass

Edit = tuple[str, str, str]
"""A file below engine/, a piece of it that is there once, and what stands there instead."""


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug to plant. `seed` is one by which it is known to be caught."""

    name: str
    what: str
    edits: tuple[Edit, ...]
    seed: int = 1


def _bug(name: str, what: str, *edits: Edit, seed: int = 1) -> Bug:
    return Bug(name, what, edits, seed)


GATES, LEDGER, INTENT, CASES = "plan/gates.py", "store/ledger.py", "deliver/intent.py", "deliver/cases.py"
DUE, CALENDAR, WINDOW, LOCAL = "deliver/due.py", "plan/calendar.py", "plan/window.py", "plan/local.py"
ANSWERS, STOPS, INTAKE = "store/answers.py", "store/stops.py", "hear/intake.py"

SENDING = (
    _bug(
        "lease-freed",
        "a lease that ran out in the middle of a send is freed",
        ("store/doubts.py", 'deliveries.c.status == "claimed", _expired', "_expired"),
        ("store/doubts.py", 'deliveries.c.status == "sending", _expired', "deliveries.c.id < 0"),
    ),
    _bug(
        "unknown-retried",
        "an outcome that is not known is tried again",
        (
            "deliver/outcomes.py",
            "_settle(record, letter, DeliveryStatus.IN_DOUBT, detail=detail)",
            "_again(record, letter, now, detail)",
        ),
    ),
    _bug(
        "claims-what-is-leased",
        "what another worker is sending is claimed as well",
        (
            LEDGER,
            "_next = (\n    select(deliveries.c.id)\n    .where(\n        PLANNED,",
            "_next = (\n    select(deliveries.c.id)\n    .where(\n"
            "        PLANNED | (deliveries.c.status == 'sending'),",
        ),
    ),
    _bug(
        "no-fence",
        "a worker that lost its lease still has its say",
        (LEDGER, "        deliveries.c.fence == _intended.c.fence,\n", ""),
        (
            LEDGER,
            "        deliveries.c.status == literal_column(\"'claimed'\"),\n    )\n    .values(\n",
            "    )\n    .values(\n",
        ),
    ),
    _bug(
        "answer-not-recorded",
        "what a provider accepted is not recorded where the lease had run out",
        (
            LEDGER,
            "and_(deliveries.c.fence == _accepted.c.fence, deliveries.c.status.in_(_MAY_HAVE_GONE)),",
            "deliveries.c.id < 0,",
        ),
    ),
    _bug(
        "resent-blindly",
        "what is in doubt is sent again when nobody can tell",
        (
            "deliver/reconcile.py",
            "elif believed and (answer is not None or doubt.id in resent):\n"
            '                detail = "Nobody could tell whether it arrived." if answer is None else answer.detail',
            'elif believed:\n                detail = "again"',
        ),
    ),
    _bug(
        "fault-swallowed",
        "what could not be committed is handed over all the same",
        (
            "deliver/dispatch.py",
            "        with self._database.begin(shared=True) as connection:\n            # In this order",
            '        with __import__("contextlib").suppress(StoreError), '
            "self._database.begin(shared=True) as connection:\n"
            "            # In this order",
        ),
    ),
)

DOUBTS = (
    _bug(
        "doubts-not-asked",
        "nobody asks the provider about what is in doubt",
        (
            "deliver/reconcile.py",
            "    if not isinstance(transport, Reconcilable):\n        return None\n",
            "    return None\n",
        ),
    ),
    _bug(
        "too-late-too-soon",
        "half of the time that a step allows is not used",
        (DUE, "    expires_at = counts_from + step.late_after\n", "    expires_at = counts_from - step.late_after\n"),
    ),
    _bug(
        "retry-forgotten",
        "what is to be tried again waits until it is too late",
        (
            "deliver/outcomes.py",
            "(letter.id, letter.fence, DeliveryStatus.PLANNED, None, detail, millis(at), MovedBecause.RETRY)",
            "(letter.id, letter.fence, DeliveryStatus.SKIPPED, None, detail, millis(at), MovedBecause.RETRY)",
        ),
    ),
)

GATES_DROPPED = (
    _bug(
        "suppression-not-asked",
        "suppression is not asked at the last look",
        (
            INTENT,
            "reach = row.has_address, row.consented, row.suppressed",
            "reach = row.has_address, row.consented, False",
        ),
    ),
    _bug(
        "consent-not-asked",
        "consent is not asked",
        (GATES, "return SEND if case.consented else Skip(SkipReason.NO_CONSENT)", "return SEND"),
    ),
    _bug(
        "couple-pause-ignored",
        "a pause of both is ignored",
        (CASES, "return max(one, other) if one and other else one or other", "return one"),
    ),
    _bug(
        "own-pause-ignored",
        "one's own pause is ignored",
        (CASES, "return max(one, other) if one and other else one or other", "return other"),
    ),
    _bug(
        "left-ignored",
        "who has left is written to",
        (GATES, "if case.left:", "if False:"),
        ("store/leaving.py", 'deliveries.c.status == "planned", ~_ALERT)', "deliveries.c.id < 0)"),
    ),
    _bug(
        "stopped-ignored",
        "a campaign that was stopped goes on with what is planned",
        (GATES, "if case.enrollment is EnrollmentStatus.STOPPED:", "if False:"),
        (
            "store/enrollments.py",
            '.where(deliveries.c.enrollment_id.in_(enrollment_ids), deliveries.c.status == "planned")',
            ".where(deliveries.c.id < 0)",
        ),
    ),
    _bug(
        "life-event-ignored",
        "a separation changes nothing",
        (
            "store/parting.py",
            "    running.stop(connection, running.unfinished(connection, couple_id), reason.value)\n",
            "",
        ),
        (GATES, "return Skip(SkipReason.LIFE_EVENT) if case.life_event else SEND", "return SEND"),
    ),
    _bug(
        "hold-ignored",
        "a hold is not asked for at the last look",
        (INTENT, "if sight.holds.everything or until else None", "if until else None"),
    ),
    _bug(
        "late-sent",
        "what is too late is sent",
        (GATES, "return Skip(SkipReason.TOO_LATE) if at > case.expires_at else SEND", "return SEND"),
    ),
    _bug(
        "cap-off-by-one",
        "one more a day than the cap",
        (GATES, "if case.sent_today >= case.caps.per_day:", "if case.sent_today > case.caps.per_day:"),
    ),
    _bug(
        "week-cap-ignored",
        "the cap of the week is ignored",
        (GATES, "if case.sent_this_week >= case.caps.per_week:", "if False:"),
    ),
    _bug(
        "caps-in-utc",
        "caps count days of UTC",
        (CASES, "days[timezone] = local_day(now, timezone)", 'days[timezone] = local_day(now, "UTC")'),
    ),
    _bug(
        "catch-up-ignored",
        "late messages join others",
        (GATES, "if case.sent_today and at - case.due_at > CATCHING_UP:", "if False:"),
    ),
    _bug(
        "twice-to-one-address",
        "who share an address get both messages",
        (INTENT, "shared=bool(row.same_address) and _twin_goes(row, skipped)", "shared=False"),
    ),
    _bug(
        "wrong-reason",
        "a pause is told as a stop",
        (GATES, "return Skip(SkipReason.PAUSED)", "return Skip(SkipReason.STOPPED)"),
    ),
)

CALENDAR_BUGS = (
    _bug(
        "window-in-utc",
        "the window is asked in UTC",
        (
            WINDOW,
            "    wall = wall_time(moment, timezone)\n    for ahead",
            '    wall = wall_time(moment, "UTC")\n    for ahead',
        ),
    ),
    _bug(
        "window-an-hour-long",
        "the window closes an hour late",
        (
            WINDOW,
            "if ahead == 0 and hours.opens <= wall.time() < hours.closes:",
            "if ahead == 0 and hours.opens <= wall.time() and (wall - timedelta(hours=1)).time() < hours.closes:",
        ),
    ),
    _bug(
        "own-hours-ignored",
        "one's own hours are ignored",
        (CASES, "if facts.reach_days or facts.reach_from or facts.reach_until:", "if False:"),
    ),
    _bug("own-days-ignored", "one's own days are ignored by the calendar", (CALENDAR, "if not wanted:", "if True:")),
    _bug(
        "gap-backwards",
        "a time that a change skips moves backwards",
        (
            LOCAL,
            "    return instant, wall_time(instant, timezone).replace(tzinfo=None) != wall",
            "    moved = wall_time(instant, timezone).replace(tzinfo=None) != wall\n"
            "    return wall.replace(tzinfo=zone(timezone), fold=int(moved)).astimezone(UTC), moved",
        ),
    ),
    _bug(
        "second-of-two",
        "of a time that comes twice the second is taken",
        (
            LOCAL,
            "    return instant, wall_time(instant, timezone).replace(tzinfo=None) != wall",
            "    later = wall.replace(tzinfo=zone(timezone), fold=1).astimezone(UTC)\n"
            "    return max(instant, later), wall_time(instant, timezone).replace(tzinfo=None) != wall",
        ),
    ),
    _bug("turns-swapped", "turns are swapped", (CALENDAR, "turn % 2 == position - 1", "turn % 2 != position - 1")),
    _bug(
        "channel-ignored",
        "everything goes by email",
        (DUE, "channel = step.channel or Channel(place.preferred)", "channel = Channel.EMAIL"),
    ),
    _bug(
        "advanced-twice",
        "a place moves on by two",
        (
            DUE,
            "following(slots, here, place.passed), None",
            "following(slots, min(here + (slot.occurrence % 5 == 0), len(slots) - 1), place.passed), None",
        ),
    ),
    _bug(
        "advanced-before",
        "places move on before what is planned is committed",
        (
            DUE,
            "                places.plan(connection, batch.deliveries)\n"
            "                places.advance(connection, batch.moved)\n",
            "                places.advance(connection, batch.moved)\n",
        ),
        (
            DUE,
            "            total.places += len(found)\n",
            "            with self._database.begin(shared=True) as connection:\n"
            "                places.plan(connection, batch.deliveries)\n"
            "            total.places += len(found)\n",
        ),
    ),
    _bug(
        "set-anew-one-on",
        "a place that is set anew leaves one out",
        (
            "plan/reseat.py",
            "return slots[place], frozenset(slot.key for slot in slots[place:] if slot.key not in keys)",
            "return slots[min(place + 1, len(slots) - 1)], frozenset()",
        ),
    ),
)

PRIVATE = (
    _bug(
        "others-address",
        "a message goes to the other's address",
        (
            "store/context.py",
            "case((_by_email, partners.c.email_cipher), else_",
            "case((_by_email, func.coalesce(other.c.email_cipher, partners.c.email_cipher)), else_",
        ),
    ),
    _bug(
        "revealed-after-one",
        "one answer is enough to reveal",
        (ANSWERS, ".where(_both_shared == 2)", ".where(_both_shared >= 1)"),
    ),
    _bug(
        "reveal-forgotten",
        "two shared answers reveal nothing",
        (ANSWERS, ".where(_both_shared == 2)", ".where(_both_shared == 3)"),
    ),
    _bug(
        "private-answer-shown",
        "what is not to be shared is shown",
        (ANSWERS, ".where(_key, answers.c.shared, ~answers.c.withheld", ".where(_key, ~answers.c.withheld"),
    ),
    _bug(
        "answer-outlives-leaving",
        "answers that nobody saw stay when their author leaves",
        (
            "store/leaving.py",
            "    connection.execute(delete(answers).where(answers.c.partner_id == partner_id, ~_REVEALED))\n",
            "",
        ),
    ),
    _bug(
        "erasing-leaves-rows",
        "who is erased stays in the tables",
        ("store/erasing.py", "    connection.execute(delete(partners).where(partners.c.id == partner_id))\n", ""),
    ),
    _bug(
        "address-in-a-detail",
        "an error tells whom it was about",
        (
            INTENT,
            '[OutcomeUnknown(f"The transport raised {type(error).__name__}.")]',
            "[OutcomeUnknown(messages[0].to)]",
        ),
        (
            "deliver/outcomes.py",
            "    detail = outcome.detail[:500]\n",
            "    detail = f\"{outcome.detail[:500]} {getattr(letter.message, 'to', '')}\"\n",
        ),
    ),
)

HEARD = (
    _bug(
        "stop-ignored",
        "STOP is stored and nothing follows",
        (
            "hear/inbound.py",
            '"suppress": SuppressReason.STOP.value if meant.command is Command.STOP else None',
            '"suppress": None',
        ),
    ),
    _bug(
        "unsubscribe-ignored",
        "one click changes nothing",
        (STOPS, "    _suppress_one(connection, index, channel, SuppressReason.UNSUBSCRIBED, source, at)\n", ""),
    ),
    _bug(
        "bounce-ignored",
        "a hard bounce is not believed",
        (
            "hear/reactions.py",
            "EventType.BOUNCED: (accepted, advance, suppress, count_soft)",
            "EventType.BOUNCED: (accepted, advance)",
        ),
    ),
    _bug(
        "start-lifts-all",
        "START takes back what is not its to take back",
        (
            STOPS,
            "suppressions.c.address_index == index, suppressions.c.reason.in_(_revocable), suppressions.c.at <= at",
            "suppressions.c.address_index == index",
        ),
    ),
    _bug(
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
    ),
    _bug(
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
    ),
    _bug(
        "sent-not-heard",
        "what a provider tells of settles no doubt",
        (
            "hear/reactions.py",
            "        ledger.heard_of(connection, told)\n",
            "        ledger.heard_of(connection, [])\n",
        ),
    ),
)

BUGS: tuple[Bug, ...] = (*SENDING, *DOUBTS, *GATES_DROPPED, *CALENDAR_BUGS, *PRIVATE, *HEARD)
