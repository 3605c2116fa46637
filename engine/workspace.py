"""Makes a workspace: a folder with settings, keys, a database and room for an operator's own campaigns."""

from pathlib import Path

from engine.errors import Refused
from engine.settings import FILE, load
from engine.store import couples
from engine.store.database import Database, open_database
from engine.store.migrate import upgrade
from engine.store.vault import Vault
from engine.store.version import is_current

SETTINGS = """\
# Settings of this Rekindle workspace. Every one can also be set as REKINDLE_NAME, or REKINDLE_TABLE__NAME.

public_url = "https://rekindle.example"     # where couples reach your pages; links in messages begin with it

[sender]
name = "Rekindle"
email = "hello@rekindle.example"
postal_address = "Rekindle, 1 Example Street, Exampletown"  # the law wants one in every email
sms_name = "Rekindle"

[channels]
email = "outbox"                            # outbox writes real .eml and .txt files to a folder and sends nothing
sms = "outbox"

[transports.outbox]
folder = "outbox"

# To go live, name a provider above and describe it here; `rekindle transports check` tells what is still wrong.
# Secrets stand best in the environment, such as REKINDLE_TRANSPORTS__SMTP__PASSWORD.
#
# [transports.smtp]
# host = "smtp.example.org"
# username = "nudges"
#
# [transports.sendgrid]
# webhook_key = "MFkw…"                     # verifies events; the API key is REKINDLE_TRANSPORTS__SENDGRID__API_KEY
#
# [transports.twilio]
# account_sid = "AC…"                       # the token is REKINDLE_TRANSPORTS__TWILIO__AUTH_TOKEN
# sender = "+15550100"                      # or a messaging service, MG…
"""


def make(folder: Path) -> list[Path | str]:
    """Make what is missing of a workspace in `folder`; the paths made. What is there already is left alone.

    Refused when the keys are gone but couples sealed with them are not: new keys would open none of their addresses.
    """
    made: list[Path | str] = []
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / FILE).exists():
        (folder / FILE).write_text(SETTINGS, encoding="utf-8")
        made.append(folder / FILE)
    settings = load(folder)
    key_file = settings.path(settings.key_file)
    database = open_database(settings.resolved_database_url)
    if settings.key is None and not key_file.exists():
        _refuse_to_replace_lost_keys(database, key_file)
        Vault.write_key_file(key_file)
        made.append(key_file)
    for own in (*settings.campaigns, *settings.templates):
        if not settings.path(own).exists():
            settings.path(own).mkdir(parents=True)
            made.append(settings.path(own))
    if not is_current(database):
        upgrade(database)
        made.append(database.path or database.where)
    database.close()
    return made


def _refuse_to_replace_lost_keys(database: Database, key_file: Path) -> None:
    if database.path is None or not database.path.exists() or not is_current(database):
        return
    with database.read() as connection:
        sealed = couples.count(connection).partners
    if sealed:
        raise Refused(
            f"The key file {key_file} is gone, and {sealed} partners in the database are sealed with its keys.",
            fix="Restore it from its copy. To begin anew without them, move the database away first.",
        )
