"""What reacting to people needs beside a connection: keys, a way to say something, and whom to alert."""

from dataclasses import dataclass

from engine.store.notices import Post, To
from engine.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Means:
    """`operator` is where alerts go; None where no address is set up: then they are listed only."""

    vault: Vault
    post: Post
    operator: To | None = None
