"""What a pass caught up with of what was heard; apart from the rest, which who hears nothing never loads."""

from dataclasses import dataclass


@dataclass
class Caught:
    """What one pass caught up with."""

    reacted: int = 0  # calls that had been stored and not reacted to
    failed: int = 0  # calls that could not be reacted to
    attached: int = 0  # events whose delivery has become known
