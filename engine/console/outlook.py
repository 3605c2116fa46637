"""How the whole of what is to come is told: for `enroll --dry-run` and `schedule --summary`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from engine.console.say import as_json, console, table
from engine.model.delivery import FailReason, SkipReason


def foretell(engine: Any, campaign: Any, start: date, refs: Any, where: str | None, *, json: bool) -> None:
    """What enrolling would do, and what would then be to come."""
    done, found = engine.foresee(campaign, start, refs, where=where)
    if json:
        left = {why: {"couples": number, "examples": done.examples[why]} for why, number in done.left.items()}
        about = {"campaign": campaign.id, "digest": campaign.digest, "enrolled": done.enrolled, "already": done.already}
        as_json([{**about, "left": left, "dry_run": True, **_entry(engine, found)}])
        return
    out = console()
    left = sum(done.left.values())
    out.print(
        f"{_n(done.enrolled, 'couple')} would be enrolled in {campaign.title!r} from {start}; {left} left as they are.",
        markup=False,
    )
    for why, number in done.left.most_common():
        out.print(f"  {number} {why}: {_such_as(number, done.examples[why])}", markup=False)
    if done.enrolled:
        _tell(engine, found, "would go")


def sum_up(engine: Any, until: date | None, couple: str | None, *, json: bool) -> None:
    """All that is to come."""
    found = engine.outlook(until=until, couple=couple)
    if json:
        as_json([_entry(engine, found)])
        return
    if not found.partners:
        console().print("Nothing is to come. `rekindle enroll CAMPAIGN --all --start DATE` begins a campaign.")
        return
    console().print(f"{_n(found.couples, 'couple')} under way.", markup=False)
    _tell(engine, found, "is to go" if found.messages == 1 else "are to go")


def _tell(engine: Any, found: Any, verb: str) -> None:
    out = console()
    out.print(f"{_n(found.messages, 'message')} {verb} to {_n(found.partners, 'partner')}.", markup=False)
    for name, each in (("first", found.first), ("last", found.last)):
        if each is not None:
            local = f"{each.local_time} in {each.who.timezone}"
            out.print(
                f"  The {name}: {each.at:%Y-%m-%d %H:%M} UTC ({local}), {each.step} to {each.who.ref}.", markup=False
            )
    if found.overdue:
        said = "of them should have gone by now: each goes at once, or is skipped where its step's late_after is over"
        out.print(f"  {_n(found.overdue, 'message')} {said}.", markup=False)
    for reason, number in found.silent.most_common():
        such = _such_as(number, found.examples[reason])
        out.print(f"  {_n(number, 'partner')} get nothing at all, such as in {such}: {_sentence(reason)}", markup=False)
    for reason, number in found.skipped.most_common():
        out.print(f"  {_n(number, 'message')} will not go: {_sentence(reason)}", markup=False)
    prices = engine.settings.prices
    table(
        "What it costs, by the price list in rekindle.toml",
        ("campaign", "channel", "messages", "segments", prices.currency),
        ((each.campaign, each.channel, each.messages, each.segments, f"{each.price():,.2f}") for each in found.costs),
        empty="Nothing would go.",
    )
    if found.costs and not prices.any():
        out.print("No price is known: [prices] in rekindle.toml holds them.", markup=False)


def _entry(engine: Any, found: Any) -> dict[str, Any]:
    def message(each: Any) -> Mapping[str, Any] | None:
        return None if each is None else each.entry()

    return {
        "couples": found.couples,
        "partners": found.partners,
        "messages": found.messages,
        "first": message(found.first),
        "last": message(found.last),
        "overdue": found.overdue,
        "skipped": dict(found.skipped),
        "silent": {why: {"partners": n, "examples": found.examples[why]} for why, n in found.silent.items()},
        "costs": [
            {
                "campaign": each.campaign,
                "channel": each.channel,
                "messages": each.messages,
                "segments": each.segments,
                "cost": each.price(),
            }
            for each in found.costs
        ],
        "currency": engine.settings.prices.currency,
    }


def _sentence(reason: str) -> str:
    kind = SkipReason if reason in set(SkipReason) else FailReason
    return kind(reason).sentence


def _such_as(number: int, examples: list[str]) -> str:
    return ", ".join(examples) + (", …" if number > len(examples) else "")


def _n(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
