"""Bugs of handing over: of leases, fences, doubts and tries."""

from fuzz.planted.bug import bug

LEDGER = "store/ledger.py"
DUE = "deliver/due.py"

SENDING = (
    bug(
        "lease-freed",
        "a lease that ran out in the middle of a send is freed",
        ("store/doubts.py", 'deliveries.c.status == "claimed", _expired', "_expired"),
        ("store/doubts.py", 'deliveries.c.status == "sending", _expired', "deliveries.c.id < 0"),
        scene="death",
    ),
    bug(
        "unknown-retried",
        "an outcome that is not known is tried again",
        (
            "deliver/outcomes.py",
            "_settle(record, letter, DeliveryStatus.IN_DOUBT, detail=detail)",
            "_again(record, letter, now, detail)",
        ),
        scene="doubtful",
    ),
    bug(
        "claims-what-is-leased",
        "what another worker is sending is claimed as well",
        (
            LEDGER,
            "_next = (\n    select(deliveries.c.id)\n    .where(\n        PLANNED,",
            "_next = (\n    select(deliveries.c.id)\n    .where(\n"
            "        PLANNED | (deliveries.c.status == 'sending'),",
        ),
        scene="lease",
    ),
    bug(
        "no-fence",
        "a worker that lost its lease still has its say",
        (LEDGER, "        deliveries.c.fence == _intended.c.fence,\n", ""),
        (
            LEDGER,
            "        deliveries.c.status == literal_column(\"'claimed'\"),\n    )\n    .values(\n",
            "    )\n    .values(\n",
        ),
        scene="lease",
    ),
    bug(
        "answer-not-recorded",
        "what a provider accepted is not recorded where the lease had run out",
        (
            LEDGER,
            "and_(deliveries.c.fence == _accepted.c.fence, deliveries.c.status.in_(_MAY_HAVE_GONE)),",
            "deliveries.c.id < 0,",
        ),
        scene="doubtful",
    ),
    bug(
        "resent-blindly",
        "what is in doubt is sent again when nobody can tell",
        (
            "deliver/reconcile.py",
            "elif believed and (answer is not None or doubt.id in resent):\n"
            '                detail = "Nobody could tell whether it arrived." if answer is None else answer.detail',
            'elif believed:\n                detail = "again"',
        ),
        scene="blank",
    ),
    bug(
        "fault-swallowed",
        "what could not be committed is handed over all the same",
        (
            "deliver/dispatch.py",
            "        with self._database.begin(shared=True) as connection:\n            # In this order",
            '        reopened = 0\n        with __import__("contextlib").suppress(StoreError), '
            "self._database.begin(shared=True) as connection:\n"
            "            # In this order",
        ),
        scene="commit",
    ),
)

DOUBTS = (
    bug(
        "doubts-not-asked",
        "nobody asks the provider about what is in doubt",
        (
            "deliver/reconcile.py",
            "    if not isinstance(transport, Reconcilable):\n        return None\n",
            "    return None\n",
        ),
        scene="doubtful",
    ),
    bug(
        "too-late-too-soon",
        "half of the time that a step allows is not used",
        (DUE, "    expires_at = counts_from + step.late_after\n", "    expires_at = counts_from - step.late_after\n"),
        scene="away",
    ),
    bug(
        "retry-forgotten",
        "what is to be tried again waits until it is too late",
        (
            "deliver/outcomes.py",
            "(letter.id, letter.fence, DeliveryStatus.PLANNED, None, detail, millis(at), MovedBecause.RETRY)",
            "(letter.id, letter.fence, DeliveryStatus.SKIPPED, None, detail, millis(at), MovedBecause.RETRY)",
        ),
        scene="waiting",
    ),
)
