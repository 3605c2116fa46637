"""`rekindle experiment`: what chance decides in a campaign, what it has shown, how many couples it takes."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.console.say import as_json, console, table
from engine.console.session import session
from engine.errors import NotFound
from engine.model.experiment import Per, Proximal

if TYPE_CHECKING:
    from engine.report.experiments import ExperimentResult
    from engine.report.experiments_power import Plan

group = typer.Typer(help="Experiments: what chance decides, and what it has shown.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Name = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")]


@group.command("list")
def list_(context: typer.Context, campaign: Name, json: Json = False) -> None:
    """List what chance decides in the campaign's file: step by step, the arms and how likely each is."""
    from engine.report.experiments_trial import designs, shares_of

    found = session(context).engine.campaign(campaign)
    planned = found.experiment.couples if found.experiment else None
    strata = [fact.value for fact in found.experiment.strata] if found.experiment else []
    lines = [
        {"step": step.key, "per": per.value, "arms": shares_of(step, per), "strata": strata, "couples": planned}
        for step in found.steps
        for per in designs(step)
    ]
    if json:
        as_json(lines)
        return
    table(
        f"Experiments of {campaign}",
        ("step", "chance decides for", "arms", "balanced by", "couples planned"),
        (
            (
                line["step"],
                f"each {line['per']}",
                ", ".join(f"{arm} {share:.0%}" for arm, share in shares_of(step, Per(str(line["per"]))).items()),
                ", ".join(strata) if line["per"] == Per.COUPLE else "",
                planned,
            )
            for line in lines
            for step in [found.step(str(line["step"]))]
        ),
        empty=f"Chance decides nothing in {campaign}: no step has variants or randomize. See docs/experiments.md.",
    )


@group.command()
def show(context: typer.Context, campaign: Name, json: Json = False) -> None:
    """Show what the experiments of a campaign have shown so far, of all its versions, and how far to believe it."""
    from engine.report.experiments import results

    engine = session(context).engine
    with engine.database.read() as connection:
        found = results(connection, campaign, engine.clock.now())
    if json:
        as_json(each.entry() for each in found)
        return
    if not found:
        console().print(
            f"No couple has been given anything by chance in {campaign}. `rekindle experiment list {campaign}` shows"
            " what chance decides.",
            markup=False,
        )
    for each in found:
        _print(each)


@group.command()
def power(
    context: typer.Context,
    effect: Annotated[float, typer.Option(help="The difference to be found: points of a pulse, or a share.")],
    campaign: Annotated[str | None, typer.Argument(metavar="[CAMPAIGN]", help="Take what its file says.")] = None,
    outcome: Annotated[Proximal, typer.Option(help="What is looked at.")] = Proximal.PULSE,
    per: Annotated[Per, typer.Option(help="Without a campaign: who keeps an arm.")] = Per.COUPLE,
    power: Annotated[float, typer.Option(help="How surely it is to be found.")] = 0.8,
    alpha: Annotated[float, typer.Option(help="How often a difference is to be seen that is not there.")] = 0.05,
    occasions: Annotated[int | None, typer.Option(min=1, max=1_000, help="How often the step falls.")] = None,
    share: Annotated[float | None, typer.Option(help="Chance of the arm that is held against the rest.")] = None,
    told: Annotated[float, typer.Option(help="How often a partner tells the outcome.")] = 0.6,
    available: Annotated[float, typer.Option(help="How often a message could go.")] = 1.0,
    alike: Annotated[float | None, typer.Option(help="Intraclass correlation within a couple.")] = None,
    baseline: Annotated[float | None, typer.Option(help="The share expected without the change.")] = None,
    json: Json = False,
) -> None:
    """Say how many couples must begin an experiment to find a difference that is there."""
    from engine.report.experiments_power import ALIKE, Plan, couples_needed, spread_of, with_step
    from engine.report.experiments_trial import designs

    plan = Plan(
        per=per,
        effect=effect,
        spread=spread_of(outcome, baseline),
        alike=ALIKE[outcome] if alike is None else alike,
        told=told if outcome is Proximal.PULSE else 1.0,
        available=available,
        power=power,
        alpha=alpha,
    )
    plans: list[tuple[str, Plan]] = [("", plan)]
    if campaign is not None:
        found = session(context).engine.campaign(campaign)
        plans = [
            (step.key, with_step(replace(plan, per=design), step)) for step in found.steps for design in designs(step)
        ]
        if not plans:
            raise NotFound(
                f"Chance decides nothing in {campaign}.", fix="Give a step variants or randomize: docs/experiments.md."
            )
    said: dict[str, Any] = {}
    if occasions is not None:
        said["occasions"] = occasions
    if share is not None:
        said["shares"] = (share, 1 - share)
    lines = [(step, asked := replace(each, **said), couples_needed(asked)) for step, each in plans]
    if json:
        as_json(
            {"step": step or None, "outcome": outcome, "couples": needed, **asdict(asked)}
            for step, asked, needed in lines
        )
        return
    for step, asked, needed in lines:
        _print_power(step, outcome, asked, needed)


@group.command()
def export(
    context: typer.Context,
    campaign: Name,
    out: Annotated[Path, typer.Option(help="The CSV file to write; what its columns mean goes beside it.")],
    json: Json = False,
) -> None:
    """Write every decision point to a CSV file for other tools: pseudonyms, no names, no addresses, no words."""
    from engine.errors import Refused
    from engine.report.experiments_export import dictionary_of
    from engine.report.experiments_export import export as write
    from engine.report.scope import scope_of

    engine = session(context).engine
    with engine.database.read() as connection:
        scope = scope_of(connection, campaign, None, engine.clock.now())
        if not scope.versions:
            raise NotFound(f"Nobody was ever enrolled in {campaign}.", fix="`rekindle enroll` enrolls couples.")
        try:
            number = write(connection, scope, out, engine.vault.subkey("experiments"))
        except OSError as error:
            raise Refused(f"{out} cannot be written: {error.strerror}.", fix="Choose another file.") from None
    if json:
        as_json([{"rows": number, "file": str(out), "dictionary": str(dictionary_of(out))}])
        return
    console().print(
        f"{number} decision points are in {out}; what its columns mean is in {dictionary_of(out)}.", markup=False
    )
    console().print("These rows are about people. Pseudonyms hide who they are only from those without the key.")


def _print(result: "ExperimentResult") -> None:
    out = console()
    table(
        f"{result.step}, each {result.per}: {result.outcome}",
        result.headings,
        result.rows,
        empty="",
    )
    out.print(result.asks, markup=False)
    out.print(f"Verdict: {result.verdict}", markup=False)
    for warning in result.warnings:
        out.print(f"Mind:    {warning}", markup=False)
    out.print()


def _print_power(step: str, outcome: Proximal, plan: "Plan", needed: int) -> None:
    where = f"Step {step}, each {plan.per}" if step else f"Chance for each {plan.per}"
    console().print(
        f"{where}: {needed:,} couples must begin to find a difference of {plan.effect:g} in {outcome} with a chance of"
        f" {plan.power:.0%}.",
        markup=False,
    )
    occasions = "1 occasion" if plan.occasions == 1 else f"{plan.occasions} occasions"
    console().print(
        f"  with {occasions}, outcomes told {plan.told:.0%} of the time, spread {plan.spread:.2f}, alike"
        f" {plan.alike:.2f} within a couple, arms {plan.shares[0]:.0%} and {plan.shares[1]:.0%}",
        markup=False,
    )
