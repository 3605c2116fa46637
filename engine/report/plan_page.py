"""The plan as one page that needs nothing beside it: no script, no network, its style and pictures inside."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from engine.render.sandbox import environment
from engine.report.plan_heat import by_day, by_weekday, by_zone, picture, weekly
from engine.shipped import shipped

ROWS = 40  # of a table whose length the couples or the steps decide


def page(plan: Mapping[str, Any]) -> str:
    """The plan (see `plan_entry`, `plan_compare`, `plan_delays`) as HTML."""
    folder = shipped("templates") / "report"
    sandbox = environment([folder], html=True)
    style = (folder / "plan.css").read_text(encoding="utf-8")
    run = plan["run"]
    shown = {
        "run": run,
        "faults": plan.get("faults"),
        "against": plan.get("against"),
        "style": Markup(style),  # noqa: S704 - our own file
        "digest": b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        "most_rows": ROWS,
        **{each.__name__: each for each in (number, signed, money, percent, minutes, moment, names)},
        "weeks": [
            (week, list(channels)) for week, channels in groupby(run["cost"]["weeks"], key=lambda each: each["week"])
        ],
        "pictures": {
            "week": picture(weekly(run)),
            "utc": picture(by_weekday(run, "utc", "Messages by weekday and hour, UTC"), every=2),
            "local": picture(by_weekday(run, "local", "Messages by weekday and hour, where people are"), every=2),
            "zones": picture(by_zone(run), every=2),
            "utc_days": picture(by_day(run, "utc", "Messages by day and hour, UTC"), every=2),
            "local_days": picture(by_day(run, "local", "Messages by day and hour, where people are"), every=2),
        },
        "clocks": _alike(run["clocks"]),
    }
    return sandbox.rendered(sandbox.compiled("plan.html"), shown)


def _alike(clocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Zones that change alike on one day, as one row."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for each in clocks:
        row = found.setdefault(
            (each["on"], each["minutes"]), {"on": each["on"], "minutes": each["minutes"], "zones": [], "sound": True}
        )
        row["zones"].append(each["timezone"])
        row["sound"] = row["sound"] and each["sound"]
        for name in ("people", "deliveries", "kept", "moved", "off", "twice", "none", "late"):
            row[name] = row.get(name, 0) + each[name]
    return list(found.values())


def number(value: float | None) -> str:
    """With thousands apart; nothing for what is not known."""
    return "" if value is None else f"{value:,g}" if isinstance(value, float) else f"{value:,}"


def signed(value: float | None) -> str:
    """A difference; nothing where there is none."""
    return f"{value:+,g}" if value else ""


def money(value: float | None) -> str:
    """In whole units and hundredths."""
    return "" if value is None else f"{value:,.2f}"


def percent(share: float) -> str:
    """A share of one."""
    return f"{100 * share:.1f} %"


def minutes(value: float) -> str:
    """A delay; in hours where that reads better."""
    return f"{value:g} minutes" if value < 120 else f"{value / 60:.1f} hours"


def moment(value: str) -> str:
    """An instant or a wall time, to the minute; with a Z where it is UTC's."""
    return f"{value[:10]} {value[11:16]}{' Z' if value.endswith('Z') else ''}"


def names(these: Sequence[str]) -> str:
    """One after the other."""
    return ", ".join(these)
