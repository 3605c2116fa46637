"""Where people come in by themselves: sign up, confirm, invite, decline. Each act is one transaction."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from engine.define.findings import FindingsError
from engine.enroll.confirming import Beginning, Confirmed, confirm, starts_on
from engine.enroll.enrollment import enroll_one
from engine.enroll.inviting import decline_invitation, decline_notice, invite
from engine.enroll.latecomers import seat
from engine.enroll.signup import sign_up
from engine.errors import NotFound
from engine.model.campaign import Campaign
from engine.model.signup import SignUp
from engine.sections import JoinSettings
from engine.store.database import Database
from engine.store.invitations import Invitation
from engine.store.notices import Post, To
from engine.store.vault import Vault

Redraw = Callable[[Connection, int, datetime], object]
Campaigns = Callable[[], Mapping[str, Callable[[], Campaign]]]
"""The campaigns there are, by id; each is read when it is called, FindingsError when it cannot be used."""


class Reception:
    """`redraw` brings a couple's draws up to what is known of it (enroll.redraw); `seed_key` is that of enrolling."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        post: Post,
        redraw: Redraw,
        campaigns: Campaigns,
        join: JoinSettings,
        seed_key: bytes,
    ) -> None:
        self._database = database
        self._vault = vault
        self._post = post
        self._redraw = redraw
        self._campaigns = campaigns
        self._join = join
        self._seed_key = seed_key

    def open_campaigns(self) -> dict[str, Campaign]:
        """The campaigns that anybody may sign up for, by id; one whose file cannot be used is not among them."""
        if not self._join.open:
            return {}
        found = self._campaigns()
        wanted = self._join.campaigns or sorted(found)
        read = {name: self._read(name, found) for name in wanted}
        return {name: campaign for name, campaign in read.items() if campaign is not None}

    def open_campaign(self, name: str) -> Campaign | None:
        """The campaign with this id, if anybody may sign up for it."""
        if not self._join.open or (self._join.campaigns and name not in self._join.campaigns):
            return None
        return self._read(name, self._campaigns())

    def _read(self, name: str, found: Mapping[str, Callable[[], Campaign]]) -> Campaign | None:
        try:
            return found[name]() if name in found else None
        except (FindingsError, NotFound):
            return None

    def sign_up(
        self,
        signup: SignUp,
        caller: str,
        now: datetime,
        *,
        campaign: str | None = None,
        invitation_id: int | None = None,
    ) -> timedelta | None:
        """See `enroll.signup.sign_up`."""
        with self._database.begin() as connection:
            return sign_up(
                connection,
                self._vault,
                self._post,
                signup,
                caller,
                now,
                campaign=campaign,
                invitation_id=invitation_id,
            )

    def confirm(self, confirmation_id: int, now: datetime) -> Confirmed:
        """See `enroll.confirming.confirm`."""

        def begin(connection: Connection, name: str, ref: str, today: date) -> None:
            campaign = self.open_campaign(name)
            if campaign is not None:
                start = starts_on(self._join.starts, today)
                enroll_one(connection, campaign, ref, start, seed_key=self._seed_key, now=now)

        def join(connection: Connection, couple_id: int) -> None:
            seat(connection, now, couple_id)
            self._redraw(connection, couple_id, now)

        beginning = Beginning(lambda name: self.open_campaign(name) is not None, begin, join)
        with self._database.begin() as connection:
            return confirm(connection, confirmation_id, beginning, now)

    def invite(self, inviter: int, to: To, caller: str, now: datetime) -> timedelta | None:
        """See `enroll.inviting.invite`."""
        with self._database.begin() as connection:
            return invite(connection, self._vault, self._post, inviter, to, caller, now)

    def decline_invitation(self, invitation: Invitation, source: str, now: datetime) -> None:
        """See `enroll.inviting.decline_invitation`."""
        with self._database.begin() as connection:
            decline_invitation(connection, invitation, source, now)

    def decline_notice(self, delivery_id: int, source: str, now: datetime) -> bool:
        """See `enroll.inviting.decline_notice`."""
        with self._database.begin() as connection:
            return decline_notice(connection, delivery_id, source, now)
