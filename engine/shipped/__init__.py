"""Where the campaigns, templates and examples that come with Rekindle are: inside the wheel, or in the checkout."""

from pathlib import Path

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]


def shipped(folder: str) -> Path:
    """The shipped folder called `folder` (campaigns, templates or examples); FileNotFoundError when it is nowhere."""
    for parent in (HERE, CHECKOUT):
        if (parent / folder).is_dir():
            return parent / folder
    raise FileNotFoundError(f"The shipped folder {folder!r} is missing; install Rekindle again.")
