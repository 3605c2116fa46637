"""The stored definitions a process is working with, thawed once each, with all that is worth working out only once."""

from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection

from engine.define.digest import thaw
from engine.errors import NotFound, Unreadable
from engine.model.campaign import Campaign, Channel
from engine.plan.calendar import Calendars, Slot
from engine.render.recipient import MessageKey
from engine.render.sandbox import compile_expression
from engine.store import definitions
from engine.store.facts import Facts

_MEND = "Restore the database from a backup, then `rekindle aside retry`."

Condition = Callable[[Mapping[str, object]], bool]


class Definition:
    """One version of a campaign, ready to run."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.calendars = Calendars(campaign)
        self.waiting = any(step.wait for step in campaign.steps)
        self.steps = {step.key: (order, step) for order, step in enumerate(campaign.steps)}
        self.conditions: dict[str, Condition] = {
            step.key: compile_expression(step.when) for step in campaign.steps if step.when
        }

    def stands(self, place: Facts) -> tuple[tuple[Slot, ...], int]:
        """The calendar that a place follows, and where in it the place is; see `Calendars.standing`."""
        return self.calendars.standing(
            place.start,
            place.own_time,
            place.position,
            place.reach_days,
            place.left_week,
            place.next_occurrence,
            place.next_step,
        )

    def key(self, step: str, variant: str | None, activity: str | None, locale: str, channel: Channel) -> MessageKey:
        """What a message of this step is like."""
        _, its = self.steps[step]
        template = next((arm.template for arm in its.variants if arm.name == variant), None) or its.template
        return MessageKey(self.campaign.digest, step, template, activity, locale, channel)


class Definitions:
    """Definitions by digest; each is read from the store the first time it is asked for."""

    def __init__(self) -> None:
        self._known: dict[str, Definition] = {}

    def know(self, campaign: Campaign) -> None:
        """Work with a campaign that need not be stored."""
        self._known.setdefault(campaign.digest, Definition(campaign))

    def get(self, connection: Connection, digest: str) -> Definition:
        """The definition with this digest; NotFound when it was never stored, Unreadable when it is broken."""
        if digest not in self._known:
            self._known[digest] = _made(digest, definitions.body(connection, digest))
        return self._known[digest]

    def readable(self, connection: Connection, digests: Iterable[str]) -> tuple[dict[str, Definition], dict[str, str]]:
        """Those that can be worked with, and of the others why not: one campaign must not hold up the rest."""
        found: dict[str, Definition] = {}
        wrong: dict[str, str] = {}
        for digest in set(digests):
            try:
                found[digest] = self.get(connection, digest)
            except (NotFound, Unreadable) as error:
                wrong[digest] = str(error)
        return found, wrong


def _made(digest: str, body: str) -> Definition:
    try:
        campaign = thaw(body)
        made = Definition(campaign)
    except Unreadable:
        raise
    except Exception as error:  # whatever is in it, it is not what was stored
        raise Unreadable(
            f"The stored campaign {digest} cannot be worked with: {type(error).__name__}.", _MEND
        ) from error
    if campaign.digest != digest:
        raise Unreadable(f"The stored campaign {digest} was changed since it was stored.", _MEND)
    return made
