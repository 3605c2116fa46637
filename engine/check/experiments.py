"""Experiments: whether their arms differ, whether anything can be learnt, and whether chance would break a step."""

from collections.abc import Iterator

from engine.check.subject import Definition
from engine.define.findings import Finding
from engine.model.campaign import Step, StepPurpose
from engine.model.experiment import Proximal


def check_experiments(definition: Definition) -> Iterator[Finding]:
    """Findings about what chance decides in the campaign."""
    campaign = definition.campaign
    for step in campaign.steps:
        yield from _arms(definition, step)
        yield from _withheld(definition, step)
    yield from _about_all(definition)


def _arms(definition: Definition, step: Step) -> Iterator[Finding]:
    if len(step.variants) == 1:
        yield definition.at_step(step, "variants", f"step {step.key} has one variant only", "add another to compare")
    seen: dict[tuple[str, str | None], str] = {}
    for arm in step.variants:
        twin = seen.setdefault((arm.template or step.template, arm.activity or step.activity), arm.name)
        if twin != arm.name:
            what = f"variants {twin} and {arm.name} of step {step.key} send the same"
            yield definition.at_step(step, "variants", what, "give one of them another template or activity")


def _withheld(definition: Definition, step: Step) -> Iterator[Finding]:
    """What chance may withhold must be missed by nothing."""
    if step.randomize is not None and step.randomize.send is not None and step.purpose is StepPurpose.PULSE:
        what = f"step {step.key} is a pulse that chance may withhold, and pulses are what experiments look at"
        yield definition.at_step(step, "randomize", what, "take send out, or withhold another step")
    if step.wait is None:
        return
    asked = next((each for each in definition.campaign.steps if each.key == step.wait.answers), None)
    if asked is not None and asked.randomize is not None and asked.randomize.send is not None:
        what = f"step {step.key} waits for answers to {asked.key}, which chance may withhold"
        yield definition.at_step(step, "wait", what, "wait for another step, or always send that one")


def _about_all(definition: Definition) -> Iterator[Finding]:
    campaign, experiment = definition.campaign, definition.campaign.experiment
    kept = any(step.kept_arms for step in campaign.steps)
    if experiment is None:
        return
    if not kept and not any(step.randomize for step in campaign.steps):
        what = "there is an experiment, and chance decides nothing"
        yield definition.finding(("experiment",), what, "give a step variants or randomize, or take it out")
    elif experiment.strata and not kept:
        what = "strata balance the variants that couples keep, and no couple keeps one"
        yield definition.finding(("experiment", "strata"), what, "take strata out")
    pulses = any(step.purpose is StepPurpose.PULSE for step in campaign.steps)
    if experiment.outcomes == (Proximal.PULSE,) and not pulses:
        what = "the experiment looks at pulses, and no step asks for one"
        yield definition.finding(("experiment", "outcomes"), what, "add a pulse step, or look at something else")
