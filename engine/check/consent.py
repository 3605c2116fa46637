"""The words that people agree to: whether a file has all of them, a version, and no placeholder that means nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath

from engine.check.templates import at_error
from engine.define.findings import Finding
from engine.model.campaign import Caps, Channel
from engine.model.sender import Sender
from engine.render.consent import FOLDER, ConsentWords
from engine.render.sandbox import RenderError


def check_consent(folders: Sequence[FilePath], sender: Sender) -> Iterator[Finding]:
    """Findings in the consent files of `folders`, a file each: the first thing that is wrong with it."""
    for folder in folders:
        for file in sorted((folder / FOLDER).glob("*.toml")):
            try:
                words = ConsentWords([folder], sender)
                for channel in Channel:
                    words.messages(channel, file.stem, Caps().per_week)
                words.optional(file.stem)
            except RenderError as error:
                yield at_error(file, error)
