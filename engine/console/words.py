"""How somebody's own words are shown to an operator who has asked for them."""

import unicodedata

from engine.console.say import console

PRIVATE = "What follows is private: read it only as far as looking after its writer asks for, and tell nobody."


def open_words(text: str | None) -> None:
    """Print words after saying that they are private; None where they are gone."""
    out = console()
    if text is None:
        out.print("Its words are gone: they were deleted by their writer, or replaced.")
        return
    out.print(PRIVATE)
    for line in text.splitlines() or [""]:
        out.print(f"  | {_harmless(line)}", markup=False)


def _harmless(line: str) -> str:
    """A stranger's text must not steer the terminal."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) == "Cc" else each for each in line)
