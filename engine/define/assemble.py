"""From a campaign file to the Campaign it means: spreads defaults and weeks, and gathers every activity it may use."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from engine.define.campaign_file import (
    CampaignFile,
    DrawFile,
    RandomizeFile,
    StepFields,
    StepFile,
    VariantFile,
    WaitFile,
)
from engine.define.document import Path
from engine.define.findings import suggest
from engine.define.library import Library
from engine.define.notation import WEEKDAYS, read_weeks
from engine.model.campaign import SAFE_WEEK, Campaign, Caps, Draw, Hours, Step, StepPurpose, Theme, Variant, Wait
from engine.model.experiment import Experiment, Per, Randomize
from engine.model.notice import NOTICES
from engine.model.strategy import Activity

Report = Callable[[Path, str, str], None]
"""Takes what is wrong: where, what, and how to mend it."""

NO_THEME = Theme(())
DEFAULT_LATE_AFTER = timedelta(hours=24)
PULSE_TEMPLATE = "pulse"


def assemble(file: CampaignFile, library: Library, report: Report) -> Campaign:
    """The campaign without its digest. What is wrong goes to `report`; then the result is not to be used."""
    return _Assembly(file, library, report).campaign()


@dataclass(frozen=True, slots=True)
class _Assembly:
    file: CampaignFile
    library: Library
    report: Report

    def campaign(self) -> Campaign:
        themes = self._themes()
        steps = tuple(self._step(index, step) for index, step in enumerate(self.file.steps))
        self._refuse_repeated_steps()
        if self.file.campaign == NOTICES:
            self.report(("campaign",), f"{NOTICES} is what messages outside campaigns go under", "choose another id")
        for index, step in enumerate(steps):
            self._require_themes(index, step, themes)
        used = self._used(steps, themes)
        named = {activity.strategy for activity in used}.union(*(theme.strategies for theme in themes))
        known = self.library.strategies
        return Campaign(
            id=self.file.campaign,
            title=self.file.title,
            weeks=self.file.weeks,
            steps=steps,
            themes=themes,
            activities={activity.id: activity for activity in used},
            strategies={key: known[key].title for key in sorted(named & known.keys())},
            titles=self.file.titles,
            strategy_titles=_titles({key: known[key].titles for key in sorted(named & known.keys())}),
            window=tuple(self._window()),
            caps=Caps(self.file.caps.per_day, self.file.caps.per_week),
            avoid=frozenset(self.file.avoid),
            on_doubt=self.file.on_doubt,
            on_leaving=self.file.on_leaving,
            experiment=self._experiment(),
        )

    def _themes(self) -> tuple[Theme, ...]:
        themes: dict[int, Theme] = {}
        for key, theme in self.file.themes.items():
            path: Path = ("themes", key)
            weeks = read_weeks(key)
            if weeks.last > self.file.weeks:
                self.report(path, f"week {weeks.last} of {self.file.weeks}", "name a week it has, or add weeks")
            for strategy in theme.strategies:
                self._strategy(strategy, path)
            for week in weeks.within(self.file.weeks):
                if week in themes:
                    self.report(path, f"week {week} has two themes", "name each week once; a list mixes them")
                themes[week] = Theme(tuple(theme.strategies), theme.depth)
        return tuple(themes.get(week, NO_THEME) for week in range(1, self.file.weeks + 1))

    def _step(self, index: int, step: StepFile) -> Step:
        path: Path = ("steps", index)
        said = _merged(step, self.file.defaults)
        template = said.template
        if template is None:
            self.report((*path, "template"), f"step {step.step} has no template", "add template: prompt, or a default")
        if said.days is None and said.every_days is None:
            self.report((*path, "days"), f"step {step.step} falls on no day", "add days: [tuesday], or every_days: 3")
        if said.draw and said.activity:
            self.report((*path, "draw"), f"step {step.step} has a draw and an activity", "keep one of the two")
        weeks = said.weeks.within(self.file.weeks)
        if said.weeks.last > self.file.weeks:
            what = f"step {step.step} is in week {said.weeks.last} of {self.file.weeks}"
            self.report((*path, "weeks"), what, "name weeks it has, or add weeks")
        self._activity(said.activity, (*path, "activity"))
        return Step(
            key=step.step,
            template=template or "",
            weeks=weeks,
            days=said.days or (),
            every_days=said.every_days,
            at=said.at,
            purpose=said.purpose or _purpose(said),
            audience=said.to,
            channel=said.channel,
            activity=said.activity,
            draw=self._draw(said.draw, (*path, "draw")) if said.draw else None,
            when=said.when,
            wait=self._wait(step.step, said.wait, (*path, "wait")) if said.wait else None,
            variants=tuple(self._variants(said.variants, (*path, "variants"))),
            late_after=said.late_after or DEFAULT_LATE_AFTER,
            randomize=self._randomize(said, said.randomize, (*path, "randomize")) if said.randomize else None,
        )

    def _randomize(self, said: StepFile, randomize: RandomizeFile, path: Path) -> Randomize:
        if randomize.per is Per.OCCURRENCE and not said.variants:
            what = f"step {said.step} has no variants to give each occurrence"
            self.report((*path, "per"), what, "add variants, or take per out")
        elif randomize.per is Per.COUPLE and randomize.send is None:
            what = f"step {said.step} leaves nothing to chance"
            self.report(path, what, "say send: 0.5, or per: occurrence with variants")
        return Randomize(randomize.send, randomize.per)

    def _experiment(self) -> Experiment | None:
        said = self.file.experiment
        if said is None:
            return None
        for name, given in (("strata", said.strata), ("outcomes", said.outcomes)):
            if len(set(given)) < len(given):
                self.report(("experiment", name), f"{name} names one twice", "name each once")
        return Experiment(said.couples, tuple(said.strata), tuple(said.outcomes), dict(said.matters))

    def _wait(self, key: str, wait: WaitFile, path: Path) -> Wait:
        keys = {step.step for step in self.file.steps}
        if wait.answers not in keys or wait.answers == key:
            what = f"step {key} waits for the answers to {wait.answers}, which is no other step"
            self.report((*path, "answers"), what, suggest(wait.answers, keys - {key}))
        return Wait(wait.answers, wait.at_most or timedelta(0))

    def _draw(self, draw: DrawFile, path: Path) -> Draw:
        for strategy in draw.strategies or ():
            self._strategy(strategy, (*path, "strategies"))
        return Draw(
            kinds=frozenset(draw.kind),
            strategies=frozenset(draw.strategies or ()),
            modes=frozenset(draw.mode),
            depth=draw.depth,
            no_repeat_weeks=draw.no_repeat_weeks,
        )

    def _variants(self, variants: Iterable[VariantFile], path: Path) -> Iterator[Variant]:
        seen: set[str] = set()
        for index, arm in enumerate(variants):
            if arm.variant in seen:
                self.report((*path, index, "variant"), f"variant {arm.variant} appears twice", "name each arm once")
            seen.add(arm.variant)
            self._activity(arm.activity, (*path, index, "activity"))
            yield Variant(arm.variant, arm.weight, arm.template, arm.activity)

    def _window(self) -> Iterator[Hours | None]:
        window = self.file.window
        for weekday, name in enumerate(WEEKDAYS):
            said = name if name in window.model_fields_set else "daily"
            yield getattr(window, said) if said in window.model_fields_set else SAFE_WEEK[weekday]

    def _strategy(self, name: str, path: Path) -> None:
        if name not in self.library.strategies:
            self.report(path, f"no strategy {name}", suggest(name, self.library.strategies))

    def _activity(self, name: str | None, path: Path) -> None:
        if name is not None and name not in self.library.activities:
            self.report(path, f"no activity {name}", suggest(name, self.library.activities, "look in strategies/"))

    def _refuse_repeated_steps(self) -> None:
        first: dict[str, int] = {}
        for index, step in enumerate(self.file.steps):
            if first.setdefault(step.step, index) != index:
                self.report(("steps", index, "step"), f"step {step.step} appears twice", "give it a key of its own")

    def _require_themes(self, index: int, step: Step, themes: tuple[Theme, ...]) -> None:
        if step.draw is None or step.draw.strategies:
            return
        without = [week for week in step.weeks if not themes[week - 1].strategies]
        if without:
            what = f"step {step.key} draws from the theme of week {without[0]}, which has none"
            self.report(("steps", index, "draw"), what, f"add {without[0]}: … under themes, or strategies to the draw")

    def _used(self, steps: tuple[Step, ...], themes: tuple[Theme, ...]) -> list[Activity]:
        """Every activity that a step names or may draw, sorted by id so that the order of files does not matter."""
        named = {step.activity for step in steps} | {arm.activity for step in steps for arm in step.variants}
        avoid = frozenset(self.file.avoid)
        reach = {(draw, themes[week - 1]) for step in steps if (draw := step.draw) is not None for week in step.weeks}
        return [
            activity
            for key, activity in sorted(self.library.activities.items())
            if key in named or (not activity.cautions & avoid and any(_within(activity, *pair) for pair in reach))
        ]


def _merged(step: StepFile, defaults: StepFields) -> StepFile:
    """The step with what it leaves unsaid taken from the defaults; saying one of two alternatives drops the other."""
    said = step.model_fields_set
    missing: dict[str, Any] = {
        name: getattr(defaults, name)
        for name in defaults.model_fields_set - said
        if not any({name} | said >= pair for pair in ({"days", "every_days"}, {"draw", "activity"}))
    }
    return step.model_copy(update=missing)


def _titles(by_strategy: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Strategies' titles by locale, then by strategy."""
    locales = sorted({locale for titles in by_strategy.values() for locale in titles})
    return {
        locale: {key: titles[locale] for key, titles in by_strategy.items() if locale in titles} for locale in locales
    }


def _purpose(step: StepFile) -> StepPurpose:
    if step.activity or step.draw:
        return StepPurpose.ACTIVITY
    return StepPurpose.PULSE if step.template == PULSE_TEMPLATE else StepPurpose.NOTE


def _within(activity: Activity, draw: Draw, theme: Theme) -> bool:
    """Whether the draw may reach the activity in a week of that theme; couples' own limits come on top (plan.draw)."""
    shallowest, deepest = draw.depth or theme.depth
    return (
        activity.strategy in (draw.strategies or theme.strategies)
        and shallowest <= activity.depth <= deepest
        and (not draw.kinds or activity.kind in draw.kinds)
        and (not draw.modes or activity.mode in draw.modes)
    )
