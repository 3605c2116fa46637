"""`rekindle doctor`: what is misconfigured, and the mend."""

from dataclasses import asdict
from typing import Annotated

import typer

from engine.console.say import as_json, console
from engine.console.session import session


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody outside this machine.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Look the workspace over: what is misconfigured, and the mend.

    It changes nothing and sends nothing. Exit 1 when there is a problem.
    """
    from engine.doctor.finding import Severity
    from engine.doctor.patient import Patient
    from engine.doctor.rounds import look_over

    patient = Patient(session(context).settings, offline=offline)
    found = look_over(patient)
    patient.close()
    if json:
        as_json(asdict(each) for each in found)
    else:
        out = console()
        styles = {Severity.PROBLEM: "bold red", Severity.WARNING: "yellow", Severity.FINE: "green"}
        for each in found:
            out.print(f"{each.severity:>8}", style=styles[each.severity], end="")
            out.print(f"  {each.check}: {each.what}", markup=False)
            if each.mend:
                out.print(f"          → {each.mend}", markup=False)
        counts = {severity: sum(each.severity is severity for each in found) for severity in Severity}
        shown = (Severity.PROBLEM, Severity.WARNING)
        said = ", ".join(f"{counts[each]} {each}{'' if counts[each] == 1 else 's'}" for each in shown)
        out.print(f"{said}.")
    if any(each.severity is Severity.PROBLEM for each in found):
        raise typer.Exit(1)
