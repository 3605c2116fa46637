"""One look-over: every check in turn, in the order in which an operator would mend things."""

from collections.abc import Callable, Iterable

from engine.doctor.carriers import check_channels, check_transports, check_webhooks
from engine.doctor.finding import Finding, problem
from engine.doctor.house import check_aside, check_campaigns, check_database, check_keys, check_standing
from engine.doctor.machine import check_disk, check_files, check_sqlite, check_zones
from engine.doctor.names import check_names
from engine.doctor.operator import check_alerts, check_help, check_metrics, check_sender
from engine.doctor.patient import Patient
from engine.doctor.server import check_server
from engine.doctor.site import check_callers, check_site

CHECKS: tuple[Callable[[Patient], Iterable[Finding]], ...] = (
    check_database,
    check_keys,
    check_files,
    check_disk,
    check_sqlite,
    check_server,
    check_site,
    check_callers,
    check_sender,
    check_channels,
    check_transports,
    check_webhooks,
    check_names,
    check_zones,
    check_alerts,
    check_metrics,
    check_help,
    check_standing,
    check_aside,
    check_campaigns,
)
"""Every check there is."""


def look_over(patient: Patient) -> list[Finding]:
    """What every check finds. One that fails is a finding itself: the others go on."""
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found += check(patient)
        except Exception as error:
            name = check.__name__.removeprefix("check_")
            found.append(
                problem(name, f"It could not be looked at: {type(error).__name__}.", "See the other findings.")
            )
    return found
