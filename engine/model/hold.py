"""What the operator holds back: nothing of it is sent until it is resumed. Planning goes on meanwhile."""

from dataclasses import dataclass
from datetime import datetime

from engine.model.words import Described


class HoldKind(Described):
    """How much is held back."""

    EVERYTHING = "everything", "Nothing is sent at all, notices included."
    CAMPAIGN = "campaign", "Nothing of one campaign is sent, on any version of it."
    TRANSPORT = "transport", "Nothing is handed to one transport; its stand-bys take over, where it has any."


@dataclass(frozen=True, slots=True)
class Hold:
    """One thing that is held back, since an instant (aware, UTC), by whom. `name` is "" for everything."""

    kind: HoldKind
    name: str
    since: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Holds:
    """All that is held back at one instant, as the hot path asks for it."""

    everything: bool = False
    campaigns: frozenset[str] = frozenset()
    transports: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.everything or self.campaigns or self.transports)


NO_HOLDS = Holds()
