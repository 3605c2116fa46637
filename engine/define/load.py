"""Loads campaigns: file to Campaign, digest and all, with everything that is wrong found at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from engine.define.assemble import assemble
from engine.define.campaign_file import CampaignFile
from engine.define.digest import identified
from engine.define.document import Document, Path
from engine.define.findings import Finding, FindingsError, first_of, suggest
from engine.define.library import DEFINITIONS, Library, load_library, read_library
from engine.define.reader import read
from engine.define.validate import validate
from engine.errors import NotFound
from engine.files import beginning
from engine.model.campaign import Campaign

__all__ = ["Library", "Reading", "campaign_files", "find_campaign", "load_campaign", "load_library", "read_campaign",
           "read_library"]  # fmt: skip

_ID_LINE = re.compile(r"^campaign:\s*[\"']?([a-z0-9-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reading:
    """A campaign file as read: what it means, unless `findings` say why it means nothing."""

    document: Document
    campaign: Campaign | None
    findings: tuple[Finding, ...]


def load_campaign(file: FilePath, library: Library) -> Campaign:
    """The campaign in `file`; NotFound when there is no such file, FindingsError with all that is wrong in it."""
    try:
        reading = read_campaign(file, library)
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}", "check the path") from None
    if reading.campaign is None:
        raise FindingsError(reading.findings)
    return reading.campaign


def read_campaign(file: FilePath, library: Library) -> Reading:
    """Like `load_campaign`, but what is wrong is returned. OSError as usual."""
    document = read(file)
    model, wrong = validate(document, CampaignFile)
    findings = [*document.findings, *wrong]
    campaign: Campaign | None = None
    if model is not None:

        def report(path: Path, what: str, fix: str) -> None:
            findings.append(document.finding(path, what, fix))

        campaign = assemble(model, library, report)
    if findings or campaign is None:
        return Reading(document, None, tuple(first_of(findings)))
    return Reading(document, identified(campaign), ())


def find_campaign(name: str, folders: Sequence[FilePath], library: Library) -> Campaign:
    """The campaign that `name` is: a path to a file, or an id looked up in `folders`, the first of which wins.

    NotFound, naming the nearest id, when there is none; FindingsError when it cannot be used.
    """
    if name.endswith((".yaml", ".yml")):
        return load_campaign(FilePath(name), library)
    files = campaign_files(folders)
    if name not in files:
        raise NotFound(f"no campaign {name}", suggest(name, files, "see campaigns/, or give the path of a file"))
    return load_campaign(files[name], library)


def campaign_files(folders: Sequence[FilePath]) -> dict[str, FilePath]:
    """Every campaign file in `folders` by the id it gives (its file name when it gives none); first folder first."""
    files: dict[str, FilePath] = {}
    for folder in folders:
        for file in sorted(folder.glob(DEFINITIONS)):
            match = _ID_LINE.search(beginning(file))
            files.setdefault(match[1] if match else file.stem, file)
    return files
