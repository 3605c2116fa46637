"""What a check finds: how bad it is, what it is, and what to do about it."""

from dataclasses import dataclass

from engine.model.words import Described


class Severity(Described):
    """How bad a finding is."""

    PROBLEM = "problem", "Something does not work, or breaks a promise, until it is mended."
    WARNING = "warning", "It works, and may not for long, or not for everybody."
    FINE = "fine", "It was looked at, and is as it should be."


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `check` is the name of what was looked at; `mend` says what to do, "" where there is nothing to."""

    check: str
    severity: Severity
    what: str
    mend: str = ""


def problem(check: str, what: str, mend: str) -> Finding:
    """Something is wrong."""
    return Finding(check, Severity.PROBLEM, what, mend)


def warning(check: str, what: str, mend: str) -> Finding:
    """Something may go wrong."""
    return Finding(check, Severity.WARNING, what, mend)


def fine(check: str, what: str) -> Finding:
    """It is well."""
    return Finding(check, Severity.FINE, what)
