"""Snapshots as files in a workspace: written, and compared with what the campaigns say now (see snapshot)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.check.snapshot import HEADER, Files, snapshot
from engine.define.findings import Finding, FindingsError
from engine.define.load import Library, campaign_files, find_campaign
from engine.define.wording import reworded
from engine.errors import Refused
from engine.model.sender import Sender
from engine.render.sandbox import RenderError

SNAPSHOTS = "snapshots"
"""The folder of a workspace that holds them, one folder a campaign."""


def drifted(
    root: Path,
    looked_at: Sequence[Path],
    campaigns: Sequence[Path],
    library: Library,
    templates: Sequence[Path],
    sender: Sender,
    public_url: str,
) -> Iterator[Finding]:
    """Where the snapshots in `root` say something else than their campaigns.

    Of the campaigns in the files and folders `looked_at`, those that have a snapshot. Findings too where nothing has
    one, and where a snapshot's campaign is gone. A campaign that cannot be read is left to the other checks.
    """
    folders = sorted(each for each in root.glob("*") if (each / "weeks.txt").is_file())
    if not folders:
        fix = "run `rekindle snapshot CAMPAIGN` and keep what it writes beside the campaign"
        yield Finding(str(root), 1, 1, "there is no snapshot to compare with", fix)
    known = campaign_files(campaigns)
    wanted = _ids(looked_at)
    for folder in folders:
        name, mend = folder.name, f"run `rekindle snapshot {folder.name}` and review what it changes"
        if name not in known:
            yield Finding(str(folder), 1, 1, f"there is no campaign {name} any more", "remove the folder")
        elif name in wanted:
            try:
                files = snapshot(find_campaign(name, campaigns, library), templates, sender, public_url)
            except (FindingsError, RenderError):
                continue
            yield from drift(folder, files, mend)


def _ids(looked_at: Sequence[Path]) -> set[str]:
    """The campaigns in these files and folders, by id."""
    found: set[str] = set()
    for path in looked_at:
        folder = path if path.is_dir() else path.parent
        files = campaign_files([folder / "campaigns" if (folder / "campaigns").is_dir() else folder])
        found |= {name for name, file in files.items() if path.is_dir() or file.resolve() == path.resolve()}
    return found


def write(folder: Path, files: Files) -> tuple[int, int]:
    """Make the folder hold this snapshot; how many files were written, and how many that belong to none any more were
    removed. Refused when a file stands there that is no snapshot's."""
    for name in files:
        if (folder / name).is_file() and not _is_ours(folder / name):
            raise Refused(f"{folder / name} is no snapshot, and would be overwritten.", fix="Name another folder.")
    written = 0
    for name, text in files.items():
        file = folder / name
        if not file.is_file() or file.read_bytes() != text.encode():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
            written += 1
    over = [file for name, file in _stored(folder).items() if name not in files]
    for file in over:
        file.unlink()
    return written, len(over)


def drift(folder: Path, files: Files, mend: str) -> Iterator[Finding]:
    """What in the folder is not what `files` says: each file once, at the first line that differs."""
    stored = _stored(folder)
    for name in sorted({*files, *stored}):
        file = folder / name
        if name not in files:
            yield Finding(str(file), 1, 1, "the snapshot has a message that the campaign has no longer", mend)
        elif name not in stored:
            yield Finding(str(file), 1, 1, "the snapshot lacks a message that the campaign has", mend)
        else:
            was, now = file.read_text(encoding="utf-8", errors="replace"), files[name]
            if was != now:
                line, what = _first_difference(was.split("\n"), now.split("\n"))
                yield Finding(str(file), line, 1, f"the campaign says something else now: {what}", mend)


def _first_difference(was: list[str], now: list[str]) -> tuple[int, str]:
    """The number of the first line that differs, and what differs in it: `[as the snapshot has it → as it is now]`."""
    both = min(len(was), len(now))
    place = next((number for number in range(both) if was[number] != now[number]), both)
    before, after = (lines[place] if place < len(lines) else "" for lines in (was, now))
    return place + 1, reworded(before, after)[0]


def _stored(folder: Path) -> dict[str, Path]:
    """The files of a snapshot in a folder, by name."""
    found = [*folder.glob("weeks.txt"), *folder.glob("steps/*.txt"), *folder.glob("activities/*.txt")]
    return {file.relative_to(folder).as_posix(): file for file in sorted(found) if _is_ours(file)}


def _is_ours(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(HEADER)) == HEADER.encode()
