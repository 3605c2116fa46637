"""The campaigns that couples were ever enrolled in, by version, with how many couples stand where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from engine.model.notice import NOTICES
from engine.store.schema import definitions, enrollments


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a campaign; `couples` counts enrollments by status."""

    digest: str
    title: str
    stored_at: datetime
    couples: Mapping[str, int]

    @property
    def running(self) -> int:
        """How many couples are in it now."""
        return self.couples.get("active", 0) + self.couples.get("paused", 0)


@dataclass(frozen=True, slots=True)
class Running:
    """One campaign; its versions, the latest first."""

    campaign: str
    versions: Sequence[Version]

    @property
    def running(self) -> int:
        """How many couples are in it now."""
        return sum(each.running for each in self.versions)


_counts = (
    select(enrollments.c.digest, enrollments.c.status, func.count())
    .group_by(enrollments.c.digest, enrollments.c.status)
    .order_by(enrollments.c.digest, enrollments.c.status)
)
_versions = (
    select(definitions.c.campaign, definitions.c.digest, definitions.c.title, definitions.c.stored_at)
    .where(definitions.c.campaign != NOTICES)
    .order_by(definitions.c.campaign, definitions.c.stored_at.desc(), definitions.c.digest)
)


def campaigns(connection: Connection) -> list[Running]:
    """All of them by id; counted from an index alone."""
    couples: dict[str, dict[str, int]] = {}
    for digest, status, number in connection.execute(_counts):
        couples.setdefault(digest, {})[status] = number
    found: dict[str, list[Version]] = {}
    for campaign, digest, title, stored_at in connection.execute(_versions):
        found.setdefault(campaign, []).append(Version(digest, title, stored_at, couples.get(digest, {})))
    return [Running(campaign, versions) for campaign, versions in found.items()]
