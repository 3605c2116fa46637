"""What is forgotten because it is old: by class of data, in small batches, while everything else goes on.

Never forgotten: what steers or proves something. A delivery of a campaign that still runs keeps its occurrence from
being sent again; an event that stopped an address says why it is stopped; consents, suppressions and assignments stay,
and so do answers of a campaign that still runs. Notices stay, since each is said once. What is forgotten of the audit
leaves a mark in its place (store.chain).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    select,
)

from engine.model.event import EventType
from engine.model.notice import NOTICES
from engine.sections import RetentionSettings
from engine.store import chain
from engine.store.couples_schema import answers
from engine.store.database import Database
from engine.store.portable import up_to
from engine.store.rowset import rows, rowset
from engine.store.schema import attempts, deliveries, enrollments, events, replies
from engine.store.types import Instant

PAGE = 1_000
"""Rows that one transaction looks at; of enrollments a tenth, as each has many deliveries."""
AN_HOUR = 100_000
"""Rows that the hourly round looks at, of each class: it takes a few seconds at most, and goes on in the next."""

_after = bindparam("after", type_=BigInteger)
_before = bindparam("before", type_=Instant)
_ids = rowset("ids", id=Integer)
_PROOF = [EventType.REPLIED.value, EventType.UNSUBSCRIBED.value, EventType.COMPLAINED.value]

# Each page has an id, whether its row is young still, and whether it may go.
_events = (
    select(
        events.c.id,
        (events.c.received_at >= _before).label("young"),
        and_(events.c.suppress.is_(None), events.c.type.not_in(_PROOF)).label("may_go"),
    )
    .where(events.c.id > _after)
    .order_by(events.c.id)
    .limit(up_to())
)
_attempts = (
    select(attempts.c.id, (attempts.c.at >= _before).label("young"), literal_column("1 = 1").label("may_go"))
    .where(attempts.c.id > _after)
    .order_by(attempts.c.id)
    .limit(up_to())
)
_newest = (
    select(func.max(deliveries.c.send_at, type_=Instant))
    .where(deliveries.c.enrollment_id == enrollments.c.id)
    .correlate(enrollments)
    .scalar_subquery()
)
_unsettled = (
    select(1)
    .where(
        deliveries.c.enrollment_id == enrollments.c.id,
        deliveries.c.status.in_(["planned", "claimed", "sending", "in_doubt"]),
    )
    .correlate(enrollments)
    .exists()
)


def _ended(older: ColumnElement[bool]) -> Select[Any]:
    """Campaigns of couples that are over, and have been so long enough as `older` says."""
    over = enrollments.c.status.in_(["completed", "stopped"]) & (enrollments.c.campaign != NOTICES)
    young = (enrollments.c.created_at >= _before).label("young")
    page = select(enrollments.c.id, young, and_(over, older, ~_unsettled).label("may_go"))
    return page.where(enrollments.c.id > _after).order_by(enrollments.c.id).limit(up_to())


_replies = (
    select(replies.c.id, (replies.c.at >= _before).label("young"), literal_column("1 = 1").label("may_go"))
    .where(replies.c.id > _after)
    .order_by(replies.c.id)
    .limit(up_to())
)


class Class:
    """One class of data: its pages, and how what may go is deleted or (for a dry run) counted."""

    def __init__(self, page: Select[Any], column: Any, size: int) -> None:
        self.page = page
        self.size = size
        self._delete = delete(column.table).where(column.in_(select(_ids.c.id)))
        self._count = select(func.count()).select_from(column.table).where(column.in_(select(_ids.c.id)))

    def drop(self, connection: Connection, ids: Sequence[int]) -> int:
        return connection.execute(self._delete, {"ids": rows([each] for each in ids)}).rowcount

    def count(self, connection: Connection, ids: Sequence[int]) -> int:
        found: int = connection.execute(self._count, {"ids": rows([each] for each in ids)}).scalar_one()
        return found


_CLASSES: dict[str, Class] = {
    # Answers first: when their deliveries are gone, nothing says any more when a campaign was over.
    "answers": Class(
        _ended(func.coalesce(_newest, enrollments.c.created_at) < _before), answers.c.enrollment_id, PAGE // 10
    ),
    "replies": Class(_replies, replies.c.id, PAGE),
    "deliveries": Class(_ended(func.coalesce(_newest < _before, False)), deliveries.c.enrollment_id, PAGE // 10),
    "events": Class(_events, events.c.id, PAGE),
    "attempts": Class(_attempts, attempts.c.id, PAGE),
}


class Forgetting:
    """Goes through each class in turn, and begins anew when it has come to what is young."""

    def __init__(self, database: Database, kept: RetentionSettings) -> None:
        self._database = database
        self._days = {name: getattr(kept, f"{name}_days") for name in _CLASSES}
        self._audit_days: int = kept.audit_days
        self._stands: dict[str, int] = {}

    def forget(
        self,
        now: datetime,
        most: int = AN_HOUR,
        *,
        dry_run: bool = False,
        progress: Callable[[int], None] = lambda rows: None,
    ) -> Counter[str]:
        """Forget what is older than is kept, of the next `most` rows of each class; how many rows of each it was.

        With a delivery goes all that hangs on it: what was heard of it, its attempts, replies to it, feedback.
        """
        done: Counter[str] = Counter()
        for name, days in self._days.items():
            looked = 0
            while days and looked < most:
                page = self._turn(name, now - timedelta(days=days), done, dry_run=dry_run)
                looked += page
                progress(page)
                if not page:
                    break
        if self._audit_days:
            done += self._acts(now - timedelta(days=self._audit_days), most, dry_run=dry_run)
        return done

    def _acts(self, before: datetime, most: int, *, dry_run: bool) -> Counter[str]:
        """The acts of the audit; a look ahead changes nothing, but needs the key that a writer has."""
        with self._database.begin() as connection:
            number = chain.forget(connection, before, min(most, AN_HOUR), dry_run=dry_run)
        return Counter({"acts": number} if number else {})

    def _turn(self, name: str, before: datetime, done: Counter[str], *, dry_run: bool) -> int:
        """One page; how many rows it had, 0 at the end."""
        kind = _CLASSES[name]
        given = {"after": self._stands.get(name, 0), "before": before, "limit": kind.size}
        with self._database.read() as connection:
            page = connection.execute(kind.page, given).all()
            ids = [row.id for row in page if row.may_go and not row.young]
            if ids and dry_run:
                done[name] += kind.count(connection, ids)
        if ids and not dry_run:
            with self._database.begin() as connection:
                # Again, where nobody else writes: a couple may have begun anew.
                ids = [row.id for row in connection.execute(kind.page, given) if row.may_go and not row.young]
                done[name] += kind.drop(connection, ids)
            self._database.let_others_write()
        if not page or all(row.young for row in page):
            self._stands[name] = 0
            return 0
        self._stands[name] = page[-1].id
        return len(page)
