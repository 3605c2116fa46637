"""When partners ended it for themselves: by STOP, by unsubscribing, by leaving alone or together."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, func, select, type_coerce, union_all

from engine.model.suppression import SuppressReason
from engine.store.schema import couples, enrollments, events, partners, suppressions

OPT_OUTS = (SuppressReason.STOP.value, SuppressReason.UNSUBSCRIBED.value)


def acts(whose: ColumnElement[bool]) -> Select[Any]:
    """(enrollment_id, partner_id, couple_id, at): each time one of these enrollments' partners opted out.

    `at` is in milliseconds. One act may be there twice, as the event and as the suppression that followed; nothing from
    before the enrollment is. A bounce, a complaint and the operator's own acts are no opt-outs.
    """
    of_couples = [enrollments.c.id.label("enrollment_id"), partners.c.id.label("partner_id"), partners.c.couple_id]
    base = select(*of_couples).join(partners, partners.c.couple_id == enrollments.c.couple_id).where(whose)
    since = type_coerce(enrollments.c.created_at, BigInteger)

    def at(column: ColumnElement[Any]) -> ColumnElement[int]:
        return type_coerce(column, BigInteger).label("at")

    told = events.alias("told")
    parts = [
        base.add_columns(at(partners.c.left_at)).where(partners.c.left_at.is_not(None)),
        base.add_columns(at(couples.c.life_event_at))
        .join(couples, couples.c.id == partners.c.couple_id)
        .where(couples.c.life_event_at.is_not(None)),
    ]
    for index in (partners.c.email_index, partners.c.phone_index):
        parts.append(
            base.add_columns(at(suppressions.c.at))
            .join(suppressions, suppressions.c.address_index == index)
            .where(suppressions.c.reason.in_(OPT_OUTS))
        )
        # What was taken back since is in no list any more, but it happened.
        parts.append(
            base.add_columns(at(told.c.at))
            .join(told, told.c.address_index == index)
            .where(told.c.suppress.in_(OPT_OUTS))
        )
    every = union_all(*(part.add_columns(since.label("since")) for part in parts)).subquery("every")
    return select(every.c.enrollment_id, every.c.partner_id, every.c.couple_id, every.c.at).where(
        and_(every.c.at.is_not(None), every.c.at >= every.c.since)
    )


def first_acts(whose: ColumnElement[bool]) -> Select[Any]:
    """The first of each enrollment and partner."""
    each = acts(whose).subquery("each_act")
    return select(each.c.enrollment_id, each.c.partner_id, func.min(each.c.at).label("at")).group_by(
        each.c.enrollment_id, each.c.partner_id
    )
