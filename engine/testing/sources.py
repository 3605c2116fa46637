"""The conformance suite for event sources: the same rows for each, whoever's webhooks it reads.

    import pytest
    from engine.testing.sources import CHECKS, SourceRig

    class MyRig(SourceRig): ...   # signs calls as your provider does

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_source_conforms(check):
        check(MyRig())

Each check raises Nonconforming with one sentence when a rule of `engine.transport.source` is broken: about calls that
are good, forged, replayed, out of order, unknown or oversized. A check about what a provider does not do passes.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Protocol

from engine.model.event import Event, EventType, Heard, Inbound, Unreadable
from engine.testing.heard import hold_refuses, hold_stands, only, read_well
from engine.testing.hostile import OVERSIZED, SENSELESS, damaged, forgeries, unsigned
from engine.testing.transports import Nonconforming
from engine.transport.source import EventSource, Forged, Hook, NotOurs

LATER = timedelta(hours=3)


class SourceRig(Protocol):
    """Stands in for the provider: derive yours from it. Every call that it makes is signed, with the same key.

    `proofs` are the headers, by lower-case name, without each of which a call is forged; `signs_body` and `signs_url`
    say what they cover. `private` are the addresses and people's words in its calls. Asked again, a rig makes the same
    call again.
    """

    proofs: Collection[str] = ()
    signs_body: bool = True
    signs_url: bool = False
    private: Collection[str] = ()

    def source(self) -> EventSource:
        """A fresh source, set up with the key that calls are signed with."""

    def another(self) -> EventSource:
        """A fresh source that is set up with another key."""

    def told(self, reference: str, number: int) -> Hook:
        """Message `number`, which was given `reference` (the form of ours: `7.proof`), was delivered, or the nearest
        to it that this provider tells: that it bounced, that somebody answered."""

    def unknown(self) -> Hook:
        """Something that the provider may say some day, and no version knows."""

    def signed(self, body: bytes) -> Hook:
        """A call with any body."""

    def batch(self, hooks: Sequence[Hook]) -> Hook | None:
        """One call that says what these say, in their order, with an entry that makes no sense after each.

        None from a provider that never says two things in one call.
        """
        return None


Check = Callable[[SourceRig], None]


def a_good_call_is_believed_and_says_what_it_is_about(rig: SourceRig) -> None:
    source = rig.source()
    _hold(isinstance(source, EventSource), "a source has a name, `verify` and `parse`", type(source).__name__)
    _hold(bool(rig.proofs) or getattr(source, "signed", True) is False, "what nobody signs says `signed = False`", True)
    for number in (1, 2):
        heard = read_well(source, rig.told(_reference(number), number))
        _hold(len(heard) == 1, "a call about one thing says one thing", heard)
        _hold(isinstance(heard[0], Event | Inbound), "it is an event, or a text that somebody sent", heard[0])
        if isinstance(heard[0], Event):
            _hold(heard[0].reference == _reference(number), "an event brings our reference back", heard[0].reference)


def a_call_that_was_changed_is_forged(rig: SourceRig) -> None:
    source, call = rig.source(), _told(rig)
    for how, changed in forgeries(call, rig.proofs, body=rig.signs_body and bool(rig.proofs), url=rig.signs_url):
        hold_refuses(source, changed, how, rig.private)


def a_call_without_its_proof_is_forged(rig: SourceRig) -> None:
    source, call = rig.source(), _told(rig)
    for how, changed in unsigned(call, rig.proofs):
        hold_refuses(source, changed, how, rig.private)


def a_call_signed_with_another_key_is_forged(rig: SourceRig) -> None:
    if rig.proofs:
        hold_refuses(rig.another(), _told(rig), "signed with another key", rig.private)


def a_webhook_that_the_provider_does_not_have_is_not_ours(rig: SourceRig) -> None:
    source = rig.source()
    for kind in ("nothing-like-it", "", "é"):
        try:
            with only(NotOurs, Forged, doing="verify"):
                source.verify(replace(_told(rig), kind=kind))
        except NotOurs:
            continue
        except Forged:
            raise Nonconforming(f"a signed call of the kind {kind!r} is NotOurs; seen: Forged") from None
        raise Nonconforming(f"a call of the kind {kind!r} is NotOurs; seen: it was believed")


def told_again_it_has_the_same_key(rig: SourceRig) -> None:
    source, call = rig.source(), _told(rig)
    first = _keys(read_well(source, call))
    later = replace(call, received_at=call.received_at + LATER)
    for how, again, told in (
        ("by the same source", source, call),
        ("by a fresh one, as after a restart", rig.source(), call),
        ("hours later", source, later),
        ("by a provider that tries again", source, _told(rig)),
    ):
        _hold(_keys(read_well(again, told)) == first, f"a call read again {how} has the same keys", "others")


def two_things_have_two_keys(rig: SourceRig) -> None:
    source = rig.source()
    keys = [key for number in range(1, 21) for key in _keys(read_well(source, rig.told(_reference(number), number)))]
    _hold(len(keys) == len(set(keys)) == 20, "what is told of twenty messages has twenty keys", len(set(keys)))


def the_order_of_calls_does_not_matter(rig: SourceRig) -> None:
    calls = [rig.told(_reference(1), 1), rig.unknown(), rig.told(_reference(2), 2)]
    alone = [read_well(rig.source(), call) for call in calls]
    for order in permutations(range(len(calls))):
        source = rig.source()
        for place in order:
            heard = read_well(source, calls[place])
            _hold(heard == alone[place], "what a call says does not depend on what was read before", order)


def what_no_version_knows_is_kept_as_unknown(rig: SourceRig) -> None:
    heard = read_well(rig.source(), rig.unknown())
    _hold(bool(heard), "what is not known is heard of", heard)
    for each in heard:
        known = not isinstance(each, Unreadable) and getattr(each, "type", None) is not EventType.UNKNOWN
        _hold(not known, "what is not known is UNKNOWN or Unreadable", each)


def one_bad_entry_does_not_drop_the_others(rig: SourceRig) -> None:
    calls = [rig.told(_reference(number), number) for number in (1, 2, 3)]
    together = rig.batch(calls)
    if together is None:
        return
    source = rig.source()
    heard = read_well(source, together)
    good = [each for each in heard if not isinstance(each, Unreadable)]
    alone = [each for call in calls for each in read_well(source, call)]
    _hold(good == alone, "a batch says what its good entries say, in their order", good)
    _hold(len(heard) == 2 * len(calls), "what makes no sense in a batch is Unreadable, once for each entry", heard)


def what_makes_no_sense_is_never_an_exception(rig: SourceRig) -> None:
    source, call = rig.source(), _told(rig)
    read_well(source, rig.signed(call.body))  # unless the rig's signature is good, the rest means nothing
    for what, body in SENSELESS.items():
        hold_stands(source, rig.signed(body), what)
    for body in damaged(call.body):
        hold_stands(source, rig.signed(body), f"{body[:2_000]!r}")


def what_is_oversized_is_never_an_exception(rig: SourceRig) -> None:
    source = rig.source()
    for what, body in OVERSIZED.items():
        hold_stands(source, rig.signed(body), what)


def what_was_heard_shows_nothing_private(rig: SourceRig) -> None:
    source = rig.source()
    for call in (_told(rig), rig.unknown()):
        shown = f"{call!r} {read_well(source, call)!r}"
        _hold(not any(each in shown for each in rig.private), "no repr, key or detail has an address or words", "one")


def a_call_is_left_as_it_came(rig: SourceRig) -> None:
    call = _told(rig)
    before = replace(call, headers=dict(call.headers))
    read_well(rig.source(), call)
    _hold(call == before, "neither `verify` nor `parse` changes the call", "a change")


CHECKS: tuple[Check, ...] = (
    a_good_call_is_believed_and_says_what_it_is_about,
    a_call_that_was_changed_is_forged,
    a_call_without_its_proof_is_forged,
    a_call_signed_with_another_key_is_forged,
    a_webhook_that_the_provider_does_not_have_is_not_ours,
    told_again_it_has_the_same_key,
    two_things_have_two_keys,
    the_order_of_calls_does_not_matter,
    what_no_version_knows_is_kept_as_unknown,
    one_bad_entry_does_not_drop_the_others,
    what_makes_no_sense_is_never_an_exception,
    what_is_oversized_is_never_an_exception,
    what_was_heard_shows_nothing_private,
    a_call_is_left_as_it_came,
)


def _reference(number: int) -> str:
    return f"{number}.Proof-_{number:04}"


def _told(rig: SourceRig) -> Hook:
    return rig.told(_reference(1), 1)


def _keys(heard: Sequence[Heard]) -> list[str]:
    return [each.key for each in heard if not isinstance(each, Unreadable)]


def _hold(holds: bool, rule: str, seen: object) -> None:
    if not holds:
        raise Nonconforming(f"{rule}; seen: {seen}")
