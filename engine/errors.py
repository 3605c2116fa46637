"""The engine's own errors: what went wrong in one sentence, and how to mend it.

RekindleError
├── SettingsError        rekindle.toml or REKINDLE_* is wrong
├── DefinitionError      a campaign, strategy or template is wrong (carries findings)
├── NotFound             no such couple, campaign, delivery, …
├── Refused              a rule forbids the act
└── StoreError           the database is missing, locked, newer or damaged
    ├── Away             it cannot be used at the moment, and may come back by itself
    └── Unreadable       one stored thing cannot be read; the rest of the database can
"""


class RekindleError(Exception):
    """Base of every error meant for a person: `str(error)` says what, `error.fix` says how to mend it."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.fix = fix


class SettingsError(RekindleError):
    """rekindle.toml or a REKINDLE_* variable is wrong."""


class DefinitionError(RekindleError):
    """A campaign, strategy or template cannot be used as it stands."""


class NotFound(RekindleError):
    """No such couple, campaign, enrollment or delivery."""


class Refused(RekindleError):
    """A rule of the house forbids the act."""


class StoreError(RekindleError):
    """The database is missing, locked, newer than this engine, or damaged."""


class Away(StoreError):
    """The database is busy, full, read-only or gone: who works on goes on when it comes back."""


class Unreadable(StoreError):
    """One stored thing cannot be read: trying again does not help, and whatever is not about it goes on."""
