"""Two versions of a campaign with the same couples and seed, side by side: what differs, and for which couples most."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from engine.report.plan_figures import End, Figures, Slot

Entry = dict[str, Any]
MOST = 10  # couples named


def compared(before: Entry, after: Entry, one: Figures, other: Figures) -> Entry:
    """The figures of `after` against those of `before` (entries of `plan_entry`), and the couples that change most.

    Both runs kept their ends. A message of one run is the other's where partner, step and day are the same.
    """
    changed: list[tuple[int, str, Entry]] = []
    totals: Counter[str] = Counter()
    for ref in sorted(one.ends.keys() | other.ends.keys()):
        counts = _changes(one.ends.get(ref, {}), other.ends.get(ref, {}))
        totals.update(counts)
        if counts.total():
            changed.append((counts.total(), ref, {"couple": ref, "changes": counts.total(), **_named(counts)}))
    changed.sort(key=lambda each: (-each[0], each[1]))
    return {
        "digests": [before["digest"], after["digest"]],
        "figures": list(_figures(before, after)),
        "changes": _named(totals),
        "couples_changed": len(changed),
        "couples": [found for _, _, found in changed[:MOST]],
    }


CHANGES = ("added", "removed", "hour", "activity", "channel", "outcome")
"""A message more, one less, and what else of it may change."""


def _named(counts: Mapping[str, int]) -> Entry:
    return {name: counts.get(name, 0) for name in CHANGES}


def _changes(before: Mapping[Slot, End], after: Mapping[Slot, End]) -> Counter[str]:
    found = Counter(added=len(after.keys() - before.keys()), removed=len(before.keys() - after.keys()))
    for slot in before.keys() & after.keys():
        old, new = before[slot], after[slot]
        if (old.status, old.reason) != (new.status, new.reason):
            found["outcome"] += 1
        elif old.channel != new.channel:
            found["channel"] += 1
        elif old.activity != new.activity:
            found["activity"] += 1
        elif old.at != new.at:
            found["hour"] += 1
    return found


Named = tuple[int, str, str]  # (place in the list, name, unit)


def _figures(before: Entry, after: Entry) -> Iterator[Entry]:
    """Every figure of either, in one order; what one of them has not is 0 there."""
    old, new = dict(_headline(before)), dict(_headline(after))
    for named in sorted(old.keys() | new.keys()):
        one, other = old.get(named, 0), new.get(named, 0)
        difference = None if one is None or other is None else round(other - one, 6)
        yield {"figure": named[1], "unit": named[2], "before": one, "after": other, "difference": difference}


def _headline(found: Entry) -> Iterator[tuple[Named, float | None]]:
    """The figures of one run that are worth setting beside another's."""
    for name in ("weeks", "deliveries", "sent"):
        yield (("weeks", "deliveries", "sent").index(name), name, ""), found[name]
    for each in found["cost"]["channels"]:
        yield (3, f"{each['channel']} messages", ""), each["messages"]
        yield (3, f"{each['channel']} segments", ""), each["segments"]
    yield (4, "cost", found["cost"]["currency"] or ""), found["cost"]["total"]["cost"]
    not_sent: Counter[str] = Counter()
    for each in found["skips"]:
        not_sent[each["reason"] or each["status"]] += each["deliveries"]
    for reason, number in not_sent.items():
        yield (5, f"not sent: {reason}", ""), number
    yield (6, "busiest hour", "messages"), (found["volume"]["busiest_hour"] or {"messages": 0})["messages"]
    yield (7, "longest silence", "days"), max((each["days"] for each in found["silence"]["longest"]), default=0)
    yield (8, "densest week", "messages"), max((each["messages"] for each in found["density"]["densest"]), default=0)
    for each in found["strategies"]:
        yield (9, f"share of {each['strategy']}", "%"), round(100 * each["share"], 1)
