"""All messages of a campaign, counted together: the funnel, what was skipped, what came back, opt-outs and costs.

They are counted in one go and hidden in one sheet, since one figure's cell may be another's sum.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
)

from engine.model.delivery import LATER
from engine.model.event import EventType
from engine.report.cells import Hidden, Sheet
from engine.report.leavers import acts
from engine.report.scope import Scope
from engine.report.tally import TOTAL, Tally, tally, when
from engine.store.couples_schema import answers, pulses
from engine.store.portable import position_of
from engine.store.schema import deliveries, enrollments, events, heard

SOON = timedelta(hours=48)
"""An opt-out within this of a message is put to that message, if none went in between."""

PLANNED = ("sent", "skipped", "failed", "in_doubt", "withdrawn", "to_come")
"""What became of what was planned: one of these, each."""
SENT = ("arrived", "bounced", "gave_up", "delayed", "silent")
"""What was heard of what was sent: one of these, each."""
_OF_SENT = ("sent", *SENT, "returned", "reached", "complained", "opened", "asking", "answered", "opted_out")
_ADDED = ("planned", *PLANNED, *_OF_SENT[1:])
_TIED = ("parts", "cost")
"""As good as the number of messages that went: shown with it, or not at all."""

DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "week": ("week",),
    "channel": ("channel",),
    "step": ("step",),
    "transport": ("transport",),
    "reason": ("reason",),
    "code": ("channel_of_code", "code"),
}
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((TOTAL, "week", "channel", "step"), _ADDED),
    "transport": _OF_SENT,
    "reason": ("skipped",),
    "code": ("returned",),
}
EVERYTHING: Hashable = (TOTAL, None)


@dataclass(frozen=True, slots=True)
class Messages:
    """The counts of a campaign's messages, and what of them may be shown."""

    sheet: Sheet
    tally: Tally

    def values(self, dimension: str) -> list[Any]:
        """What there is of a dimension, in order."""
        return sorted(value for name, value in self.tally if name == dimension)

    def row(self, dimension: str, value: Hashable, columns: Iterable[str]) -> dict[str, int | Hidden]:
        """What may be shown of these columns."""
        return {column: self.sheet.value((dimension, value), column) for column in columns}

    def tied(self, dimension: str, value: Hashable, column: str) -> int | None:
        """A cost or a number of parts; None where the number of messages may not be shown."""
        if not self.sheet.shows((dimension, value), "sent"):
            return None
        return self.tally[(dimension, value)][column].value if (dimension, value) in self.tally else 0


def messages(connection: Connection, scope: Scope, sheet: Sheet) -> Messages:
    """Count them, and add the counts to `sheet` with the sums that hold among them."""
    counted = tally(connection, scope, lambda whose: _rows(scope, whose), DIMENSIONS, (*_ADDED, *_TIED))
    for (dimension, value), counts in counted.items():
        row = (dimension, value)
        sheet.put(row, {column: counts[column] for column in _COLUMNS[dimension]})
        sheet.sums((row, "planned"), [(row, column) for column in PLANNED])
        sheet.sums((row, "sent"), [(row, column) for column in SENT])
        sheet.sums((row, "sent"), [(row, "reached"), (row, "returned")])
        sheet.sums((row, "returned"), [(row, "bounced"), (row, "gave_up")])
    for dimension in DIMENSIONS:
        rows = [row for row in counted if row[0] == dimension]
        for column in _COLUMNS[dimension]:
            sheet.sums((EVERYTHING, column), [(row, column) for row in rows])
    return Messages(sheet, counted)


def answered_by(partner: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the partner gave words or a number to the question that a delivery is of."""
    occurrence = deliveries.c.occurrence % LATER
    return or_(
        *(
            exists(
                select(literal(1)).where(
                    table.c.enrollment_id == deliveries.c.enrollment_id,
                    table.c.step == deliveries.c.step,
                    table.c.occurrence == occurrence,
                    table.c.partner_id == partner,
                    said.is_not(None),
                )
            )
            for table, said in ((answers, answers.c.text_cipher), (pulses, pulses.c.value))
        )
    )


def _rows(scope: Scope, whose: ColumnElement[bool]) -> Select[Any]:
    """One row a delivery."""
    status = deliveries.c.status
    sent = status == "sent"
    back = heard.c.bounced_at.is_not(None)
    ended = heard.c.failed_at.is_not(None)
    came = heard.c.delivered_at.is_not(None)
    returned = or_(back, ended)
    # A copy that was asked for later asks nothing new.
    asking = and_(sent, scope.asks, deliveries.c.occurrence < LATER)
    left = _left_after(whose).subquery("left_after")
    flags: dict[str, ColumnElement[int]] = {
        "planned": literal(1),
        "sent": when(sent),
        "skipped": when(status == "skipped"),
        "failed": when(status == "failed"),
        "in_doubt": when(status == "in_doubt"),
        "withdrawn": when(status == "cancelled"),
        "to_come": when(status.in_(["planned", "claimed", "sending"])),
        "arrived": when(and_(sent, came, ~returned)),
        "bounced": when(and_(sent, back)),
        "gave_up": when(and_(sent, ~back, ended)),
        "delayed": when(and_(sent, ~came, ~returned, heard.c.deferred_at.is_not(None))),
        "silent": when(and_(sent, ~came, ~returned, heard.c.deferred_at.is_(None))),
        "returned": when(and_(sent, returned)),
        "reached": when(and_(sent, ~returned)),
        "complained": when(and_(sent, heard.c.complained_at.is_not(None))),
        "opened": when(and_(sent, deliveries.c.channel == "email", heard.c.opened_at.is_not(None))),
        "asking": when(asking),
        "answered": case((asking, when(answered_by(deliveries.c.partner_id))), else_=0),
        "opted_out": when(left.c.delivery_id.is_not(None)),
        "parts": case((sent, func.coalesce(deliveries.c.parts, 0)), else_=0),
        "cost": case((sent, func.coalesce(deliveries.c.cost, 0)), else_=0),
    }
    came_back = and_(sent, returned)
    return (
        select(
            enrollments.c.couple_id,
            deliveries.c.week,
            deliveries.c.channel,
            deliveries.c.step,
            case((sent, func.coalesce(deliveries.c.transport, "")), else_=null()).label("transport"),
            case((status == "skipped", func.coalesce(deliveries.c.reason, "")), else_=null()).label("reason"),
            case((came_back, deliveries.c.channel), else_=null()).label("channel_of_code"),
            case((came_back, func.coalesce(_code(), "")), else_=null()).label("code"),
            *(flag.label(name) for name, flag in flags.items()),
        )
        .select_from(enrollments)
        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
        .outerjoin(heard, heard.c.delivery_id == deliveries.c.id)
        .outerjoin(left, left.c.delivery_id == deliveries.c.id)
        .where(whose)
    )


def _code() -> ColumnElement[str]:
    """The class of the latest code that a message came back with: `5.1`, of an enhanced status code (RFC 3463); for
    others the whole code.
    """
    code = events.c.code
    dotted = and_(code.like("_.%"), func.substr(code, 1, 1).in_(["2", "4", "5"]))
    after = func.substr(code, 3)
    return (
        select(
            case(
                (and_(dotted, after.like("%.%")), func.substr(code, 1, 1 + position_of(after, "."))),
                else_=code,
            )
        )
        .where(
            events.c.delivery_id == deliveries.c.id,
            events.c.type.in_([EventType.BOUNCED.value, EventType.FAILED.value]),
        )
        .order_by(events.c.at.desc(), events.c.id.desc())
        .limit(1)
        .correlate(deliveries)
        .scalar_subquery()
    )


def _left_after(whose: ColumnElement[bool]) -> Select[Any]:
    """The messages that somebody's leaving is put to: the last one before it, no longer than SOON before."""
    gone = acts(whose).subquery("acts")
    at = type_coerce(deliveries.c.sent_at, BigInteger)
    last = (
        select(deliveries.c.id)
        .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
        .where(
            deliveries.c.partner_id == gone.c.partner_id,
            deliveries.c.status == "sent",
            enrollments.c.id == gone.c.enrollment_id,
            at <= gone.c.at,
            at > gone.c.at - SOON // timedelta(milliseconds=1),
        )
        .order_by(at.desc(), deliveries.c.id.desc())
        .limit(1)
        .correlate(gone)
        .scalar_subquery()
    )
    found = select(last.label("delivery_id")).select_from(gone).subquery("found")
    return select(found.c.delivery_id).where(found.c.delivery_id.is_not(None)).distinct()


def money(micros: int) -> float:
    """Millionths of the currency as the currency."""
    return micros / 1_000_000
