"""Every parser of what comes from outside, by name: bytes in; out comes a value, or the parser's own error is caught.

Whatever else leaves one of these is a finding. Tests feed them with hypothesis, `make fuzz-parsers` with atheris, which
looks for inputs that reach code no other has reached; `corpus/NAME/` holds what both begin from.
"""

import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from engine.define.campaign_file import CampaignFile
from engine.define.findings import MOST_FINDINGS
from engine.define.library import load_library
from engine.define.load import read_campaign
from engine.define.reader import parse
from engine.define.strategy_file import StrategyFile, TranslationFile
from engine.define.validate import validate
from engine.enroll.bad_value import BadValue
from engine.enroll.rows import Header
from engine.enroll.spreadsheet import Spreadsheet
from engine.errors import Refused, SettingsError
from engine.hear import keywords, numbers, safety
from engine.render import markdown, segments
from engine.render.catalogue import read as read_words
from engine.render.links import Links, Purpose
from engine.render.sandbox import compile_expression
from engine.render.spec_errors import RenderError
from engine.settings import FILE, load
from engine.shipped import shipped
from engine.simulate.faults import read_faults
from engine.transport import sendgrid_answers, sendgrid_events, twilio_hooks
from engine.transport.bounce import read_bounce
from engine.transport.http import Answer, retry_after
from engine.transport.smtp_reply import NotSmtp, Reply, ReplyReader, Stage, queue_id, refusal
from engine.transport.source import Hook
from engine.transport.twilio_log import json_object
from engine.web.forms import clean

CORPUS = Path(__file__).with_name("corpus")
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
SITE = "https://rekindle.example"
TO = "ana@example.com"


@cache
def _folder() -> Path:
    return Path(mkdtemp(prefix="rekindle-fuzz-"))


def _file(name: str, data: bytes) -> Path:
    (_folder() / name).write_bytes(data)
    return _folder() / name


@cache
def _library() -> object:
    return load_library([shipped("campaigns")])


def campaign(data: bytes) -> None:
    """A campaign file, up to the campaign that it means."""
    reading = read_campaign(_file("x.yaml", data), _library())  # type: ignore[arg-type]
    assert (reading.campaign is None) == bool(reading.findings)
    assert len(reading.findings) <= MOST_FINDINGS + 1


def strategy(data: bytes) -> None:
    """A strategy file, and the same as a translation."""
    document = parse(data.decode("utf-8", "replace"), "x.yaml")
    for model in (StrategyFile, TranslationFile, CampaignFile):
        found, findings = validate(document, model)  # type: ignore[type-var]
        assert found is None or not findings


def faults(data: bytes) -> None:
    """What goes wrong in a rehearsal, and every outage that it makes."""
    with suppress(SettingsError):
        read_faults(_file("faults.toml", data)).outages(date(2026, 3, 2), 8)


def settings(data: bytes) -> None:
    """rekindle.toml."""
    _file(FILE, data)
    with suppress(SettingsError):
        load(_folder(), {})


def words(data: bytes) -> None:
    """The words of pages."""
    with suppress(RenderError):
        read_words(_file("words.toml", data), "web/words.toml").lines()


def couples(data: bytes) -> None:
    """A spreadsheet of couples: each record is a person or has its problem."""
    with suppress(Refused), Spreadsheet(io.BytesIO(data), "couples.csv", Header.known_in) as sheet:
        header: Header | None = None
        for line, cells, problem in sheet:
            assert line > 0
            if header is None:
                if problem is not None:
                    return
                header = Header(cells, "couples.csv, line 1")
                continue
            with suppress(BadValue):
                if problem is None:
                    assert header.row(line, cells).partner.timezone


def sendgrid(data: bytes) -> None:
    """A batch of SendGrid's events."""
    for heard in sendgrid_events.parse(Hook("events", f"{SITE}/webhooks/sendgrid/events", {}, data, NOW), "sendgrid"):
        assert heard is not None


def twilio(data: bytes) -> None:
    """Twilio's calls of both kinds, as a form and as JSON."""
    for kind in ("inbound", "status"):
        for query in ("", "?d=7.x", "?bodySHA256=00"):
            url = f"{SITE}/webhooks/twilio/{kind}{query}"
            assert len(twilio_hooks.parse(Hook(kind, url, {}, data, NOW), "twilio")) == 1


def bounce(data: bytes) -> None:
    """A mail to the return path."""
    assert read_bounce("smtp", data, NOW)


def smtp(data: bytes) -> None:
    """A relay's replies, as they come and cut in two; what each is said to mean holds none of the address."""
    with suppress(NotSmtp):
        whole = ReplyReader().feed(data)
        reader = ReplyReader()
        assert [*reader.feed(data[: len(data) // 2]), *reader.feed(data[len(data) // 2 :])] == whole
        for heard in whole[:20]:
            reply = Reply.of(heard)
            assert len(queue_id(heard)) <= len(data)
            for stage in Stage:
                for signed_in in (True, False):
                    assert TO not in refusal(stage, reply, signed_in=signed_in, to=TO).detail


def answers(data: bytes) -> None:
    """A provider's answers: JSON, and the headers that say how long to wait."""
    assert isinstance(json_object(data), dict)
    assert isinstance(sendgrid_answers.errors(data), list)
    said = data.decode("latin-1")
    for headers in ({"retry-after": said, "date": said}, {"x-ratelimit-reset": said, "date": said}):
        waits = retry_after(Answer(429, headers, data)), sendgrid_answers.wait(Answer(429, headers, data))
        assert all(wait is None or wait.total_seconds() >= 0 for wait in waits)


def activity(data: bytes) -> None:
    """An activity's Markdown, as a page and as text."""
    text = data.decode("utf-8", "replace")
    with suppress(RenderError):
        for piece in markdown.html(text, curly=True, css="").body:
            assert "<script" not in piece.text
        markdown.plain(text)
        markdown.line(text)


def condition(data: bytes) -> None:
    """A step's `when:`, read and asked."""
    with suppress(RenderError):
        compile_expression(data.decode("utf-8", "replace"))({"week": 3, "couple": {"ref": "c-1"}})


def token(data: bytes) -> None:
    """What stands in the address of a page: nothing opens one but what was signed."""
    links = Links(SITE, b"k" * 32)
    text = data.decode("utf-8", "surrogateescape")
    assert all(links.read(purpose, text) is None for purpose in Purpose)
    assert all(links.open(purpose, text, NOW.date()) is None for purpose in Purpose)


def text(data: bytes) -> None:
    """What somebody texts: its order, its number, its danger and its size."""
    said = clean(data.decode("utf-8", "replace"))
    keywords.read(said)
    assert numbers.rating(said) in {None, 1, 2, 3, 4, 5}
    safety.screen(said)
    assert segments.measure(segments.plainer(said)).parts <= len(said)


PARSERS: Mapping[str, Callable[[bytes], None]] = {
    parser.__name__: parser
    for parser in (
        *(campaign, strategy, faults, settings, words, couples, sendgrid, twilio),
        *(bounce, smtp, answers, activity, condition, token, text),
    )
}
