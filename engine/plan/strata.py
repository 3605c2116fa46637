"""In which stratum of an experiment a couple is, by what is known of it when it enrolls."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from engine.model.experiment import CoupleFact


class Person(Protocol):
    """What is asked of a partner."""

    @property
    def channel(self) -> str:
        """The preferred one."""

    @property
    def locale(self) -> str:
        """Such as es-MX."""

    @property
    def timezone(self) -> str:
        """Such as America/Mexico_City."""


def stratum_of(facts: Sequence[CoupleFact], partners: Sequence[Person]) -> str:
    """Such as `size=2 channels=email+sms`; "" where nothing divides couples. The order of partners does not matter."""
    return " ".join(f"{fact}={_FACTS[fact](partners)}" for fact in facts)


def _each(of: Callable[[Person], str]) -> Callable[[Sequence[Person]], str]:
    return lambda partners: "+".join(sorted({of(partner) for partner in partners}))


_FACTS: Mapping[CoupleFact, Callable[[Sequence[Person]], str]] = {
    CoupleFact.SIZE: lambda partners: str(len(partners)),
    CoupleFact.CHANNELS: _each(lambda partner: partner.channel),
    CoupleFact.LANGUAGES: _each(lambda partner: partner.locale.partition("-")[0]),
    CoupleFact.REGIONS: _each(lambda partner: partner.timezone.partition("/")[0]),
}
