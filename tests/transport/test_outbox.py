"""The outbox leaves real files: whole, named by delivery, never overwritten."""

import asyncio
import errno
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

from engine.errors import SettingsError
from engine.testing.transports import email, sms
from engine.transport.base import Accepted, Asked, ConnectionFailed, Message, Misconfigured, Outcome
from engine.transport.outbox import OutboxTransport
from engine.transport.setup import Setup


def send(outbox: OutboxTransport, *batch: Message) -> list[Outcome]:
    return list(asyncio.run(outbox.send(batch)))


def doubt(delivery_id: int) -> Asked:
    return Asked(delivery_id, datetime(2026, 3, 3, tzinfo=UTC))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_email_is_an_eml_file_and_a_text_is_a_txt_file_named_by_delivery(tmp_path: Path) -> None:
    outbox = OutboxTransport(tmp_path / "outbox")
    assert send(outbox, email(42), sms(7, "Zoë 💛")) == [Accepted("000042.eml"), Accepted("000007.txt")]
    assert names(tmp_path / "outbox") == ["000007.txt", "000042.eml"]
    read = message_from_bytes((tmp_path / "outbox" / "000042.eml").read_bytes())
    assert (read["To"], read["Message-ID"]) == ("ana@example.com", "<42.0@rekindle.example>")
    text = (tmp_path / "outbox" / "000007.txt").read_text(encoding="utf-8")
    assert text == "To: +12025550123\nValid-For: 14400 s\n\nZoë 💛\n"


def test_a_second_hand_over_is_seen_and_the_first_is_not_overwritten(tmp_path: Path) -> None:
    outbox = OutboxTransport(tmp_path)
    sent = [send(outbox, email(42, words))[0] for words in ("first", "second", "third")]
    assert sent == [Accepted("000042.eml"), Accepted("000042.2.eml"), Accepted("000042.3.eml")]
    assert b"first" in (tmp_path / "000042.eml").read_bytes()
    assert b"second" in (tmp_path / "000042.2.eml").read_bytes()


def test_nothing_half_written_is_left_beside_the_files(tmp_path: Path) -> None:
    send(OutboxTransport(tmp_path), *(email(number) for number in range(1, 30)))
    assert [name for name in names(tmp_path) if name.startswith(".")] == []


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_folder_that_cannot_be_written_is_a_misconfiguration_and_burns_nothing(tmp_path: Path, below: str) -> None:
    (tmp_path / "outbox").write_text("a file stands in its place")
    outcomes = send(OutboxTransport(tmp_path / "outbox" / below), email(1), sms(2))
    assert [type(outcome) for outcome in outcomes] == [Misconfigured, Misconfigured]
    assert (tmp_path / "outbox").read_text() == "a file stands in its place"


def test_it_can_be_asked_what_it_accepted_by_another_process(tmp_path: Path) -> None:
    send(OutboxTransport(tmp_path), email(1), sms(12), email(123_456_789))
    asked = OutboxTransport(tmp_path)
    assert [asyncio.run(asked.find(doubt(number))) for number in (1, 12, 123_456_789)] == [
        Accepted("000001.eml"),
        Accepted("000012.txt"),
        Accepted("123456789.eml"),
    ]
    for number in (2, 123, 1_234_567):
        assert isinstance(asyncio.run(asked.find(doubt(number))), ConnectionFailed)


def test_what_was_only_half_written_when_the_process_died_does_not_count_as_sent(tmp_path: Path) -> None:
    (tmp_path / ".000005.4242").write_bytes(b"From: half")
    assert isinstance(asyncio.run(OutboxTransport(tmp_path).find(doubt(5))), ConnectionFailed)


def test_an_option_it_does_not_have_is_refused_and_the_nearest_is_named() -> None:
    with pytest.raises(SettingsError) as refused:
        OutboxTransport.configure(Setup("outbox", {"foldr": "x"}))
    assert "folder" in refused.value.fix


def test_a_disk_that_is_full_refuses_the_message_leaves_nothing_half_written_and_takes_it_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = OutboxTransport(tmp_path / "out")
    with monkeypatch.context() as patched:

        def no_room(_path: Path, _content: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        patched.setattr(Path, "write_bytes", no_room)
        (outcome,) = send(outbox, email(1))
    assert isinstance(outcome, Misconfigured)  # it pauses the transport, and burns nothing
    assert "No space left on device" in outcome.detail
    assert list((tmp_path / "out").iterdir()) == []
    (outcome,) = send(outbox, email(1))
    assert isinstance(outcome, Accepted)
