"""The whole story: a campaign file and a spreadsheet go in, real messages come out at the right local hour."""

import asyncio
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from engine.app import build
from engine.clock import VirtualClock
from engine.model.couple import Consent
from engine.report.deliveries import lines
from engine.settings import load
from engine.workspace import make

CAMPAIGN = """\
campaign: two-evenings
title: Two evenings
weeks: 1
defaults: {to: both, channel: preferred, late_after: 24h}
themes:
  1: {strategies: quality-time, depth: [1, 2]}
steps:
  - {step: talk, days: [tuesday], at: partner, template: prompt, draw: {kind: conversation}}
  - {step: try, days: [friday], at: "18:30", template: exercise, draw: {kind: exercise}}
"""
COUPLES = """\
couple,given_name,email,phone,timezone,locale,channel,send_at,causes
aroha-and-tom,Aroha,aroha@example.com,,Pacific/Auckland,en-NZ,email,19:00,
aroha-and-tom,Tom,,+1 310 555 0142,America/Los_Angeles,en-US,sms,08:15,
"""


def test_from_a_campaign_file_and_a_spreadsheet_to_the_outbox(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "campaigns" / "two-evenings.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (tmp_path / "couples.csv").write_text(COUPLES, encoding="utf-8")
    clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))
    engine = build(load(tmp_path), clock)
    assert engine.import_couples(tmp_path / "couples.csv", Consent("Yes, write to us.", "a form")).added_partners == 2
    engine.enroll(engine.campaign("two-evenings"), date(2026, 3, 2))
    while (wake := engine.next_wake()) is not None:
        clock.move_to(wake)
        asyncio.run(engine.tick())

    with engine.database.read() as connection:
        told = [
            (each.line.partner, each.line.local_time, each.line.channel, each.line.status) for each in lines(connection)
        ]
    assert told == [
        ("Aroha", "2026-03-03T19:00:00+13:00", "email", "sent"),
        ("Tom", "2026-03-03T09:00:00-08:00", "sms", "sent"),  # 8:15 is too early to be written to
        ("Aroha", "2026-03-06T18:30:00+13:00", "email", "sent"),
        ("Tom", "2026-03-06T18:30:00-08:00", "sms", "sent"),
    ]
    emails, texts = (sorted((tmp_path / "outbox").glob(f"*.{kind}")) for kind in ("eml", "txt"))
    assert (len(emails), len(texts)) == (2, 2)
    first = message_from_bytes(emails[0].read_bytes(), policy=default)
    assert first["To"] == "aroha@example.com"
    assert b"Hello Aroha," in emails[0].read_bytes()
    assert texts[0].read_text(encoding="utf-8").startswith("To: +13105550142\nValid-For: 39600 s\n\nRekindle: ")
    asyncio.run(engine.aclose())
