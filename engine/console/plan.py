"""A rehearsed campaign on the terminal: heat-maps of blocks that read without colour and in 80 columns, and tables."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.console.say import console, table
from engine.report.plan_heat import Heat, by_weekday, by_zone, weekly
from engine.report.plan_page import minutes, moment, number, percent, signed

Entry = Mapping[str, Any]
SHADES = (" ·", "░░", "▒▒", "▓▓", "██")
STYLES = ("dim", "blue", "cyan", "yellow", "bold red")
ZONES = 12  # shown


def show(plan: Entry) -> None:
    """All that there is to say of a run, and of what it is compared with."""
    say = console().print
    run = plan["run"]
    say(f"[bold]{run['sent']:,} messages[/bold] to {run['couples']:,} couples ({run['people']:,} people in", end=" ")
    say(f"{run['zones']} zones), {run['start']} to {run['end']}, {run['weeks']} weeks.\n")
    _volume(run)
    _cost(run)
    _skips(run)
    _extremes(run)
    _strategies(run)
    _clocks(run)
    if plan.get("faults"):
        _faults(plan["faults"])
    if plan.get("against"):
        _against(plan["against"])


def _volume(run: Entry) -> None:
    week = weekly(run)
    _heat(week, lambda count, level: f" {count:>5}{SHADES[level][1]}" if count else f"{'·':>6} ", head=7)
    for heat in (
        by_weekday(run, "utc", "By weekday and hour, UTC"),
        by_weekday(run, "local", "By weekday and hour, where people are"),
        by_zone(run, ZONES),
    ):
        _heat(heat, lambda _, level: SHADES[level], head=2, every=2)
    hidden = len(run["volume"]["zones"]) - ZONES
    say = console().print
    if hidden > 0:
        say(f"… and {hidden} more zones; --out and --plan-json show all.\n")
    busiest = run["volume"]["busiest_hour"]
    if busiest:
        say(f"Busiest hour: {busiest['messages']:,} messages on {busiest['day']} from {busiest['hour']:02d}:00 UTC.\n")


def _heat(heat: Heat, cell: Callable[[int, int], str], head: int, every: int = 1) -> None:
    from rich.text import Text

    if not heat.most:
        return
    say = console().print
    label = max(len(_short(label)) for label, _ in heat.rows)
    say(Text(heat.title, "bold"))
    heads = (word if n % every == 0 else "" for n, word in enumerate(heat.heads))
    say(" " * label + " " + "".join(f"{word:<{head}}" for word in heads))
    for name, counts in heat.rows:
        line = Text(f"{_short(name):<{label}} ")
        for count in counts:
            level = heat.level(count)
            line.append(cell(count, level), STYLES[level])
        line.append(f" {sum(counts):>7,}")
        say(line)
    say(f"{'':<{label}} · none, {', '.join(f'{SHADES[n][1]} to {_upto(heat, n):,}' for n in range(1, 5))}\n")


def _upto(heat: Heat, level: int) -> int:
    return heat.most * level // (len(SHADES) - 1)


def _short(label: str) -> str:
    return label.rpartition("/")[2].replace("_", " ")[:14]


def _cost(run: Entry) -> None:
    cost = run["cost"]
    priced = cost["currency"] is not None
    heads = ["week"]
    for each in cost["channels"]:
        heads += [f"{each['channel']}"] + ([f"{each['channel']} segments"] if each["channel"] != "email" else [])
    heads += [cost["currency"]] if priced else []
    by_week: dict[Any, list[Entry]] = {}
    for each in cost["weeks"]:
        by_week.setdefault(each["week"], []).append(each)
    by_week["all"] = list(cost["channels"])
    rows = []
    for week, channels in by_week.items():
        row: list[object] = [week]
        for each in channels:
            row += [f"{each['messages']:,}"] + ([f"{each['segments']:,}"] if each["channel"] != "email" else [])
        rows.append(row + ([f"{sum(each['cost'] for each in channels):,.2f}"] if priced else []))
    table("Messages, segments and cost by week", heads, rows, empty="")
    if not priced:
        console().print("No price is known: write what messages cost under \\[prices] in rekindle.toml.\n")


def _skips(run: Entry) -> None:
    table(
        "Not sent, and why",
        ("what became of it", "step", "deliveries", "such as"),
        (
            (each["reason"] or each["status"], each["step"], f"{each['deliveries']:,}", ", ".join(each["couples"]))
            for each in run["skips"]
        ),
        empty="Every message goes.\n",
    )
    table(
        "What the gates did",
        ("gate", "moved", "moved and sent", "skipped"),
        ((each["gate"], each["moved"], each["moved_and_sent"], each["skipped"]) for each in run["gates"]),
        empty="",
    )


def _extremes(run: Entry) -> None:
    table(
        "The longest silences of a couple",
        ("couple", "days", "from", "until"),
        (
            (each["couple"], each["days"], moment(each["from"]), moment(each["until"]))
            for each in run["silence"]["longest"]
        ),
        empty="",
    )
    if run["silence"]["heard_nothing"]:
        some = ", ".join(run["silence"]["heard_nothing_couples"])
        console().print(
            f"{run['silence']['heard_nothing']} couples hear nothing at all, such as {some}.\n", markup=False
        )
    table(
        "The densest weeks of a couple",
        ("couple", "messages", "week of"),
        ((each["couple"], each["messages"], each["week_of"]) for each in run["density"]["densest"]),
        empty="",
    )


def _strategies(run: Entry) -> None:
    table(
        "Strategies: their shares of what is drawn",
        ("strategy", "share", "", "least", "most"),
        (
            (
                each["strategy"],
                percent(each["share"]),
                "█" * round(20 * each["share"] / run["strategies"][0]["share"]),
                _extreme(each["least"]),
                _extreme(each["most"]),
            )
            for each in run["strategies"]
            if each["least"]
        ),
        empty="",
    )


def _extreme(found: Entry) -> str:
    return f"{percent(found['share'])} {found['couple']}"


def _clocks(run: Entry) -> None:
    """Zones that change alike on one day are one row."""
    if not run["clocks"]:
        console().print("No clock changes while it runs.\n")
        return
    alike: dict[tuple[str, int], list[Entry]] = {}
    for each in run["clocks"]:
        alike.setdefault((each["on"], each["minutes"]), []).append(each)
    table(
        "Clock changes: the messages of the days around them",
        ("day", "clocks", "zones", "people", "at their hour", "moved", "wrong", "twice", "none"),
        (
            (
                day,
                f"{minutes:+} min",
                len(zones),
                *(sum(each[name] for each in zones) for name in ("people", "kept", "moved", "off", "twice", "none")),
            )
            for (day, minutes), zones in alike.items()
        ),
        empty="",
    )
    for (day, _), zones in alike.items():
        console().print(f"{day}: {', '.join(each['timezone'] for each in zones)}", markup=False)
    wrong = [each for each in run["clocks"] if not each["sound"]]
    verdict = "Because of them, nobody gets anything twice, at a wrong hour, or misses anything."
    console().print(f"Look into: {', '.join(each['timezone'] for each in wrong)}.\n" if wrong else f"{verdict}\n")


def _faults(faults: Entry) -> None:
    say = console().print
    say("[bold]What the faults do to messages that would go without them[/bold]")
    say(
        f"{faults['late']:,} late, {faults['lost']:,} lost, {faults['in_doubt']:,} in doubt,"
        f" of {faults['would_go']:,}; {faults['deaths']:,} deaths of the process.\n"
    )
    spread = faults["late_minutes"]
    if faults["late"]:
        most = max(each["messages"] for each in spread["histogram"])
        table(
            f"Late: by {minutes(spread['median'])} in the middle, {minutes(spread['most'])} at most",
            ("up to", "messages", ""),
            (
                (each["up_to"], f"{each['messages']:,}", "█" * -(-40 * each["messages"] // most))
                for each in spread["histogram"]
            ),
            empty="",
        )
    table(
        "Lost, and why",
        ("reason", "deliveries", "such as", ""),
        (
            (each["reason"], f"{each['deliveries']:,}", ", ".join(each["couples"]), each["why"])
            for each in faults["lost_because"]
        ),
        empty="Nothing is lost.\n",
    )


def _against(against: Entry) -> None:
    before, after = (digest[:12] for digest in against["digests"])
    table(
        f"Against {before}",
        ("", before, after, "difference"),
        _differences(against["figures"]),
        empty="",
    )
    changes = ", ".join(f"{many:,} {WORDS[name]}" for name, many in against["changes"].items() if many)
    console().print(f"{against['couples_changed']:,} couples change{': ' + changes if changes else ''}.\n")
    table(
        "Couples that change most",
        ("couple", "messages", *WORDS.values()),
        ((each["couple"], each["changes"], *(each[name] for name in WORDS)) for each in against["couples"]),
        empty="",
    )


WORDS = {
    "added": "new",
    "removed": "gone",
    "hour": "another hour",
    "activity": "another activity",
    "channel": "another channel",
    "outcome": "another outcome",
}


def _differences(figures: Iterable[Entry]) -> Iterable[tuple[str, str, str, str]]:
    for each in figures:
        name = f"{each['figure']} ({each['unit']})" if each["unit"] else each["figure"]
        yield name, number(each["before"]), number(each["after"]), signed(each["difference"])
