"""`rekindle diff` and `rekindle campaigns`: versions of a campaign, who is in them, and moving couples between them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from engine.console.bar import bar
from engine.console.say import as_json, console, table
from engine.console.session import session
from engine.errors import NotFound, RekindleError

SHORT = 12
"""Digits of a digest that are shown."""
SHOWN = 6
"""Activities that came or went that are named."""
group = typer.Typer(help="Campaigns, their versions, and who is in them.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Named = Annotated[str, typer.Argument(help="A campaign's id, or its file.", metavar="CAMPAIGN")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="DIGEST", help="Only this version, by the first digits of its digest."),
]


def register(app: typer.Typer) -> None:
    app.command()(diff)
    app.add_typer(group, name="campaigns")


def diff(context: typer.Context, campaign: Named, from_: From = None, json: Json = False) -> None:
    """Show what changed between the versions that couples are on and the file, and who is affected.

    Nothing is changed: `rekindle campaigns upgrade` moves couples.
    """
    engine = session(context).engine
    definition = engine.campaign(campaign)
    stored, under_way = _versions(engine, definition, from_)
    if not stored:
        if json:
            return
        console().print(f"Nobody is in {definition.id} yet: no version of it is stored to compare with.", markup=False)
        return
    # Where nobody is under way, it is still worth knowing what changed since it was last used.
    compared = under_way or stored[:1]
    told = _compared(engine, definition, compared, refs=None)
    if json:
        as_json(told)
        return
    for each in told:
        _tell(definition, each)
    if any(each["couples"] and each["changes"] for each in told):
        console().print(
            f"They stay on the version they began. `rekindle campaigns upgrade {campaign} --all` moves them.",
            markup=False,
        )


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """List campaigns: the files in the campaign folders, and the versions that couples were enrolled in."""
    from dataclasses import asdict

    from engine.define.load import campaign_files
    from engine.parts import campaign_folders
    from engine.report.versions import versions

    opened = session(context)
    files = campaign_files(campaign_folders(opened.settings))
    with opened.engine.database.read() as connection:
        stored = versions(connection)
    rows: list[dict[str, Any]] = []
    for name in sorted({*files, *(each.campaign for each in stored)}):
        digest, title, said = _file(opened.engine, name) if name in files else (None, "", "no file any more")
        its = [asdict(each) for each in stored if each.campaign == name]
        for each in its:
            each["file"] = "the file" if each["digest"] == digest else said or "the file is another version"
        if digest not in {each["digest"] for each in its} and name in files:
            its.insert(
                0, {"campaign": name, "digest": digest, "title": title, "file": said or "the file, nobody in it"}
            )
        rows += its
    if json:
        as_json(rows)
        return
    statuses = ("active", "paused", "completed", "stopped")
    table(
        "Campaigns, in couples",
        ("campaign", "version", "title", *statuses, ""),
        (
            (
                row["campaign"],
                (row["digest"] or "")[:SHORT],
                row["title"],
                *(row.get(status, 0) for status in statuses),
                row["file"],
            )
            for row in rows
        ),
        empty="There is no campaign. `rekindle init` makes a folder for them; four are shipped.",
    )


@group.command()
def show(context: typer.Context, campaign: Named, json: Json = False) -> None:
    """Show a campaign: its steps as the file has them, and its stored versions."""
    from dataclasses import asdict

    from engine.define.wording import plainly
    from engine.report.versions import versions

    engine = session(context).engine
    definition = engine.campaign(campaign)
    with engine.database.read() as connection:
        stored = versions(connection, definition.id)
    steps = [
        {
            "step": step.key,
            "weeks": plainly(step.weeks, "weeks"),
            "days": f"every {step.every_days} days" if step.every_days else plainly(step.days, "days"),
            "at": plainly(step.at, "at"),
            "to": step.audience.value,
            "channel": plainly(step.channel, "channel"),
            "template": step.template,
            "gives": step.activity or ("a draw" if step.draw else step.purpose.value),
            "when": step.when,
        }
        for step in definition.steps
    ]
    if json:
        about = {"campaign": definition.id, "digest": definition.digest, "title": definition.title}
        found = [{**asdict(each), "stored_at": each.stored_at.isoformat()} for each in stored]
        as_json([{**about, "weeks": definition.weeks, "steps": steps, "versions": found}])
        return
    table(
        f"{definition.id}: {definition.title}, {definition.weeks} weeks (version {definition.digest[:SHORT]})",
        ("step", "weeks", "days", "at", "to", "channel", "template", "gives", "when"),
        (list(step.values()) for step in steps),
        empty="It has no steps.",
    )
    table(
        "Versions that couples were enrolled in",
        ("version", "since", "active", "paused", "completed", "stopped", ""),
        (
            (
                each.digest[:SHORT],
                f"{each.stored_at:%Y-%m-%d}",
                each.active,
                each.paused,
                each.completed,
                each.stopped,
                "the file" if each.digest == definition.digest else "",
            )
            for each in stored
        ),
        empty=f"Nobody was. `rekindle enroll {campaign} --all --start DATE` begins it.",
    )


@group.command()
def upgrade(
    context: typer.Context,
    campaign: Named,
    from_: From = None,
    couple: Annotated[list[str] | None, typer.Option(help="Only this couple; may be given again.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every couple that is under way.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    json: Json = False,
) -> None:
    """Move couples in the middle of a campaign to the file's version.

    What they had stays and never comes again. What is still to come follows the new version; what by that should have
    come already is left out.
    """
    from engine.store.audit import COMMAND_LINE

    if bool(couple) == everyone:
        raise typer.BadParameter("Say whom: --couple NAME (again for more), or --all.")
    engine = session(context).engine
    definition = engine.campaign(campaign)
    stored, under_way = _versions(engine, definition, from_)
    if not stored:
        raise NotFound(
            f"Nobody is in {definition.id} yet: there is no version to move from.",
            f"`rekindle enroll {campaign} --all --start DATE` begins it.",
        )
    told = _compared(engine, definition, under_way, refs=couple, actor=None if dry_run else COMMAND_LINE)
    told = [each for each in told if each["couples"]]
    if json:
        as_json({**each, "dry_run": dry_run} for each in told)
        return
    for each in told:
        _tell(definition, each, done=not dry_run)
    if not told:
        console().print(
            f"Nobody to move: {'these couples are' if couple else 'every couple under way is'} on the file's version "
            f"{definition.digest[:SHORT]} already, or in none.",
            markup=False,
        )


def _file(engine: Any, name: str) -> tuple[str | None, str, str]:
    """The digest and title of a campaign's file; or what is wrong with it."""
    try:
        found = engine.campaign(name)
    except RekindleError:
        return None, "", "the file has mistakes: `rekindle check`"
    return found.digest, found.title, ""


def _versions(engine: Any, definition: Any, prefix: str | None) -> tuple[Sequence[str], Sequence[str]]:
    """The stored versions of a campaign, or the one that begins with `prefix`, and those with couples under way in
    them; the file's own is not among the latter."""
    from engine.report.versions import versions
    from engine.store import definitions, moving

    with engine.database.read() as connection:
        stored = [each.digest for each in versions(connection, definition.id)]
        under_way = [each for each in moving.versions(connection, definition.id) if each != definition.digest]
        if prefix is not None:
            chosen = definitions.find(connection, prefix, definition.id)
            return [chosen], [each for each in under_way if each == chosen]
    return stored, under_way


def _compared(
    engine: Any, definition: Any, digests: Sequence[str], refs: Sequence[str] | None, actor: str | None = None
) -> list[dict[str, Any]]:
    """Each version beside the file: what changed, and what that means for its couples; done, where somebody acts."""
    from engine.define.diff import diff as changes_of
    from engine.define.wording import headline, lines

    with _counting(engine, definition.id) as progress:
        done = engine.upgrade_couples(
            definition, digests, actor=actor or "", refs=refs, dry_run=actor is None, progress=progress
        )
    with engine.database.read() as connection:
        old = {each: engine.definitions.get(connection, each).campaign for each in digests}
    met = {each.digest: each for each in done}
    return [
        {
            "campaign": definition.id,
            "from": digest,
            "to": definition.digest,
            "couples": met[digest].couples if digest in met else 0,
            "partners": met[digest].partners if digest in met else 0,
            "messages": _messages(met[digest]) if digest in met else {},
            "changes": [
                {
                    "part": each.part.value,
                    "kind": each.kind.value,
                    "key": each.key,
                    "headline": headline(each),
                    "lines": list(lines(each)),
                }
                for each in changes_of(old[digest], definition)
            ],
        }
        for digest in digests
    ]


def _messages(met: Any) -> dict[str, int]:
    return {name: getattr(met, name) for name in ("to_come", "added", "changed", "same", "removed", "under_way")}


def _tell(definition: Any, told: dict[str, Any], *, done: bool = False) -> None:
    out = console()
    out.print(f"{definition.id}: from {told['from'][:SHORT]} to the file's {told['to'][:SHORT]}", markup=False)
    if not told["changes"]:
        out.print("  No difference that anyone could notice.", markup=False)
    for line in _lines(told["changes"]):
        out.print(f"  {line}", markup=False)
    if not told["couples"]:
        out.print("  Nobody is under way in it.\n", markup=False)
        return
    messages, verb = told["messages"], "moved" if done else "under way in it"
    out.print(f"  {_n(told['couples'], 'couple')}, {_n(told['partners'], 'partner')} {verb}.", markup=False)
    out.print(
        f"  {'Now to come' if done else 'To come in the new version'}: {_n(messages['to_come'], 'message')}, of which "
        f"{messages['added']} added, {messages['changed']} changed, {messages['same']} as before; "
        f"{messages['removed']} come no more.",
        markup=False,
    )
    if messages["under_way"]:
        out.print(
            f"  {_n(messages['under_way'], 'message')} on the way or in doubt this moment: they stay as they were.",
            markup=False,
        )
    out.print("")


def _lines(changes: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Every change, a line or more; activities that came or went a kind a line, because a new theme brings dozens."""
    came_or_went: dict[str, list[str]] = {}
    for change in changes:
        if change["part"] == "activity" and not change["lines"]:
            came_or_went.setdefault(change["headline"][0], []).append(change["key"])
            continue
        yield change["headline"]
        yield from (f"    {line}" for line in change["lines"])
    for mark, keys in came_or_went.items():
        more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
        can = "can be drawn now" if mark == "+" else "can no longer be drawn"
        yield f"{mark} {_n(len(keys), 'activity', 'activities')} {can}: {', '.join(keys[:SHOWN])}{more}"


def _n(number: int, noun: str, many: str = "") -> str:
    return f"{number} {noun if number == 1 else many or f'{noun}s'}"


@contextmanager
def _counting(engine: Any, campaign: str) -> Iterator[Any]:
    """Something to tell how many couples a batch had."""
    from engine.report.versions import versions

    with engine.database.read() as connection:
        total = sum(each.active + each.paused for each in versions(connection, campaign))
    seen = 0
    with bar(f"Looking at couples in {campaign}") as progress:

        def count(couples: int) -> None:
            nonlocal seen
            seen += couples
            if progress is not None:
                progress(seen, max(total, seen))

        yield count
