"""`rekindle operator`: what the dashboard needs before anybody can sign in."""

import sys

import typer

from engine.console.say import console
from engine.errors import Refused

group = typer.Typer(help="Who may use the dashboard.", no_args_is_help=True)


@group.callback()
def operator() -> None:
    """Keeps `hash-password` a command of its own while it is the only one."""


@group.command("hash-password")
def hash_password() -> None:
    """Ask for a password, or read one line from standard input, and print its hash for rekindle.toml.

    Whoever reads the hash cannot read the password in it.
    """
    from engine.web.operator.password import LONGEST, SHORTEST, hashed

    asked = sys.stdin.isatty()
    if asked:
        given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if not SHORTEST <= len(given) <= LONGEST:
        raise Refused(
            f"A password of {len(given)} characters is too {'short' if len(given) < SHORTEST else 'long'}.",
            fix=f"Choose one of {SHORTEST} to {LONGEST}: a few words that nobody would guess.",
        )
    # Printed as it is: a terminal's width must not break it in two.
    typer.echo(f'[operator]\npassword_hash = "{hashed(given)}"')
    if asked:
        console().print("Put these lines into rekindle.toml, and sign in at /operator.", style="dim", markup=False)
