"""What faults do to the messages that would have gone without them: late, lost, in doubt.

The same campaign is lived twice with the same couples and seed, once with nothing wrong; the difference is what the
faults did.
"""

from collections import Counter
from statistics import median
from typing import Any

from engine.model.delivery import DeliveryStatus, FailReason, SkipReason
from engine.report.plan_figures import EXAMPLES, SENT, Figures, Slot

Entry = dict[str, Any]
IN_DOUBT = DeliveryStatus.IN_DOUBT.value
MINUTE = 60_000
AT_ONCE = 1_000  # milliseconds: a clock that was moved on by a breath makes no message late
BUCKETS = ((1, "1 minute"), (15, "15 minutes"), (60, "1 hour"), (240, "4 hours"), (1440, "1 day"))
BEYOND = "longer"


def delayed(fair: Figures, faulty: Figures) -> Entry:
    """Of the messages that go in the run `fair`, what becomes of them in `faulty`. Both runs kept their ends.

    Delays are in minutes. `sooner` went before their time: what they had to give way to did not come.
    """
    late: list[tuple[int, str, Slot]] = []
    lost: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    doubtful, sooner = 0, 0
    for ref, ends in fair.ends.items():
        now = faulty.ends.get(ref, {})
        for slot, end in ends.items():
            if end.status != SENT:
                continue
            became = now.get(slot)
            if became is None or became.status not in (SENT, IN_DOUBT):
                reason = "missing" if became is None else became.reason or became.status
                lost[reason] += 1
                named = examples.setdefault(reason, [])
                if len(named) < EXAMPLES and ref not in named:
                    named.append(ref)
            elif became.status == IN_DOUBT:
                doubtful += 1
            elif became.at - end.at > AT_ONCE:
                late.append((became.at - end.at, ref, slot))
            else:
                sooner += became.at < end.at
    late.sort(key=lambda each: (-each[0], each[1], each[2]))
    return {
        "would_go": fair.sent,
        "late": len(late),
        "late_minutes": _spread([by for by, _, _ in late]),
        "latest": [{"couple": ref, "step": slot[1], "minutes": _minutes(by)} for by, ref, slot in late[:EXAMPLES]],
        "lost": lost.total(),
        "lost_because": [
            {"reason": reason, "why": _why(reason), "deliveries": number, "couples": examples[reason]}
            for reason, number in sorted(lost.items(), key=lambda each: (-each[1], each[0]))
        ],
        "in_doubt": doubtful,
        "sooner": sooner,
    }


def _why(reason: str) -> str:
    for known in (SkipReason, FailReason, DeliveryStatus):
        if reason in set(known):
            return str(known(reason).sentence)
    return "Nothing was planned."


def _spread(late: list[int]) -> Entry:
    """The median and the longest delay, and how many messages were late by how much."""
    bounds = [most * MINUTE for most, _ in BUCKETS]
    counts = Counter(next((place for place, bound in enumerate(bounds) if by <= bound), len(bounds)) for by in late)
    words = [words for _, words in BUCKETS] + [BEYOND]
    return {
        "median": _minutes(int(median(late))) if late else None,
        "most": _minutes(max(late)) if late else None,
        "histogram": [{"up_to": word, "messages": counts[place]} for place, word in enumerate(words)],
    }


def _minutes(milliseconds: int) -> float:
    return round(milliseconds / MINUTE, 1)
