"""`/operator/transports`: which carry what, which are left alone or paused, and how much of their limits is used."""

from engine.deliver.pacing import Allowance, pace_of
from engine.store import breakers, holds, paces
from engine.store.database import Transaction
from engine.web.operator.board import Asked, Board, View


class Transports:
    """The page; its buttons post to /operator/pause and /operator/resume."""

    def __init__(self, board: Board) -> None:
        self._engine = board.engine
        board.look_at("/transports", self.show)

    def show(self, connection: Transaction, asked: Asked) -> View:
        settings, now = self._engine.settings, self._engine.clock.now()
        failing, held = breakers.load(connection), holds.load(connection).transports
        rows = []
        for name in sorted(self._engine.transport_names | held):
            carried = [
                (channel, "stand-by" if shares[name] == 0 else "")
                for channel, shares in settings.channels
                if name in shares
            ]
            breaker = failing.get(name)
            rows.append(
                {
                    "name": name,
                    "carries": carried,
                    "paused": name in held,
                    "resting": breaker is not None and breaker.open_until > now,
                    "breaker": breaker,
                }
            )
        limits = {name: pace_of(given) for name, given in settings.pace.items()}
        allowance = Allowance(limits, paces.load(connection, limits), now)
        return View(
            "transports",
            {
                "rows": rows,
                "paces": [
                    {
                        "name": name,
                        "per_second": pace.per_second,
                        "unit": "segments" if pace.by_segment else "messages",
                        "ceiling": pace.ceiling(now.date()) if pace.per_day or pace.start else None,
                        "used": allowance.buckets[name].used,
                        "ready": allowance.ready([name]),
                    }
                    for name, pace in sorted(limits.items())
                ],
                "at": now,
            },
        )
