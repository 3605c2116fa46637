"""Finds words that invite a carrier's command as an answer.

A phone network acts on a text that is just STOP, END, YES or HELP (see `engine.model.keywords`): a partner who answers
a prompt with it would be unsubscribed, or get a help text, instead of being heard.
"""

import re

from engine.model.keywords import CARRIER_WORDS

_WORD = "|".join(sorted(CARRIER_WORDS, key=len, reverse=True))
_QUOTE = "[\"'‘’“”*_]*"

# "Reply YES", 'answer with "end".', but not "answer end to end" or "reply starting with".
_ASKED_FOR = re.compile(
    rf"\b(?:reply|answer|respond|text back)(?:\s+(?:with|by|just|only|a|an|the word)\b)*\s+{_QUOTE}({_WORD})\b{_QUOTE}"
    rf"(?=\s*(?:$|[.,;:!?)/]|(?:or|if|when|to|and|for)\b))(?!\s+to\s+(?:{_WORD})\b)",
    re.IGNORECASE,
)
# "Text YES", "send STOP": capitals only, since "send help" and "text yes-men" are ordinary words.
_SHOUTED = re.compile(rf"\b(?i:text|send|type|write|say)\s+(?:(?i:us|me|back)\s+)?{_QUOTE}({_WORD})\b")
# "Yes or no?", "(yes/no)", "stop or go?", "is that a yes or a no?"
_CHOICE = re.compile(
    rf"\b({_WORD})\s*(?:/|,?\s+or\s+)\s*(?:an?\s+)?\w+{_QUOTE}\s*\)?\s*(?:\?|\)|$)|"
    rf"\b\w+\s*(?:/|\s+or\s+)\s*(?:an?\s+)?({_WORD}){_QUOTE}\s*\)?\s*\?",
    re.IGNORECASE,
)
# A last question that is answered by yes: it opens with a verb, offers no alternative and asks for no particular.
_LAST_QUESTION = re.compile(r"(?:^|[.!?:;]\s+|\n)([^.!?:;\n]+)\?[\"'”’)*_]*\s*$")
_VERBS = (
    "am are is was were do does did have has had can could will would shall should may might must "
    "aren't isn't wasn't don't doesn't didn't haven't can't couldn't won't wouldn't"
)
_OPENS_WITH_VERB = re.compile(rf"(?:(?:and|so|but|now|then),? )?(?:{_VERBS.replace(' ', '|')})\b", re.IGNORECASE)
_PARTICULAR = re.compile(r"\b(?:or|what|which|who|whom|whose|when|where|why|how)\b", re.IGNORECASE)


def invited_in(text: str) -> str | None:
    """The carrier word that `text` asks for in so many words, in capitals; None when it asks for none."""
    for pattern in (_ASKED_FOR, _SHOUTED, _CHOICE):
        if match := pattern.search(text):
            return next(word for word in match.groups() if word).upper()
    return None


def invites_yes(text: str) -> bool:
    """Whether `text` ends on a question whose natural one-word answer is yes."""
    match = _LAST_QUESTION.search(text)
    if match is None:
        return False
    question = match[1].strip(" \"'“‘(*_")
    return bool(_OPENS_WITH_VERB.match(question)) and not _PARTICULAR.search(question)
