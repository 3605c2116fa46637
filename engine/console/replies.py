"""`rekindle replies`: what people wrote that belongs to no question, may be a STOP, or may speak of danger.

Answers are not here: they are nobody's to read.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.console.say import as_json, console, table
from engine.console.session import MOST, session
from engine.console.words import open_words
from engine.model.reply import ReadAs

if TYPE_CHECKING:
    from engine.store.replies import Kept

group = typer.Typer(help="What people wrote back that somebody should look at.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Id = Annotated[int, typer.Argument(min=1, max=MOST, help="Its id.")]


@group.command("list")
def list_(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also those that have been looked at.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST - 1, help="At most this many.")] = 100,
    after: Annotated[int, typer.Option(min=0, max=MOST, help="Only those with a higher id, for the next page.")] = 0,
    json: Json = False,
) -> None:
    """List replies to look at, oldest first. Their words are sealed: `replies show` opens one."""
    from engine.store.replies import list_kept

    engine = session(context).engine
    with engine.database.read() as connection:
        found = list_kept(connection, every=every, after=after, limit=limit + 1)
    more, found = len(found) > limit, found[:limit]
    if json:
        as_json(_facts(each) for each in found)
        return
    table(
        "Replies",
        ("id", "written (UTC)", "couple", "partner", "channel", "what it is", "pictures", "seen"),
        (
            (
                each.id,
                each.at.strftime("%Y-%m-%d %H:%M"),
                each.couple or "nobody's number",
                each.position,
                each.channel,
                _why(each),
                each.media or "",
                "" if each.seen_at is None else "yes",
            )
            for each in found
        ),
        empty="No replies to look at.",
    )
    if more:
        console().print(f"There are more: --after {found[-1].id}")


@group.command()
def show(context: typer.Context, reply: Id, json: Json = False) -> None:
    """Open one reply. Its words are private: read them only if somebody has to."""
    from engine.operating import Operator

    found, words = Operator(session(context).engine).read_reply(reply)
    if json:
        as_json([{**_facts(found), "text": words}])
        return
    out = console()
    for name, value in _facts(found).items():
        out.print(f"{name:>10}  {'' if value is None else value}", markup=False)
    out.print(f"{'meaning':>10}  {_why(found)}", markup=False)
    open_words(words)
    out.print(f"`rekindle replies seen {reply}` takes it off the list.", markup=False)


@group.command()
def seen(context: typer.Context, reply: Id, json: Json = False) -> None:
    """Take a reply off the list: somebody has looked at it."""
    from engine.operating import Operator

    news = Operator(session(context).engine).seen_reply(reply)
    if json:
        as_json([{"id": reply, "seen": news}])
        return
    console().print(f"Reply {reply} is off the list." if news else f"Reply {reply} was off the list already.")


def _facts(kept: "Kept") -> dict[str, Any]:
    return {
        "id": kept.id,
        "couple": kept.couple,
        "partner": kept.position,
        "channel": kept.channel,
        "at": kept.at.isoformat(),
        "read_as": kept.read_as,
        "flagged": kept.flagged,
        "media": kept.media,
        "seen_at": None if kept.seen_at is None else kept.seen_at.isoformat(),
    }


def _why(kept: "Kept") -> str:
    if kept.flagged:
        return "It may have been meant to end the messages."
    return ReadAs(kept.read_as).sentence if kept.read_as in set(ReadAs) else kept.read_as  # of a newer version
