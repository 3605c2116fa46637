"""One suite for every event source: the same rows for SendGrid, Twilio and bounces, and for a source with one fault."""

import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from source_rigs import RIGS

from engine.model.campaign import Channel
from engine.model.event import Event, EventType, Heard, Unreadable
from engine.testing.sources import CHECKS, Check, SourceRig
from engine.testing.transports import Nonconforming
from engine.transport.source import EventSource, Forged, Hook, NotOurs

ADDRESS = "ana@example.com"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", RIGS)
def test_every_event_source_keeps_the_contract(name: str, check: Check) -> None:
    check(RIGS[name])


def proof(key: str, hook: Hook) -> str:
    return hmac.digest(key.encode(), hook.url.encode(errors="replace") + hook.body, "sha256").hex()


class Source:
    """Lists of events in JSON, signed with their URL; breaks the contract in one way, or in none."""

    def __init__(self, fault: str, key: str = "key") -> None:
        self.name = "faulty"
        self.read = 0
        self._fault = fault
        self._key = "key" if fault == "any key" else key

    def verify(self, hook: Hook) -> None:
        given = hook.headers.get("x-proof", "")
        if hook.kind != "events" and self._fault != "any kind":
            raise Forged if self._fault == "kind forged" else NotOurs
        covered = hook
        match self._fault:
            case "trusting":
                return
            case "open when unsigned" if not given:
                return
            case "url uncovered":
                covered = replace(hook, url=hook.url.partition("?")[0] + "?of=us")
            case "body uncovered":
                covered = replace(hook, body=b"")
            case "blank stripped":
                covered = replace(hook, body=hook.body.strip())
            case "prefix" if given and proof(self._key, hook).startswith(given[:8]):
                return
            case "text compared" if not given.isascii():
                raise TypeError("comparing strings with non-ASCII characters is not supported")
        if not hmac.compare_digest(proof(self._key, covered).encode(), given.encode()):
            raise Forged(ADDRESS if self._fault == "telling refusal" else "")

    def parse(self, hook: Hook) -> Sequence[Heard]:
        self.read += 1
        foreseen = (ValueError,) if self._fault == "deep" else (ValueError, RecursionError)
        try:
            entries = json.loads(hook.body)
        except foreseen:
            return [Unreadable("no JSON")]
        if not isinstance(entries, list):
            return [None] if self._fault == "odd" else [Unreadable("no list")]  # type: ignore[list-item]
        heard = [self._one(entry, hook) for entry in entries[:1_000]]
        if self._fault == "all or nothing" and any(isinstance(each, Unreadable) for each in heard):
            return [Unreadable("a bad entry")]
        if self._fault == "bad entries dropped" and len(heard) > 1:
            return [each for each in heard if not isinstance(each, Unreadable)]
        if self._fault == "headers eaten":
            hook.headers.pop("x-proof", None)  # type: ignore[attr-defined]
        return heard

    def _one(self, entry: Any, hook: Hook) -> Heard:
        if self._fault == "entries believed" and isinstance(entry, dict):
            entry["at"] = int(entry["at"])
        try:
            told = {name: str(entry[name]) for name in ("ours", "state", "to")}
            at = datetime.fromtimestamp(float(entry["at"]), UTC)
        except (KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError):
            return Unreadable("senseless")
        if any(len(each) > 100 or not each.isprintable() for each in told.values()) and self._fault != "unbounded":
            return Unreadable("endless, or half an emoji")
        known = told["state"] == "delivered" or self._fault == "unknown taken for delivered"
        event = Event(
            source=self.name,
            key=f"{told['ours']}:{told['state']}",
            type=EventType.DELIVERED if known else EventType.UNKNOWN,
            at=at,
            channel=Channel.SMS,
            reference=told["ours"],
            address=told["to"],
        )
        return self._misheard(event, hook)

    def _misheard(self, event: Event, hook: Hook) -> Event:
        match self._fault:
            case "counting keys":
                return replace(event, key=str(self.read))
            case "dated keys":
                return replace(event, key=f"{event.key}:{hook.received_at}")
            case "random keys":
                return replace(event, key=f"{event.key}:{id(self)}")
            case "one key":
                return replace(event, key=event.type)
            case "no key":
                return replace(event, key="")
            case "naive":
                return replace(event, at=event.at.replace(tzinfo=None))
            case "another's name":
                return replace(event, source="events")
            case "no reference":
                return replace(event, reference=None)
            case "remembering":
                return replace(event, detail="first" if self.read == 1 else "")
            case "address in the key":
                return replace(event, key=f"{ADDRESS}:{event.key}")
            case "address in the detail":
                return replace(event, detail=f"to {event.address}")
        return event


class Rig(SourceRig):
    """Signs for that source."""

    proofs: Sequence[str] = ("x-proof",)
    signs_url = True
    private = (ADDRESS,)

    def __init__(self, fault: str) -> None:
        self._fault = fault

    def source(self) -> EventSource:
        return Source(self._fault)

    def another(self) -> EventSource:
        return Source(self._fault, "another")

    def told(self, reference: str, number: int) -> Hook:
        return self._call(self._entry(reference, "delivered"))

    def unknown(self) -> Hook:
        return self._call(self._entry("9.x", "teleported"))

    def signed(self, body: bytes) -> Hook:
        hook = Hook(
            "events", "https://x.example/webhooks/faulty/events?of=us", {}, body, datetime(2026, 3, 3, tzinfo=UTC)
        )
        covered = replace(hook, body={"body uncovered": b"", "blank stripped": body.strip()}.get(self._fault, body))
        return replace(hook, headers={"x-proof": proof("key", covered)})

    def batch(self, hooks: Sequence[Hook]) -> Hook:
        return self._call(*(entry for hook in hooks for entry in (*json.loads(hook.body), {"state": "?"})))

    def _call(self, *entries: object) -> Hook:
        return self.signed(json.dumps(entries).encode())

    def _entry(self, reference: str, state: str) -> dict[str, object]:
        return {"ours": reference, "state": state, "to": ADDRESS, "at": 1_772_528_400}


FAULTS = {
    "trusting": "a_call_that_was_changed_is_forged",
    "body uncovered": "a_call_that_was_changed_is_forged",
    "url uncovered": "a_call_that_was_changed_is_forged",
    "blank stripped": "a_call_that_was_changed_is_forged",
    "prefix": "a_call_that_was_changed_is_forged",
    "telling refusal": "a_call_that_was_changed_is_forged",
    "open when unsigned": "a_call_without_its_proof_is_forged",
    "text compared": "a_call_without_its_proof_is_forged",
    "any key": "a_call_signed_with_another_key_is_forged",
    "any kind": "a_webhook_that_the_provider_does_not_have_is_not_ours",
    "kind forged": "a_webhook_that_the_provider_does_not_have_is_not_ours",
    "no key": "a_good_call_is_believed_and_says_what_it_is_about",
    "naive": "a_good_call_is_believed_and_says_what_it_is_about",
    "another's name": "a_good_call_is_believed_and_says_what_it_is_about",
    "no reference": "a_good_call_is_believed_and_says_what_it_is_about",
    "counting keys": "told_again_it_has_the_same_key",
    "dated keys": "told_again_it_has_the_same_key",
    "random keys": "told_again_it_has_the_same_key",
    "one key": "two_things_have_two_keys",
    "remembering": "the_order_of_calls_does_not_matter",
    "unknown taken for delivered": "what_no_version_knows_is_kept_as_unknown",
    "all or nothing": "one_bad_entry_does_not_drop_the_others",
    "bad entries dropped": "one_bad_entry_does_not_drop_the_others",
    "odd": "what_makes_no_sense_is_never_an_exception",
    "entries believed": "what_makes_no_sense_is_never_an_exception",
    "unbounded": "what_makes_no_sense_is_never_an_exception",
    "deep": "what_is_oversized_is_never_an_exception",
    "address in the key": "what_was_heard_shows_nothing_private",
    "address in the detail": "what_was_heard_shows_nothing_private",
    "headers eaten": "a_call_is_left_as_it_came",
}
"""The row that finds each fault; others may find it too."""
RAISING = {"text compared", "entries believed", "deep"}
"""Faults that are exceptions; the others must not be found by a slip of the faulty source."""


def found(rig: SourceRig) -> dict[str, str]:
    """The rows that a source does not keep, and what each says."""
    broken = {}
    for check in CHECKS:
        try:
            check(rig)
        except Nonconforming as told:
            broken[check.__name__] = str(told)
    return broken


@pytest.mark.parametrize(("fault", "row"), FAULTS.items(), ids=FAULTS)
def test_the_suite_finds_a_source_that_breaks_the_contract(fault: str, row: str) -> None:
    broken = found(Rig(fault))
    assert row in broken
    assert ("may raise" in broken[row]) is (fault in RAISING)


def test_the_suite_passes_a_source_without_a_fault() -> None:
    assert found(Rig("none")) == {}


def test_every_row_can_find_a_fault() -> None:
    assert {check.__name__ for check in CHECKS} == set(FAULTS.values())


def test_what_nobody_signs_must_say_so() -> None:
    class Unsigned(Rig):
        proofs = ()

    assert list(found(Unsigned("none"))) == ["a_good_call_is_believed_and_says_what_it_is_about"]
