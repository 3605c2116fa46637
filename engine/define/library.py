"""The strategies list: reads strategy files and their translations out of campaign folders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from engine.define.document import Document, Path
from engine.define.findings import Finding, FindingsError, suggest
from engine.define.reader import read
from engine.define.strategy_file import ActivityFile, StrategyFile, TranslatedActivity, TranslationFile
from engine.define.validate import validate
from engine.model.strategy import DEFAULT_LOCALE, Activity, ActivityText, Strategy


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the words of an activity were read: its file, and its path in it."""

    document: Document
    path: Path

    def finding(self, key: str, what: str, fix: str, *, note: bool = False) -> Finding:
        """A finding at one of the activity's keys."""
        return self.document.finding((*self.path, key), what, fix, note=note)


@dataclass(frozen=True, slots=True)
class Library:
    """Every strategy by id, every activity by id, and where the words of each came from, by id and locale."""

    strategies: Mapping[str, Strategy]
    activities: Mapping[str, Activity]
    origins: Mapping[tuple[str, str], Origin]


DEFINITIONS = "[!.]*.yaml"
"""What is read of a folder. Editors keep locks and copies beside a file, under names that begin with a dot."""

STRATEGIES = "strategies"
"""The folder, beside campaign files, that holds strategy files; its own folders are named for locales."""


def load_library(folders: Sequence[FilePath]) -> Library:
    """The strategies under `<folder>/strategies` of each campaigns folder; FindingsError with all that is wrong.

    The first folder wins: a workspace's strategy file takes the place of a shipped one with the same strategy id.
    """
    library, findings = read_library(folders)
    if findings:
        raise FindingsError(findings)
    return library


def read_library(folders: Sequence[FilePath], files: Sequence[FilePath] = ()) -> tuple[Library, list[Finding]]:
    """Like `load_library`, but what is wrong is returned beside what could be read.

    `files` are single strategy files that come before all folders.
    """
    reading = _Reading()
    reading.take(files)
    for folder in folders:
        inside = folder / STRATEGIES
        reading.take(sorted(inside.glob(DEFINITIONS)), sorted(inside.glob(f"*/{DEFINITIONS}")))
    if not reading.strategies and not reading.findings:
        where = str(folders[0]) if folders else "campaigns"
        reading.findings.append(Finding(where, 1, 1, "no strategies here", "add one under strategies/"))
    strategies = reading.translated()
    activities = {activity.id: activity for strategy in strategies.values() for activity in strategy.activities}
    return Library(strategies, activities, reading.origins), reading.findings


@dataclass(slots=True)
class _Reading:
    strategies: dict[str, Strategy] = field(default_factory=dict)
    texts: dict[str, dict[str, ActivityText]] = field(default_factory=dict)
    titles: dict[str, dict[str, str]] = field(default_factory=dict)  # by strategy, then by locale
    origins: dict[tuple[str, str], Origin] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def take(self, strategies: Sequence[FilePath], translations: Sequence[FilePath] = ()) -> None:
        """Read strategies, then their translations; what was read before stays."""
        earlier = frozenset(self.strategies)
        for file in strategies:
            self._take_strategy(read(file), earlier)
        for file in translations:
            self._take_translation(file, read(file), earlier)

    def translated(self) -> dict[str, Strategy]:
        """The strategies, each activity with the words of every locale."""
        return {
            key: replace(
                strategy,
                activities=tuple(replace(item, texts=self.texts[item.id]) for item in strategy.activities),
                titles=self.titles.get(key, {}),
            )
            for key, strategy in self.strategies.items()
        }

    def _take_strategy(self, document: Document, earlier: frozenset[str]) -> None:
        file, findings = validate(document, StrategyFile)
        self.findings += [*document.findings, *findings]
        if file is None or file.strategy in earlier:
            return
        if file.strategy in self.strategies:
            self._report(document, ("strategy",), f"strategy {file.strategy} is in two files", "rename one of them")
            return
        activities = tuple(self._activities(document, file))
        self.strategies[file.strategy] = Strategy(file.strategy, file.title, file.idea, file.source, activities)

    def _activities(self, document: Document, file: StrategyFile) -> Iterator[Activity]:
        for index, item in enumerate(file.activities):
            path: Path = ("activities", index)
            if first := self.origins.get((item.id, DEFAULT_LOCALE)):
                place = first.finding("id", "", "")
                fix = f"give it an id of its own; the other is at {place.file}:{place.line}"
                self._report(document, (*path, "id"), f"activity {item.id} appears twice", fix)
                continue
            self.origins[item.id, DEFAULT_LOCALE] = Origin(document, path)
            self.texts[item.id] = {DEFAULT_LOCALE: _text(item)}
            yield Activity(
                id=item.id,
                strategy=file.strategy,
                kind=item.kind,
                mode=item.mode,
                minutes=item.minutes,
                depth=item.depth,
                texts={},
                causes=frozenset(item.causes),
                cautions=frozenset(item.avoid),
            )

    def _take_translation(self, path: FilePath, document: Document, earlier: frozenset[str]) -> None:
        file, findings = validate(document, TranslationFile)
        self.findings += [*document.findings, *findings]
        if file is None:
            return
        if file.locale != path.parent.name:
            what = f"locale {file.locale} in a folder named {path.parent.name}"
            self._report(document, ("locale",), what, f"move the file to {file.locale}/")
        strategy = self.strategies.get(file.strategy)
        if strategy is None:
            what, fix = f"no strategy {file.strategy}", suggest(file.strategy, self.strategies)
            self._report(document, ("strategy",), what, fix)
            return
        if file.title:
            self.titles.setdefault(file.strategy, {}).setdefault(file.locale, file.title)
        known = {activity.id for activity in strategy.activities}
        for index, item in enumerate(file.activities):
            if item.id in known:
                self.texts[item.id].setdefault(file.locale, _text(item))
                self.origins.setdefault((item.id, file.locale), Origin(document, ("activities", index)))
            elif file.strategy not in earlier:  # else a workspace's own strategy left that activity out
                what, fix = f"no activity {item.id} in {file.strategy}", suggest(item.id, known)
                self._report(document, ("activities", index, "id"), what, fix)

    def _report(self, document: Document, path: Path, what: str, fix: str) -> None:
        self.findings.append(document.finding(path, what, fix))


def _text(item: ActivityFile | TranslatedActivity) -> ActivityText:
    return ActivityText(item.title, item.email, item.sms, item.question)
