"""Which of several languages a reader gets."""

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def closest(options: Mapping[str, T], locale: str) -> T | None:
    """What there is in `locale`, else in its language (`es` for `es-MX`); None when there is neither."""
    for candidate in (locale, locale.partition("-")[0]):
        if candidate in options:
            return options[candidate]
    return None


def places(locale: str) -> Iterator[str]:
    """`es-MX`, then `es`; nothing for what is not a language tag, which must not become a path."""
    if _TAG.fullmatch(locale):
        parts = locale.split("-")
        for length in range(len(parts), 0, -1):
            yield "-".join(parts[:length])
