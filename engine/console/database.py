"""`rekindle db`: the database as a whole."""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.console.say import console
from engine.console.session import MOST, session

group = typer.Typer(help="The database.", no_args_is_help=True)
NEWEST = 1_000
STAMP = "%Y-%m-%dT%H%M%SZ"


@group.command()
def upgrade(context: typer.Context) -> None:
    """Bring the database up to this version."""
    from engine.store.migrate import upgrade as migrate

    before, after = migrate(_opened(context))
    console().print("The database is up to date." if before == after else f"From {before or 'nothing'} to {after}.")


@group.command()
def backup(
    context: typer.Context,
    to: Annotated[
        Path | None, typer.Argument(help="The new file. Default: backups/, named by the time.", metavar="FILE")
    ] = None,
) -> None:
    """Copy the database while it is in use, and restore the copy for a trial before it is believed.

    On a server by its own pg_dump. The keys are not in it: keep a copy of the key file too, somewhere else.
    """
    from engine.clock import SystemClock

    settings, database, now = session(context).settings, _opened(context), SystemClock().now()
    if to is None:
        ending = "dump" if database.server else "sqlite3"
        to = settings.path(Path("backups")) / f"rekindle-{now:{STAMP}}.{ending}"
        to.parent.mkdir(mode=0o700, exist_ok=True)
    if database.server:
        from engine.store import dumping

        proof = dumping.dump(database, to)
    else:
        from engine.store.backup import back_up

        proof = back_up(database, to, now)
    out = console()
    out.print(f"Copied to {to}; a trial restore gave {proof.rows} rows in {proof.tables} tables.", markup=False)
    if settings.key is None:
        console().print(f"It is worth nothing without {settings.path(settings.key_file)}: keep that elsewhere too.")


@group.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `rekindle db backup` made.", metavar="FILE")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look whether the backup is whole.")] = False,
) -> None:
    """Put a backup in the database's place. What is there now is moved aside, and nothing is sent until you say so.

    Stop every `rekindle run` and `rekindle web` first. `rekindle db restored` then shows what would go out.
    """
    from engine.clock import SystemClock
    from engine.model.act import Act
    from engine.run.ticker import only_one
    from engine.store import audit
    from engine.store.backup import restore as put_back

    database, now = _opened(context), SystemClock().now()
    with only_one(database.path):
        done = put_back(database, file, now, dry_run=dry_run)
    out = console()
    if dry_run:
        out.print(f"{file} is whole, of version {done.version}; nothing was changed.", markup=False)
        return
    with (restored := _keyed(context)).begin() as connection:
        audit.record(connection, now, audit.COMMAND_LINE, Act.RESTORE, f"version {done.version}")
    restored.close()
    out.print(f"{file} is in place; what was there is {done.aside}.", markup=False)
    out.print("\nNothing is sent until you have looked at what would go out:")
    out.print("  rekindle db restored")


@group.command()
def check(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Open every sealed value, and not only the newest thousand of each kind.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Look whether the database is whole: pages, indexes, rows that belong together, sealed values, and the audit."""
    from engine.console.say import as_json
    from engine.errors import StoreError
    from engine.parts import load_vault
    from engine.store.soundness import faults_of
    from engine.store.version import is_current

    database = _opened(context)
    faults = list(faults_of(database, load_vault(session(context).settings), None if everything else NEWEST))
    if json:
        as_json([{"faults": faults}])
        raise typer.Exit(1 if faults else 0)
    for fault in faults:
        console().print(f"Damaged: {fault}", markup=False)
    if faults:
        way = "as docs/go-live.md says" if database.server else "with `rekindle db restore FILE`"
        fix = f"Stop everything, then restore a backup {way}."
        raise StoreError("The database is damaged.", fix=fix)
    console().print("The database is whole." if is_current(database) else "Whole, but old: run `rekindle db upgrade`.")


@group.command()
def quarantine(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Say that the database was restored by other means, such as pg_restore: nothing is sent until you have looked.

    Before any worker is started on it. `rekindle db restored` then shows what would go out.
    """
    from engine.operating import Operator

    if not dry_run:
        Operator(session(context).engine).quarantine()
    console().print(f"Everything {'would be' if dry_run else 'is'} held. What would go out: `rekindle db restored`.")


@group.command()
def restored(
    context: typer.Context,
    confirm: Annotated[bool, typer.Option("--confirm", help="Let go what is safe, and skip what is in doubt.")] = False,
    nothing_sent_since: Annotated[
        bool,
        typer.Option("--nothing-sent-since", help="You know that nothing was sent after the backup: skip nothing."),
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="Show at most this many.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """After a restore: show what would go out now, and what of it may have been sent since the backup was made.

    Nothing is sent before it is confirmed. What is in doubt is then skipped, and never sent.
    """
    from engine.console import restored as telling

    if nothing_sent_since and not confirm:
        raise typer.BadParameter("--nothing-sent-since goes with --confirm.")
    engine = session(context).engine
    if confirm:
        telling.release(engine, nothing_sent_since=nothing_sent_since, json=json)
    else:
        telling.show(engine, limit, json=json)


@group.command()
def copy(
    context: typer.Context,
    to: Annotated[
        str | None,
        typer.Option(help="The other database, such as postgresql+psycopg://name@host/rekindle.", metavar="URL"),
    ] = None,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Call it off, as long as nobody has used the other one.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be copied, and do nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Move this workspace from its SQLite file to another database, a PostgreSQL server's.

    Nothing is taken in or sent meanwhile. Killed at any moment, it goes on where it was when it is run again. Every row
    is compared before the other database may be used; from then on this one refuses.
    """
    from engine.console.say import as_json
    from engine.run.ticker import only_one
    from engine.store import transfer
    from engine.store.database import open_database

    source, target, out = _opened(context), None if to is None else open_database(to), console()
    if take_back:
        with only_one(source.path):
            transfer.take_back(source, target)
        out.print("Taken back: this workspace goes on here, and the other one is no engine's.")
        return
    if target is None:
        raise typer.BadParameter("Say where to: --to URL.")
    with only_one(source.path):
        if dry_run:
            done = transfer.look(source, target)
        else:
            done = transfer.copy(source, target, lambda table, rows: None if json else out.print(f"{table}: {rows}"))
    if json:
        as_json([{"rows": dict(done.rows), "copied": done.copied, "dry_run": dry_run}])
        return
    rows = sum(done.rows.values())
    if dry_run:
        out.print(f"{rows} rows would be copied to {target.where}.", markup=False)
        return
    out.print(f"{rows} rows are the same in both; {done.copied} were copied just now.")
    out.print("\nThis workspace now refuses its old database. Next, in rekindle.toml:")
    out.print(f'  database_url = "{target.where}"', markup=False)


@group.command()
def forget(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much it would be.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Forget at once what is older than [retention] in rekindle.toml keeps; otherwise it goes by and by, hourly."""
    from engine.clock import SystemClock
    from engine.console.say import as_json
    from engine.model.act import Act
    from engine.store import audit
    from engine.store.retention import Forgetting

    database, now = _keyed(context), SystemClock().now()
    done = Forgetting(database, session(context).settings.retention).forget(now, MOST, dry_run=dry_run)
    if done and not dry_run:
        with database.begin() as connection:
            said = ", ".join(f"{number} {name}" for name, number in done.items())
            audit.record(connection, now, audit.COMMAND_LINE, Act.FORGET, said)
    kinds = "deliveries", "events", "attempts", "answers", "replies", "acts"
    if json:
        as_json([{**{kind: done[kind] for kind in kinds}, "dry_run": dry_run}])
        return
    *most, last = (f"{done[kind]} {kind}" for kind in kinds)
    console().print(f"{', '.join(most)} and {last} {'would go' if dry_run else 'are gone'}.")


def _opened(context: typer.Context) -> Any:
    from engine.store.database import open_database

    return open_database(session(context).settings.resolved_database_url)


def _keyed(context: typer.Context) -> Any:
    """The same, for who adds to the audit."""
    from engine.parts import load_vault
    from engine.store import chain

    database = _opened(context)
    database.audit_key = load_vault(session(context).settings).subkey(chain.PURPOSE)
    return database
