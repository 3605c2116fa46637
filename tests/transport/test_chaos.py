"""Chaos goes wrong by seed: the same delivery has the same fate on every run, and each fate is what it says."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from engine.errors import SettingsError
from engine.testing.transports import email
from engine.transport.base import (
    Accepted,
    ConnectionFailed,
    MessageRejected,
    Outcome,
    OutcomeUnknown,
    RecipientRejected,
    Throttled,
)
from engine.transport.chaos import RATE_NAMES, ChaosTransport, Died, Rates, rates_of
from engine.transport.memory import MemoryTransport
from engine.transport.setup import Setup

MIXED = Rates(refused=0.2, throttled=0.1, rejected=0.1, bad_recipient=0.1, lost_answer=0.1, lost_message=0.1)


def fates(rates: Rates, seed: str = "0", size: int = 200, tries: int = 1) -> tuple[list[Outcome], MemoryTransport]:
    inner = MemoryTransport()
    chaos = ChaosTransport(inner, seed=seed, rates=rates)
    batch = [email(number) for number in range(1, size + 1)]
    return [outcome for _ in range(tries) for outcome in asyncio.run(chaos.send(batch))], inner


def test_the_same_seed_has_the_same_fates_and_another_has_others() -> None:
    first, again, other = fates(MIXED)[0], fates(MIXED)[0], fates(MIXED, "1")[0]
    assert first == again
    assert first != other


def test_a_fate_does_not_depend_on_who_else_is_in_the_batch() -> None:
    chaos = ChaosTransport(MemoryTransport(), rates=MIXED)
    one_by_one = [asyncio.run(chaos.send([email(number)]))[0] for number in range(200, 0, -1)]
    assert one_by_one[::-1] == fates(MIXED)[0]


def test_another_try_is_another_chance() -> None:
    outcomes, _ = fates(Rates(refused=0.5), tries=12)
    tries = [outcomes[start : start + 200] for start in range(0, 2400, 200)]
    assert all(any(isinstance(outcome, Accepted) for outcome in of_one) for of_one in zip(*tries, strict=True))


@pytest.mark.parametrize(
    ("rates", "outcome", "arrives"),
    [
        (Rates(), Accepted, True),
        (Rates(refused=1), ConnectionFailed, False),
        (Rates(throttled=1), Throttled, False),
        (Rates(rejected=1), MessageRejected, False),
        (Rates(bad_recipient=1), RecipientRejected, False),
        (Rates(lost_answer=1), OutcomeUnknown, True),
        (Rates(lost_message=1), OutcomeUnknown, False),
    ],
    ids=str,
)
def test_each_fate_is_what_it_says(rates: Rates, outcome: type[Outcome], arrives: bool) -> None:
    outcomes, inner = fates(rates, size=5)
    assert [type(each) for each in outcomes] == [outcome] * 5
    assert len(inner.messages) == (5 if arrives else 0)


def test_rates_are_shares_of_all_hand_overs() -> None:
    counted = Counter(type(outcome) for outcome in fates(MIXED, size=2_000)[0])
    assert counted[Accepted] == pytest.approx(600, abs=80)
    assert counted[ConnectionFailed] == pytest.approx(400, abs=80)
    assert counted[OutcomeUnknown] == pytest.approx(400, abs=80)


def test_death_is_not_an_error_that_anyone_may_catch_and_what_went_before_it_has_gone() -> None:
    assert not issubclass(Died, Exception)
    inner = MemoryTransport()
    chaos = ChaosTransport(inner, rates=Rates(death=0.1))
    with pytest.raises(Died):
        asyncio.run(chaos.send([email(number) for number in range(1, 200)]))
    assert [message.delivery_id for message in inner.messages] == list(range(1, len(inner.messages) + 1))


@pytest.mark.parametrize(
    "given",
    [{"refused": -0.1}, {"refused": 1.1}, {"refused": 0.6, "throttled": 0.6}, {"refused": "often"}, {"refused": None}],
    ids=str,
)
def test_rates_that_are_not_shares_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        rates_of(given)


def test_rates_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(SettingsError):
        rates_of({"refused": "nan"})


def test_a_misspelt_rate_is_refused_and_the_nearest_is_named() -> None:
    with pytest.raises(SettingsError) as refused:
        rates_of({"refuse": 0.1})
    assert "`refused`" in refused.value.fix


def test_it_is_set_up_from_options_around_the_transport_they_name() -> None:
    inner = MemoryTransport()
    built = ChaosTransport.configure(
        Setup("chaos", {"inner": "memory", "seed": 7, "refused": 1}, build={"memory": inner}.__getitem__)
    )
    assert built.inner is inner
    assert built.name == "chaos+memory"
    assert isinstance(asyncio.run(built.send([email(1)]))[0], ConnectionFailed)
    with pytest.raises(SettingsError):
        ChaosTransport.configure(Setup("chaos", {"stall": "long"}, build={"outbox": inner}.__getitem__))


def test_every_rate_has_a_fate() -> None:
    for name in RATE_NAMES:
        try:
            outcomes, _ = fates(rates_of({name: 1}), size=1)
        except Died:
            assert name == "death"
        else:
            assert not isinstance(outcomes[0], Accepted)
