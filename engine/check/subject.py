"""What is looked at in one check: the campaigns that could be read, the library and the template folders."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from engine.define.document import Document, Path
from engine.define.findings import Finding
from engine.define.library import Library, Origin
from engine.model.campaign import Campaign, Step
from engine.model.strategy import Activity


@dataclass(frozen=True, slots=True)
class Definition:
    """A campaign that loads, beside the document it was read from."""

    campaign: Campaign
    document: Document

    def finding(self, path: Path, what: str, fix: str) -> Finding:
        """A finding at `path` in the campaign's file."""
        return self.document.finding(path, what, fix)

    def at_step(self, step: Step, key: str, what: str, fix: str) -> Finding:
        """A finding at one of a step's keys: its own, else where `defaults` says it, else the step."""
        index = self.campaign.steps.index(step)
        own: Path = ("steps", index, key)
        by_default: Path = ("defaults", key)
        path = by_default if own not in self.document.values and by_default in self.document.values else own
        return self.document.finding(path, what, fix)


@dataclass(frozen=True, slots=True)
class Subject:
    """`files` are the strategy and translation files whose words are to be checked."""

    definitions: tuple[Definition, ...]
    library: Library
    templates: tuple[FilePath, ...]
    files: frozenset[str]

    def texts(self) -> Iterator[tuple[Activity, str, Origin]]:
        """Each activity, locale and origin of the words that are to be checked."""
        for (key, locale), origin in self.library.origins.items():
            if origin.document.file in self.files and key in self.library.activities:
                yield self.library.activities[key], locale, origin
