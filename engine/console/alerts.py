"""`rekindle alerts`: words that may speak of danger. Their writer was told where help is, and is paused."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.console.say import as_json, console, table
from engine.console.session import MOST, session
from engine.console.words import open_words
from engine.model.danger import Danger

if TYPE_CHECKING:
    from engine.store.alerts import Alert

group = typer.Typer(help="Words that may speak of danger.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Id = Annotated[int, typer.Argument(min=1, max=MOST, help="Its id.")]


@group.command("list")
def list_(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also those that have been looked at.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most this many.")] = 1_000,
    json: Json = False,
) -> None:
    """List alerts, oldest first. No words are shown: `alerts show` opens them."""
    from engine.store.alerts import list_alerts

    engine = session(context).engine
    with engine.database.read() as connection:
        found = list_alerts(connection, every=every, limit=limit)
    if json:
        as_json(_facts(each) for each in found)
        return
    table(
        "Alerts",
        ("id", "raised (UTC)", "couple", "partner", "what it may be", "by", "seen"),
        (
            (
                each.id,
                each.at.strftime("%Y-%m-%d %H:%M"),
                each.couple,
                each.position,
                _sentence(each.kind),
                each.source,
                "" if each.seen_at is None else "yes",
            )
            for each in found
        ),
        empty="No alerts wait.",
    )


@group.command()
def show(context: typer.Context, alert: Id, json: Json = False) -> None:
    """Open one alert, with the words that raised it. They are private: tell nobody, least of all the partner."""
    from engine.operating import Operator

    found, words = Operator(session(context).engine).read_alert(alert)
    if json:
        as_json([{**_facts(found), "text": words}])
        return
    out = console()
    for name, value in _facts(found).items():
        out.print(f"{name:>10}  {'' if value is None else value}", markup=False)
    out.print(f"{'meaning':>10}  {_sentence(found.kind)}", markup=False)
    open_words(words)
    out.print(
        "They were told where help is, and get nothing more until they resume. Their partner knows nothing of it."
    )
    out.print(f"`rekindle alerts seen {alert}` takes it off the list.", markup=False)


@group.command()
def seen(context: typer.Context, alert: Id, json: Json = False) -> None:
    """Take an alert off the list: somebody has looked at it."""
    from engine.operating import Operator

    news = Operator(session(context).engine).seen_alert(alert)
    if json:
        as_json([{"id": alert, "seen": news}])
        return
    console().print(f"Alert {alert} is off the list." if news else f"Alert {alert} was off the list already.")


def _facts(alert: "Alert") -> dict[str, Any]:
    return {
        "id": alert.id,
        "couple": alert.couple,
        "partner": alert.position,
        "kind": alert.kind,
        "source": alert.source,
        "at": alert.at.isoformat(),
        "seen_at": None if alert.seen_at is None else alert.seen_at.isoformat(),
    }


def _sentence(kind: str) -> str:
    return Danger(kind).sentence if kind in set(Danger) else kind  # of a newer version
