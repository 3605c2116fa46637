"""Bugs of the gates: what is to keep a message back does not."""

from fuzz.planted.bug import bug

GATES = "plan/gates.py"
INTENT = "deliver/intent.py"
CASES = "deliver/cases.py"

GATES_DROPPED = (
    bug(
        "suppression-not-asked",
        "suppression is not asked at the last look",
        (
            INTENT,
            "reach = row.has_address, row.consented, row.suppressed",
            "reach = row.has_address, row.consented, False",
        ),
        scene="waiting",
    ),
    bug(
        "consent-not-asked",
        "consent is not asked",
        (GATES, "return SEND if case.consented else Skip(SkipReason.NO_CONSENT)", "return SEND"),
        scene="reach",
    ),
    bug(
        "couple-pause-ignored",
        "a pause of both is ignored",
        (CASES, "return max(one, other) if one and other else one or other", "return one"),
        scene="waiting",
    ),
    bug(
        "own-pause-ignored",
        "one's own pause is ignored",
        (CASES, "return max(one, other) if one and other else one or other", "return other"),
        scene="waiting",
    ),
    bug(
        "left-ignored",
        "who has left is written to",
        (GATES, "if case.left:", "if False:"),
        ("store/leaving.py", 'deliveries.c.status == "planned", ~_ALERT)', "deliveries.c.id < 0)"),
        scene="waiting",
    ),
    bug(
        "stopped-ignored",
        "a campaign that was stopped goes on with what is planned",
        (GATES, "if case.enrollment is EnrollmentStatus.STOPPED:", "if False:"),
        (
            "store/enrollments.py",
            '.where(deliveries.c.enrollment_id.in_(enrollment_ids), deliveries.c.status == "planned")',
            ".where(deliveries.c.id < 0)",
        ),
        scene="waiting",
    ),
    bug(
        "life-event-ignored",
        "a separation changes nothing",
        (
            "store/parting.py",
            "    running.stop(connection, running.unfinished(connection, couple_id), reason.value)\n",
            "",
        ),
        (GATES, "return Skip(SkipReason.LIFE_EVENT) if case.life_event else SEND", "return SEND"),
        scene="waiting",
    ),
    bug(
        "hold-ignored",
        "a hold is not asked for at the last look",
        (INTENT, "if sight.holds.everything or until else None", "if until else None"),
        scene="held",
    ),
    bug(
        "late-sent",
        "what is too late is sent",
        (GATES, "return Skip(SkipReason.TOO_LATE) if at > case.expires_at else SEND", "return SEND"),
        scene="away",
    ),
    bug(
        "cap-off-by-one",
        "one more a day than the cap",
        (GATES, "if case.sent_today >= case.caps.per_day:", "if case.sent_today > case.caps.per_day:"),
        scene="caps",
    ),
    bug(
        "week-cap-ignored",
        "the cap of the week is ignored",
        (GATES, "if case.sent_this_week >= case.caps.per_week:", "if False:"),
        scene="caps",
    ),
    bug(
        "caps-in-utc",
        "caps count days of UTC",
        (CASES, "days[timezone] = local_day(now, timezone)", 'days[timezone] = local_day(now, "UTC")'),
        scene="caps",
    ),
    bug(
        "catch-up-ignored",
        "late messages join others",
        (GATES, "if case.sent_today and at - case.due_at > CATCHING_UP:", "if False:"),
        scene="away",
    ),
    bug(
        "twice-to-one-address",
        "who share an address get both messages",
        (INTENT, "shared=bool(row.same_address) and _twin_goes(row, skipped)", "shared=False"),
        scene="reach",
    ),
    bug(
        "wrong-reason",
        "a pause is told as a stop",
        (GATES, "return Skip(SkipReason.PAUSED)", "return Skip(SkipReason.STOPPED)"),
        scene="waiting",
    ),
)
