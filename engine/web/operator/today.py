"""`/operator`: what waits for somebody, what is due, what became of everything today and yesterday; the large button.

POST /operator/pause, /operator/resume   hold everything, a campaign or a transport back, and let it go on
"""

from collections import Counter
from datetime import timedelta

from engine.deliver.halting import EVERYTHING, What
from engine.errors import Refused
from engine.model.hold import HoldKind
from engine.report.operator_couples import meaning
from engine.report.operator_lists import waiting_alerts
from engine.store import tallies
from engine.store.database import Transaction
from engine.store.standing import MOST, standing
from engine.store.tallies import Tally
from engine.web.operator.ages import lasting
from engine.web.operator.board import Asked, Board, View

ALERTS_SHOWN = 5


class Today:
    """The page, and the pauses that can be made from any page."""

    def __init__(self, board: Board) -> None:
        self._board = board
        board.look_at("", self.show)
        board.act_at("/pause", self.pause)
        board.act_at("/resume", self.resume)

    def show(self, connection: Transaction, asked: Asked) -> View:
        """Every figure is from an index or a small table: see store.standing and store.tallies."""
        engine = self._board.engine
        now = engine.clock.now()
        found = standing(connection, now, timedelta(minutes=engine.settings.alerts.doubt_minutes))
        due = sum(found.due.values())
        yesterday = tallies.of_days(connection, now.date() - timedelta(days=1))
        return View(
            "today",
            {
                "alerts": waiting_alerts(connection, ALERTS_SHOWN),
                "figures": [
                    ("Due now", _many(due), ""),
                    ("Oldest has waited", lasting(timedelta(seconds=found.queue_seconds)), ""),
                    ("Being sent", _many(found.under_way), ""),
                    ("In doubt", _many(sum(found.in_doubt.values())), "/doubts"),
                    ("Not planned yet", _many(found.places_due), ""),
                ],
                "rate": f"{engine.measures.sent.per_second():.1f}" if engine.measures.ends else None,
                "next": None if found.next_wake is None else max(found.next_wake, now),
                "resting": found.open_breakers(),
                "incidents": found.incidents,
                "days": [("Today", _sums(found.today)), ("Yesterday", _sums(yesterday))],
                "reasons": _reasons(found.today, yesterday),
            },
        )

    def pause(self, asked: Asked) -> str:
        """Hold it back."""
        asked.operator.pause(_what(asked))
        return f"{_back(asked)}?done=paused"

    def resume(self, asked: Asked) -> str:
        """Let it go on."""
        asked.operator.resume(_what(asked))
        return f"{_back(asked)}?done=resumed"


def _what(asked: Asked) -> What:
    kind, name = asked.form.line("kind"), asked.form.line("name")
    if kind == HoldKind.EVERYTHING:
        return EVERYTHING
    if kind not in set(HoldKind) or not name:
        raise Refused("The form does not say what is to be paused.", fix="Go back and press the button again.")
    return What(HoldKind(kind), name)


def _back(asked: Asked) -> str:
    """Where the button was."""
    return {"campaigns": "/campaigns", "transports": "/transports"}.get(asked.form.line("from"), "")


def _many(number: int) -> str:
    return f"{MOST:,}+" if number >= MOST else f"{number:,}"


def _sums(day: Counter[Tally]) -> list[tuple[str, int]]:
    """How many ended in each way, and what was heard."""
    sums: Counter[str] = Counter()
    for (_, what, why), number in day.items():
        sums[why if what == tallies.HEARD else what] += number
    wanted = ("sent", "skipped", "failed", "in_doubt", "delivered", "bounced", "complained", "replied")
    return [(each.replace("_", " "), sums[each]) for each in wanted]


def _reasons(today: Counter[Tally], yesterday: Counter[Tally]) -> list[tuple[str, str, int, int]]:
    """Each reason why something was not sent, its sentence, and how often today and yesterday; the commonest first."""
    sums: dict[tuple[str, str], list[int]] = {}
    for place, day in enumerate((today, yesterday)):
        for (_, what, why), number in day.items():
            if what in ("skipped", "failed") and why:
                sums.setdefault((what, why), [0, 0])[place] += number
    rows = [(why, meaning(what, why), today_, before) for (what, why), (today_, before) in sums.items()]
    return sorted(rows, key=lambda row: (-row[2], -row[3], row[0]))
