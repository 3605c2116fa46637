"""Links of a rehearsal: as long as real ones, so that texts have their real segments, and signed once, not for each."""

from datetime import date

from engine.model.campaign import Channel
from engine.render.links import Links, Purpose


class UnfollowedLinks(Links):
    """The same token for everybody: nobody gets what a rehearsal writes."""

    def __init__(self, public_url: str) -> None:
        super().__init__(public_url, bytes(32))
        self._token = super().token(Purpose.UNSUBSCRIBE, 0, Channel.EMAIL)
        self._pass = super().sign(Purpose.MESSAGE, 0, 0, date(2026, 1, 1))

    def token(self, purpose: Purpose, partner_id: int, channel: Channel) -> str:
        """As long as any."""
        return self._token

    def sign(self, purpose: Purpose, row_id: int, epoch: int, on: date) -> str:
        """As long as any."""
        return self._pass
