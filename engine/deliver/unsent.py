"""Messages that did not go, as they would have read: those of a step's other arms, and those that were held back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from engine.deliver.definitions import Definition, Definitions
from engine.deliver.messages import Letters
from engine.deliver.outright import seen_by_condition
from engine.errors import RekindleError
from engine.model.campaign import Step
from engine.model.delivery import DeliveryStatus, FailReason
from engine.model.notice import NOTICES
from engine.plan.draw import given_by
from engine.plan.slot import Slot
from engine.store.context import context
from engine.store.facts import OTHER_NAME, Facts, joined
from engine.store.schema import deliveries, enrollments, partners
from engine.transport.base import Message

_found = (
    select(
        deliveries.c.id,
        deliveries.c.status,
        deliveries.c.reason,
        deliveries.c.step,
        deliveries.c.occurrence,
        deliveries.c.week,
        deliveries.c.variant,
        deliveries.c.send_at,
        enrollments.c.draws,
        partners.c.position,
        partners.c.locale,
        partners.c.timezone,
        partners.c.channel.label("preferred"),
        partners.c.send_at.label("own_time"),
        partners.c.causes,
        partners.c.touch,
        OTHER_NAME,
    )
    .select_from(joined(deliveries))
    .where(enrollments.c.campaign != NOTICES)
    .order_by(deliveries.c.id)
)


@dataclass(frozen=True, slots=True)
class Unsent:
    """What a delivery would have said as `arm` of its step's experiment; `arm` is None for what it is itself.

    Without a message, `wrong` says why it cannot be written, or, of itself, why its condition cannot be worked out; it
    is empty where there is nobody to write to, or nothing to say.
    """

    delivery_id: int
    step: Step
    arm: str | None
    message: Message | None
    wrong: str = ""


def unsent(connection: Connection, definitions: Definitions, letters: Letters) -> Iterator[Unsent]:
    """Every message that was not handed over, and every one of the arms that a couple was not given."""
    rows = connection.execute(_found).all()
    contexts = {each.id: each for each in context(connection, [row.id for row in rows])}
    for row in rows:
        its = contexts[row.id]
        definition = definitions.get(connection, its.digest)
        step = definition.steps[row.step][1]

        if row.status != DeliveryStatus.SENT:
            own = _written(letters, definition, its, row.send_at)
            yield _explained(Unsent(row.id, step, None, *own), row, definition)
        for arm in step.variants:
            if arm.name != row.variant:
                activity = given_by(step, row.occurrence, row.position, arm.name, row.draws)
                as_arm = its._replace(variant=arm.name, activity=activity)
                yield Unsent(row.id, step, arm.name, *_written(letters, definition, as_arm, row.send_at))


def _written(letters: Letters, definition: Definition, its: Facts, now: datetime) -> tuple[Message | None, str]:
    """The message and what is wrong with it; neither where there is nobody to write to, or nothing to say."""
    _, step = definition.steps[its.step]
    if its.address_cipher is None or (step.draw is not None and its.activity is None):
        return None, ""
    found, wrong = letters.write([its], {its.digest: definition}, now)
    return (found[0].message, "") if found else (None, wrong[0][2])


def _explained(own: Unsent, row: Row[*tuple[Any, ...]], definition: Definition) -> Unsent:
    """`own`, with what is wrong in its condition when that is what held it back."""
    if own.wrong or row.reason != FailReason.POISON or row.step not in definition.conditions:
        return own
    order, step = definition.steps[row.step]
    slot = Slot(row.occurrence, row.own_time, order, row.week, step)
    try:
        definition.conditions[row.step](seen_by_condition(row, slot))
    except RekindleError as error:
        return Unsent(own.delivery_id, step, None, own.message, f"`when: {step.when}`: {error}")
    return own
