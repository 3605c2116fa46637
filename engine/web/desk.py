"""What the pages of joining share: languages to choose from, what the form offers, the links they hand out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from fastapi import Request, Response

from engine.app import Engine
from engine.deliver.ahead import Ahead, next_messages
from engine.enroll.confirming import seat_for
from engine.model.campaign import SAFE_WEEK, Campaign, Caps, Channel
from engine.model.signup import Ticked
from engine.parts import sender_of, template_folders
from engine.plan.window import Window
from engine.render.consent import ConsentWords
from engine.render.links import Purpose
from engine.store import enrollments, holders, invitations, preferences, signups
from engine.store.database import Transaction
from engine.store.holders import Holder
from engine.web.person import Offer, offer
from engine.web.screen import Screen

OUTBOX = {"outbox"}


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody takes part in, or is about to: one campaign, seldom more, and none once it is over."""

    campaigns: tuple[Campaign, ...]

    @property
    def per_week(self) -> int:
        """The most messages in a week that one of them sends."""
        return max((campaign.caps.per_week for campaign in self.campaigns), default=Caps().per_week)

    @property
    def window(self) -> Window:
        """The hours in which messages go: those of the latest."""
        return self.campaigns[0].window if self.campaigns else SAFE_WEEK

    def title(self, locale: str) -> str | None:
        """What the latest is called."""
        return self.campaigns[0].title_in(locale) if self.campaigns else None


class Desk:
    """One for the whole app."""

    def __init__(self, engine: Engine, screen: Screen) -> None:
        self._engine = engine
        self._screen = screen
        self.consent = ConsentWords(template_folders(engine.settings), sender_of(engine.settings))
        self.languages: Sequence[str] = sorted(screen.languages)

    def locale(self, request: Request) -> str:
        """The language that the reader chose by a link (`?lang=es`), else the one that their browser asks for."""
        chosen = request.query_params.get("lang", "")
        return chosen if chosen in self.languages else self._screen.locale(request)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What messages can come by: WhatsApp only where a transport is set up for it."""
        whatsapp = self._engine.settings.channels.whatsapp.keys() - OUTBOX
        return tuple(channel for channel in Channel if channel is not Channel.WHATSAPP or whatsapp)

    def offer(self, part: Part, locale: str) -> Offer:
        """The form for whoever is to take part in that."""
        return offer(self.consent, self.channels, part.window, part.per_week, locale, self.languages)

    def part_of(self, connection: Transaction, couple_id: int) -> Part:
        """What a couple takes part in, latest first."""
        rows = enrollments.of_couple(connection, couple_id)
        running = [row.digest for row in rows if row.status in ("active", "paused")]
        return Part(tuple(self._engine.definitions.get(connection, digest).campaign for digest in running))

    async def wait(self, wait: timedelta, locale: str) -> Response:
        """Too much was asked for; when it may be asked again."""
        seconds = max(1, ceil(wait.total_seconds()))
        return await self._screen.problem(429, locale, {"Retry-After": str(seconds)})

    def messages(self, connection: Transaction, couple_id: int, channel: Channel, locale: str) -> Ticked:
        """The consent to messages on a channel, for a partner of a couple."""
        return self.consent.messages(channel, locale, self.part_of(connection, couple_id).per_week)

    def may_invite(self, connection: Transaction, partner_id: int) -> bool:
        """Whether a partner is alone and always was: who has lost the other must not learn it from this."""
        person = preferences.of(connection, partner_id)
        return person.calls_other is None and signups.free_seat(connection, person.couple_id) is not None

    def preferences_link(self, holder: Holder) -> str:
        """A fresh link to a partner's own page."""
        return self._link("p", Purpose.PREFERENCES, holder.partner_id, holder)

    def invitation_link(self, invitation_id: int, inviter: Holder) -> str:
        """A fresh link to share."""
        return self._link("i", Purpose.INVITE, invitation_id, inviter)

    def _link(self, page: str, purpose: Purpose, row_id: int, holder: Holder) -> str:
        links = self._engine.links
        return links.at(page, links.sign(purpose, row_id, holder.epoch, self._engine.clock.now().date()))

    def standing(self, partner_id: int) -> dict[str, Any]:
        """What a page tells a partner of where they stand: what comes next, and what they may share."""
        with self._engine.database.read() as connection:
            holder = holders.of_partner(connection, partner_id)
            if holder is None:
                return {"ahead": (), "preferences": None, "invitation": None}
            invitation = invitations.by(connection, partner_id)
            open_to = None if invitation is None or seat_for(connection, invitation) is None else invitation.id
            ahead: Sequence[Ahead] = next_messages(connection, self._engine.definitions, partner_id)
        return {
            "ahead": ahead,
            "preferences": self.preferences_link(holder),
            "invitation": None if open_to is None else self.invitation_link(open_to, holder),
        }
