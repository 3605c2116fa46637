"""Bugs of the calendar and the clock."""

from fuzz.planted.bug import bug

CASES = "deliver/cases.py"
DUE = "deliver/due.py"
CALENDAR = "plan/calendar.py"
WINDOW = "plan/window.py"
LOCAL = "plan/local.py"

CALENDAR_BUGS = (
    bug(
        "window-in-utc",
        "the window is asked in UTC",
        (
            WINDOW,
            "    wall = wall_time(moment, timezone)\n    for ahead",
            '    wall = wall_time(moment, "UTC")\n    for ahead',
        ),
        scene="hours",
    ),
    bug(
        "window-an-hour-long",
        "the window closes an hour late",
        (
            WINDOW,
            "if ahead == 0 and hours.opens <= wall.time() < hours.closes:",
            "if ahead == 0 and hours.opens <= wall.time() and (wall - timedelta(hours=1)).time() < hours.closes:",
        ),
        scene="hours",
    ),
    bug(
        "own-hours-ignored",
        "one's own hours are ignored",
        (CASES, "if facts.reach_days or facts.reach_from or facts.reach_until:", "if False:"),
        scene="hours",
    ),
    bug(
        "own-days-ignored",
        "one's own days are ignored by the calendar",
        (CALENDAR, "if not wanted:", "if True:"),
        scene="own_days",
    ),
    bug(
        "gap-backwards",
        "a time that a change skips moves backwards",
        (
            LOCAL,
            "    return instant, wall_time(instant, timezone).replace(tzinfo=None) != wall",
            "    moved = wall_time(instant, timezone).replace(tzinfo=None) != wall\n"
            "    return wall.replace(tzinfo=zone(timezone), fold=int(moved)).astimezone(UTC), moved",
        ),
        scene="gap",
    ),
    bug(
        "second-of-two",
        "of a time that comes twice the second is taken",
        (
            LOCAL,
            "    return instant, wall_time(instant, timezone).replace(tzinfo=None) != wall",
            "    later = wall.replace(tzinfo=zone(timezone), fold=1).astimezone(UTC)\n"
            "    return max(instant, later), wall_time(instant, timezone).replace(tzinfo=None) != wall",
        ),
        scene="fold",
    ),
    bug(
        "turns-swapped",
        "turns are swapped",
        (CALENDAR, "turn % 2 == position - 1", "turn % 2 != position - 1"),
        scene="reach",
    ),
    bug(
        "channel-ignored",
        "everything goes by email",
        (DUE, "channel = step.channel or Channel(place.preferred)", "channel = Channel.EMAIL"),
        scene="reach",
    ),
    bug(
        "advanced-twice",
        "a place moves on by two",
        (
            DUE,
            "following(slots, here, place.passed), None",
            "following(slots, min(here + (slot.occurrence % 5 == 0), len(slots) - 1), place.passed), None",
        ),
        scene="reach",
    ),
    bug(
        "advanced-before",
        "places move on before what is planned is committed",
        (
            DUE,
            "                places.plan(connection, batch.deliveries)\n"
            "                places.advance(connection, batch.moved)\n",
            "                places.advance(connection, batch.moved)\n",
        ),
        (
            DUE,
            "            total.places += len(found)\n",
            "            with self._database.begin(shared=True) as connection:\n"
            "                places.plan(connection, batch.deliveries)\n"
            "            total.places += len(found)\n",
        ),
        scene="commit",
    ),
    bug(
        "set-anew-one-on",
        "a place that is set anew leaves one out",
        (
            "plan/reseat.py",
            "return slots[place], frozenset(slot.key for slot in slots[place:] if slot.key not in keys)",
            "return slots[min(place + 1, len(slots) - 1)], frozenset()",
        ),
        scene="own_days",
    ),
)
