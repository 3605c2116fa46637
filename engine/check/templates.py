"""Templates: whether those that steps name exist, compile, and use only variables that a message has."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path as FilePath
from typing import Any, cast, get_type_hints

from engine.check.subject import Definition
from engine.define.findings import Finding, suggest
from engine.files import beginning
from engine.model.campaign import WRITTEN, Channel
from engine.model.sender import Sender
from engine.render.notices import FILLED, NOTICES, When
from engine.render.recipient import Recipient
from engine.render.resources import Help
from engine.render.sandbox import RenderError, undeclared
from engine.render.seen import ActivitySeen, CampaignSeen, StepSeen
from engine.render.shelf import Shelf


def check_names(definition: Definition, shelf: Shelf, folders: Sequence[FilePath]) -> Iterator[Finding]:
    """Findings about steps whose template does not exist for a channel that they can go out on."""
    for step in definition.campaign.steps:
        channels = [step.channel] if step.channel else list(WRITTEN)
        named = {step.template} | {arm.template for arm in step.variants if arm.template}
        for template in sorted(named):
            for channel in channels:
                if missing := shelf.missing(channel, template):
                    what = f"template {template} lacks {', '.join(missing)}"
                    known = _known(folders, channel)
                    fix = suggest(template, known, "add it to a template folder") if template not in known else "add it"
                    yield definition.at_step(step, "template", what, fix)


def check_files(folders: Sequence[FilePath], shelf: Shelf) -> Iterator[Finding]:
    """Findings in the template files themselves; one that an earlier folder has too is never used, and left out."""
    files: dict[str, tuple[FilePath, Channel]] = {}
    for folder in folders:
        for channel in WRITTEN:
            for file in sorted((folder / channel).rglob("*")):
                if file.suffix in (".txt", ".html"):
                    files.setdefault(file.relative_to(folder).as_posix(), (file, channel))
    for name, (file, channel) in files.items():
        yield from _check_file(file, name, channel, shelf)


def _check_file(file: FilePath, name: str, channel: Channel, shelf: Shelf) -> Iterator[Finding]:
    parts = name.split("/")
    locale = parts[1] if len(parts) > 2 else ""
    message = parts[-1].partition(".")[0]
    sandbox = shelf.sandbox(locale, html=file.suffix == ".html")
    try:
        sandbox.compiled(name)
        # What is only extended or included, such as a layout, is given variables by the files that use it.
        used = undeclared(sandbox, name) if not shelf.missing(channel, message, locale) else {}
    except RenderError as error:
        # Another file that this one uses is broken: that file has its own finding.
        if error.template in (None, name):
            yield at_error(file, error)
        return
    known = ANSWERED if channel is Channel.SMS and message in NOTICES else VARIABLES
    for path, line in sorted(used.items()):
        if path not in known and not any(longer.startswith(f"{path}.") for longer in known):
            fix = suggest(path, known, "see docs/templates.md")
            yield Finding(str(file), line, _column(file, line, path), f"a message has no {path}", fix)


def at_error(file: FilePath, error: RenderError) -> Finding:
    """What is wrong in a template, at the first tag of the line that Jinja names (it knows no columns)."""
    line = error.line or 1
    return Finding(str(file), line, _column(file, line, "{"), error.what, error.fix or "see docs/templates.md")


def _column(file: FilePath, line: int, sign: str) -> int:
    """Where `sign` first stands on a line, from 1; 1 where it does not."""
    lines = beginning(file).splitlines()
    return max(lines[line - 1].find(sign), 0) + 1 if line <= len(lines) else 1


def _attributes(model: type[Any], prefix: str = "") -> Iterator[str]:
    hints = get_type_hints(model)
    for field in fields(model):
        yield prefix + field.name
        if is_dataclass(inner := hints[field.name]):
            yield from _attributes(cast(type[Any], inner), f"{prefix}{field.name}.")


VARIABLES = frozenset(
    {
        *_attributes(Recipient),
        *_attributes(CampaignSeen, "campaign."),
        *_attributes(StepSeen, "step."),
        *_attributes(ActivitySeen, "activity."),
        *_attributes(Sender, "sender."),
        "lang",
        "your_partner",
    }
)
"""Every variable of a message, by path: what is personal, and what `Composer` gives as constants."""
ANSWERED = frozenset(
    {*FILLED, *_attributes(When, "when."), *_attributes(Help, "help."), *_attributes(Sender, "sender."), "lang"}
)
"""Every variable of what somebody who texts us is answered."""


def _known(folders: Sequence[FilePath], channel: Channel) -> set[str]:
    return {
        file.name.partition(".")[0]
        for folder in folders
        for file in (folder / channel.form).glob("*.txt")
        if channel is not Channel.EMAIL or file.name.endswith(".subject.txt")
    }
