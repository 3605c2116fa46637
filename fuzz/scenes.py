"""Scenes: small lives, each with just that in it on which some planted bugs would do harm.

A life of a seed has much in it, and much is then excused by what befell it. In a scene little happens, so that little
is excused; the engine as it is breaks no rule in any of them.
"""

from collections.abc import Callable, Mapping
from datetime import date

from fuzz.script import Kind, Script
from fuzz.stage import Act, Stage, it, step

SMS = {"channel": "sms"}
HALF_A_DAY = 43_200


def waiting() -> Script:
    """Messages wait for their providers to come back; meanwhile something happens to each couple."""
    stage = Stage(couples=9)
    moment = stage.at(2, "09:10")
    acts = [
        it(stage.at(2, "08:59"), Kind.OUTAGE, None, kind="throttled", until=stage.at(2, "09:24")),
        it(moment, Kind.LEAVE, 1),
        it(moment, Kind.PAUSE, 3, until=moment + HALF_A_DAY),
        it(moment, Kind.STOP_COUPLE, 3),
        it(moment, Kind.SPLIT, 7),
        it(moment, Kind.SUPPRESS, 9, channel="email"),
        it(moment, Kind.PAUSE_COUPLE, 6, until=moment + HALF_A_DAY),
        it(moment, Kind.ERASE, 13),
        it(moment, Kind.UNSUBSCRIBE, 15),
    ]
    return stage.script(acts)


def held() -> Script:
    """The operator holds everything while a pass is at work."""
    stage = Stage(couples=6, batch=2, seed=3)
    return stage.script([it(stage.at(2, "09:00"), Kind.HOLD), it(stage.at(2, "12:00"), Kind.RELEASE)])


def reach() -> Script:
    """Some have agreed to one channel only, some share an address, and one step goes by turns."""
    stage = Stage(couples=4, steps=(step("ask", "09:00", (0, 2, 4)), step("turn", "10:00", (1, 3), 720, "alternating")))
    shared = {"email": "both@scene.example"}
    return stage.script(people={1: {**SMS, "consents": ("email",)}, 2: SMS, 3: shared, 4: shared, 5: SMS, 6: SMS})


def away() -> Script:
    """The machine is away: one day for longer than a message is worth anything, on another over two messages."""
    stage = Stage(couples=2, steps=(step("ask", "09:00", (0, 2, 4)), step("more", "10:00", (2, 4))))
    return stage.script(
        [
            it(stage.at(2, "08:00"), Kind.AWAY, None, until=stage.at(3, "12:00")),
            it(stage.at(4, "08:00"), Kind.AWAY, None, until=stage.at(4, "13:00")),
        ]
    )


def caps() -> Script:
    """More falls due than the caps of a day and of a week allow, far from Greenwich."""
    every_day = tuple(range(7))
    steps = step("early", "10:00", every_day), step("late", "18:00", every_day)
    return Stage(steps=steps, per_day=1, per_week=5, zone="America/Los_Angeles").script()


def hours() -> Script:
    """Some are written to at an hour at which they may not be reached: then it waits for one at which they may."""
    stage = Stage(
        couples=2, steps=(step("ask", None, (0, 2), 2_880),), window=("09:00", "20:00"), zone="America/Los_Angeles"
    )
    people: dict[int, dict[str, str]] = {
        1: {"send_at": "23:30"},
        2: {"send_at": "20:30"},
        3: {"send_at": "19:00"},
        4: {"send_at": "21:00", "zone": "Asia/Kolkata"},
    }
    return stage.script([it(stage.at(-1, "12:00"), Kind.CHANGE, 3, reach_until="18:00")], people)


def own_days() -> Script:
    """Somebody wants messages on two days of the week: what falls on another comes on the next of theirs, at its time.

    Another wants another time from the middle of the first week on.
    """
    stage = Stage(couples=2, steps=(step("ask", None, (0, 2, 4)),))
    return stage.script(
        [
            it(stage.at(-1, "13:00"), Kind.CHANGE, 1, reach_days="tue, thu"),
            it(stage.at(1, "12:00"), Kind.CHANGE, 3, send_at="11:00"),
        ]
    )


def gap() -> Script:
    """A message falls in the hour that Madrid skips."""
    return _night(date(2026, 3, 23))


def fold() -> Script:
    """A message falls in the hour that comes twice in Madrid."""
    return _night(date(2026, 10, 19))


def _night(start: date) -> Script:
    return Stage(steps=(step("night", "02:30", (0, 6)),), start=start, zone="Europe/Madrid").script()


def doubtful() -> Script:
    """No answer of a provider comes back; asked afterwards, it knows what it has."""
    return Stage().script(rates={"lost_answer": 1.0})


def blank() -> Script:
    """No answer of a provider comes back, and it never tells what it has."""
    return Stage().script(rates={"lost_answer": 1.0, "find_blank": 1.0})


def told_later() -> Script:
    """No answer of a provider comes back, and it cannot be asked; but it calls, and tells what has arrived."""
    return Stage().script(rates={"lost_answer": 1.0, "find_blank": 1.0, "told_unknown": 1.0})


def death() -> Script:
    """A process dies behind its intent, when the provider has taken the messages; another starts."""
    stage = Stage()
    return stage.script([it(stage.at(0, "08:59"), Kind.CRASH, None, step="taken")])


def lease() -> Script:
    """Two schedulers work, and a hand-over of the first outlasts the lease of what it has claimed besides."""
    stage = Stage(couples=4, batch=2, lease_seconds=60)
    acts: list[Act] = []
    for day in (0, 2, 4, 7):
        stalls = it(stage.at(day, "08:59"), Kind.STALL, None, seconds=200, where="before", frozen=False)
        acts += [stalls, it(stage.at(day, "09:01", 5), Kind.SECOND, None, until=stage.at(day, "09:30"))]
    return stage.script(acts)


def commit() -> Script:
    """The store fails: once as an intent is committed, then at the first, second, third and fourth commit of a pass."""
    stage = Stage()
    faults = [
        it(stage.at(day, "08:59"), Kind.STORE_FAULT, None, how="before", times=1, spare=spare)
        for spare, day in enumerate((2, 4, 7, 9))
    ]
    return stage.script([it(stage.at(0, "08:59"), Kind.STORE_FAULT, None, how="before", step="rendered"), *faults])


def stops() -> Script:
    """People end what they get, by each of the ways that there are, a day before their next message."""
    stage = Stage(couples=5)
    moment = stage.at(1, "12:00")
    acts = [
        it(moment, Kind.UNSUBSCRIBE, 1),
        it(moment, Kind.BOUNCE, 2),
        it(moment, Kind.COMPLAIN, 3),
        it(moment, Kind.STOP, 4),
        it(moment, Kind.SUPPRESS, 5, channel="sms"),
        it(moment + 3_600, Kind.START, 5),
        it(moment, Kind.STOP, 6),
        it(moment + 3_600, Kind.START, 6),
    ]
    return stage.script(acts, {4: SMS, 5: SMS, 6: SMS})


def calls_again() -> Script:
    """Some text STOP, and START the day after; then both calls come again, in another order."""
    stage = Stage(couples=3)
    acts: list[Act] = []
    for who in range(1, 7):
        acts += [it(stage.at(1, "12:00", who), Kind.STOP, who), it(stage.at(3, "12:00", who), Kind.START, who)]
    again = it(stage.at(3, "18:00"), Kind.LATE_CALLS)
    return stage.script([*acts, again], dict.fromkeys(range(1, 7), SMS))


def reaction_lost() -> Script:
    """A STOP comes in, and the store fails at the third commit: what was not told 200 is told again, word by word."""
    stage = Stage()
    moment = stage.at(1, "12:00")
    fault = it(moment - 60, Kind.STORE_FAULT, None, how="before", times=1, spare=2)
    return stage.script([fault, it(moment, Kind.STOP, 1)], {1: SMS})


def answers() -> Script:
    """Couples answer: both to share it, one to share and one not, one alone, one who leaves, one who is erased."""
    stage = Stage(couples=5)
    moment = stage.at(0, "12:00")

    def answer(who: int, share: bool = True) -> Act:
        words = f"We spoke of the {('heron', 'lantern', 'orchard', 'pebble', 'willow')[who % 5]} number {who}"
        return it(moment + 60 * who, Kind.ANSWER, who, text=words, share=share, by="page")

    given = [answer(1), answer(2), answer(3), answer(4, share=False), answer(5), answer(7), answer(9)]
    return stage.script([*given, it(moment + 7_200, Kind.LEAVE, 7), it(moment + 7_200, Kind.ERASE, 9)])


SCENES: Mapping[str, Callable[[], Script]] = {
    scene.__name__: scene
    for scene in (
        waiting,
        held,
        reach,
        away,
        caps,
        hours,
        own_days,
        gap,
        fold,
        doubtful,
        blank,
        told_later,
        death,
        lease,
        commit,
        stops,
        calls_again,
        reaction_lost,
        answers,
    )
}
