"""The base of every enum a person may meet: each member carries one sentence that says what it means."""

from enum import StrEnum
from typing import Self


class Described(StrEnum):
    """A string enum whose members are declared as `NAME = value, sentence`; `member.sentence` is shown to people."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member
