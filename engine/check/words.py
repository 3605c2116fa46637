"""The rules for an activity's words: length, plain Markdown, an open question, no carrier word invited."""

import re
from collections import defaultdict
from collections.abc import Iterator

from engine.check.invites import invited_in, invites_yes
from engine.check.subject import Subject
from engine.define.findings import Finding
from engine.define.library import Origin
from engine.model.strategy import DEFAULT_LOCALE, ActivityText, Kind

FEWEST_WORDS, MOST_WORDS = 60, 200

# What an email's Markdown must not hold: it becomes a text part, an HTML part and lines of a message.
_NOT_MARKDOWN = (
    (re.compile(r"^ {0,3}#{1,6}\s", re.MULTILINE), "a heading", "use **bold** at the start of a paragraph"),
    (re.compile(r"^ {0,3}(=+|-{3,})\s*$", re.MULTILINE), "a heading or a rule", "leave the line out"),
    (re.compile(r"<[a-zA-Z/!][^>]*>"), "HTML", "use paragraphs, lists, **bold** and *italic*"),
    (re.compile(r"!\["), "an image", "say it in words"),
    (re.compile(r"\]\(|https?://"), "a link", "say it in words; messages carry no links of their own"),
    (re.compile(r"^\s*\|.*\|\s*$", re.MULTILINE), "a table", "use a list"),
    (re.compile(r"`"), "code", "use quotes or *italic*"),
)
_JINJA = re.compile(r"\{\{\s*(.*?)\s*\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)

_STRAY = re.compile(r"\{[{%#]?|[}%#]?\}")


def check_words(subject: Subject) -> Iterator[Finding]:
    """Findings in the words of every activity, in every language, that the subject names."""
    for activity, locale, origin in subject.texts():
        text = activity.texts[locale]
        if activity.kind is Kind.CONVERSATION and text.question is None:
            yield origin.finding("id", f"conversation {activity.id} has no question", "add question: an open one")
        yield from _length(text, origin)
        yield from _markdown(text, origin)
        yield from _placeholders(text, origin)
        if locale == DEFAULT_LOCALE:  # the words carriers act on, and how a question is put, are English
            yield from _invitations(text, origin)


def check_translations(subject: Subject) -> Iterator[Finding]:
    """A note for each language that a strategy has only in part: the rest is sent in English."""
    having: dict[tuple[str, str], set[str]] = defaultdict(set)
    origins: dict[tuple[str, str], Origin] = {}
    for activity, locale, origin in subject.texts():
        if locale != DEFAULT_LOCALE:
            having[activity.strategy, locale].add(activity.id)
            origins.setdefault((activity.strategy, locale), origin)
    for (strategy, locale), translated in having.items():
        activities = subject.library.strategies[strategy].activities
        lacking = [activity.id for activity in activities if activity.id not in translated]
        if lacking:
            what = f"{locale} lacks {len(lacking)} of {len(activities)} activities of {strategy}, sent in English"
            fix = f"translate {', '.join(lacking[:3])}{' …' if len(lacking) > 3 else ''}"
            yield origins[strategy, locale].document.finding(("activities",), what, fix, note=True)


def _length(text: ActivityText, origin: Origin) -> Iterator[Finding]:
    words = len(text.email.split())
    if words < FEWEST_WORDS:
        yield origin.finding("email", f"the email has {words} words", f"write at least {FEWEST_WORDS}")
    if words > MOST_WORDS:
        yield origin.finding("email", f"the email has {words} words", f"cut it to {MOST_WORDS}; people read on phones")


def _markdown(text: ActivityText, origin: Origin) -> Iterator[Finding]:
    for pattern, name, fix in _NOT_MARKDOWN:
        if match := pattern.search(text.email):
            line = text.email.count("\n", 0, match.start()) + 1
            yield origin.finding("email", f"the email's line {line} holds {name}", fix)


def _placeholders(text: ActivityText, origin: Origin) -> Iterator[Finding]:
    for key, value in (("title", text.title), ("question", text.question), ("sms", text.sms), ("email", text.email)):
        for match in _JINJA.finditer(value or ""):
            if key in ("title", "question"):
                yield origin.finding(key, f"the {key} holds {match[0]}", "write it without; it is shown to anyone")
            elif match[1] != "other_name":
                yield origin.finding(key, f"the {key} holds {match[0]}", "only {{ other_name }} can be used here")
        if stray := _STRAY.search(_JINJA.sub("", value or "")):
            what = f"the {key} holds a half-open {stray[0]}, which couples would read as it is"
            yield origin.finding(key, what, "write {{ other_name }}, two braces on each side")


def _invitations(text: ActivityText, origin: Origin) -> Iterator[Finding]:
    for key, value in (("question", text.question), ("sms", text.sms), ("email", text.email)):
        if value is None:
            continue
        if word := invited_in(value):
            what = f"the {key} invites {word} as an answer, which phone networks act on"
            yield origin.finding(key, what, "ask an open question instead: what, which, when, how")
        elif key != "email" and invites_yes(value):
            what = f"the {key} ends on a question to be answered by YES, which phone networks act on"
            yield origin.finding(key, what, "ask what, which, when or how")
