"""What a planted bug is: edits of the engine's source, and the scene in which it does harm."""

from dataclasses import dataclass

Edit = tuple[str, str, str]
"""A file below engine/, a piece of it that is there once, and what stands there instead."""


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug to plant. `scene` is the one in which it does harm."""

    name: str
    what: str
    edits: tuple[Edit, ...]
    scene: str


def bug(name: str, what: str, *edits: Edit, scene: str) -> Bug:
    """A bug by its name and what it does."""
    return Bug(name, what, edits, scene)
