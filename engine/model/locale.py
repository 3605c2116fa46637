"""Which of several languages a reader gets."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def closest(options: Mapping[str, T], locale: str) -> T | None:
    """What there is in `locale`, else in its language (`es` for `es-MX`); None when there is neither."""
    for candidate in (locale, locale.partition("-")[0]):
        if candidate in options:
            return options[candidate]
    return None
