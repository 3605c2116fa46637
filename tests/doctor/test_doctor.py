"""Every check of the doctor, both ways: what is wrong is named with its mend, what is well is said to be."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import text
from world import CONSENT, person

from engine.clock import VirtualClock
from engine.doctor.carriers import check_channels, check_transports, check_webhooks
from engine.doctor.finding import Finding, Severity
from engine.doctor.house import check_aside, check_campaigns, check_database, check_keys, check_standing
from engine.doctor.machine import check_disk, check_files, check_sqlite, check_zones
from engine.doctor.names import check_names
from engine.doctor.operator import check_alerts, check_help, check_metrics, check_sender
from engine.doctor.patient import Patient
from engine.doctor.rounds import CHECKS, look_over
from engine.doctor.server import check_server
from engine.doctor.site import check_callers, check_site
from engine.settings import load
from engine.store import alerts, breakers, couples
from engine.store.breakers import Breaker
from engine.store.database import open_database
from engine.store.vault import Vault
from engine.transport.base import ConnectionFailed
from engine.transport.http import Answer, Said
from engine.workspace import make

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
OWN = """
public_url = "https://nudge.test"
[sender]
email = "hello@nudge.test"
postal_address = "1 Own Street"
"""
SMTP = '[channels]\nemail = "smtp"\nsms = "outbox"\n[transports.smtp]\nhost = "relay.nudge.test"\n'
PROBLEM, WARNING, FINE = Severity

Check = Callable[[Patient], Iterable[Finding]]


def answered(body: str = '{"status":"ok"}', off: timedelta = timedelta(0), status: int = 200) -> Said:
    """What is said at public_url by a server whose clock is off by so much."""
    return Answer(status, {"date": format_datetime(NOW - off, usegmt=True)}, body.encode())


@pytest.fixture
def patient(tmp_path: Path) -> Callable[..., Patient]:
    """Makes a workspace with these settings; DNS holds `records`, and public_url says `said`."""

    def one(
        toml: str = OWN,
        records: Mapping[str, Sequence[str] | None] | None = None,
        said: Said | None = None,
        **given: Any,
    ) -> Patient:
        make(tmp_path)
        (tmp_path / "rekindle.toml").write_text(toml, encoding="utf-8")
        return Patient(
            load(tmp_path, {}),
            VirtualClock(given.pop("now", NOW)),
            ask=lambda name: (records or {}).get(name, []),
            fetch=lambda address: said or ConnectionFailed("The connection failed."),
            **given,
        )

    return one


def found(check: Check, patient: Patient) -> dict[Severity, str]:
    """What a check says, by how bad it is."""
    said: dict[Severity, str] = {}
    for each in check(patient):
        assert bool(each.mend) or each.severity is FINE, each
        said[each.severity] = f"{said.get(each.severity, '')} {each.what}".strip()
    patient.close()
    return said


@pytest.mark.parametrize(
    ("toml", "said", "severity", "words"),
    [
        (OWN, answered(), FINE, "is reached"),
        (OWN, answered("<html>"), PROBLEM, "Something else answers"),
        (OWN, answered("{}", status=503), PROBLEM, "HTTP 503"),
        (OWN, None, PROBLEM, "cannot be reached. The connection failed."),
        (OWN, answered(off=timedelta(minutes=4)), PROBLEM, "240 seconds ahead"),
        (OWN, answered(off=-timedelta(minutes=4)), PROBLEM, "240 seconds behind"),
        (OWN, answered(off=timedelta(seconds=9)), FINE, "The clock agrees"),
        (OWN.replace("https", "http"), answered(), PROBLEM, "is not https"),
        (OWN.replace("nudge.test", "localhost", 1), answered(), PROBLEM, "this machine only"),
        (OWN.replace("nudge.test", "10.1.2.3", 1), answered(), PROBLEM, "this machine only"),
        (OWN.replace("nudge.test", "rekindle.example", 1), answered(), PROBLEM, "still the example"),
    ],
)
def test_the_public_address_is_ours_https_and_answered_by_us_with_our_time(
    patient: Callable[..., Patient], toml: str, said: Said | None, severity: Severity, words: str
) -> None:
    assert words in found(check_site, patient(toml, said=said))[severity]


@pytest.mark.parametrize(
    ("toml", "severity", "words"),
    [
        (OWN, WARNING, "all callers are one"),
        (OWN + '[web]\nhost = "0.0.0.0"\n', WARNING, "all callers are one"),
        (OWN + '[web]\nclient_header = "X-Real-IP"\n', FINE, "X-Real-IP"),
        (OWN.replace("https", "http"), FINE, "by their connections"),
    ],
)
def test_behind_a_proxy_that_does_not_say_who_calls_all_callers_are_one(
    patient: Callable[..., Patient], toml: str, severity: Severity, words: str
) -> None:
    said = found(check_callers, patient(toml))
    assert list(said) == [severity]
    assert words in said[severity]


def test_offline_asks_nobody_and_finds_only_what_is_from_the_future(patient: Callable[..., Patient]) -> None:
    def nobody(_: str) -> Any:
        raise AssertionError("somebody was asked")

    quiet = patient(offline=True)
    quiet.ask = quiet.fetch = nobody
    assert set(found(check_site, quiet)) == {WARNING}
    assert found(check_names, quiet) == {}
    with open_database(quiet.settings.resolved_database_url).begin() as connection:
        vault = Vault.load_key_file(quiet.settings.path(quiet.settings.key_file))
        couples.add(connection, vault, "later", [person("Ana")], CONSENT, NOW + timedelta(days=1))
    assert "yet to come" in found(check_site, patient(offline=True))[PROBLEM]
    assert set(found(check_site, patient(offline=True, now=NOW + timedelta(days=2)))) == {FINE}


@pytest.mark.parametrize(
    ("toml", "severity", "words"),
    [
        (OWN, FINE, "your own"),
        (OWN.replace("hello@nudge.test", "hello@rekindle.example"), PROBLEM, "sender.email"),
        (OWN.replace("1 Own Street", "1 Example Street, Exampletown"), PROBLEM, "postal_address"),
    ],
)
def test_the_sender_is_no_longer_the_example(
    patient: Callable[..., Patient], toml: str, severity: Severity, words: str
) -> None:
    assert words in found(check_sender, patient(toml))[severity]


HOOK = '[alerts]\nwebhook = "{}"\nwebhook_secret = "s"\n'


@pytest.mark.parametrize(
    ("toml", "severity", "words"),
    [
        ("", PROBLEM, "Nobody is told"),
        ('[alerts]\nemail = "me@nudge.test"', FINE, "by email"),
        (HOOK.format("https://hooks.test/x"), WARNING, "`alerts.email` is not set"),
        (HOOK.format("http://hooks.test/x") + 'email = "me@nudge.test"', WARNING, "not https"),
    ],
)
def test_somebody_is_told_when_something_is_out_of_order(
    patient: Callable[..., Patient], toml: str, severity: Severity, words: str
) -> None:
    assert words in found(check_alerts, patient(toml))[severity]


@pytest.mark.parametrize(
    ("toml", "severity"),
    [
        ("", FINE),
        ("[metrics]\nport = 9464", FINE),
        ('[metrics]\nport = 9464\nhost = "0.0.0.0"', WARNING),
        ('[metrics]\nport = 9464\nhost = "0.0.0.0"\ntoken = "sixteen letters!"', FINE),
    ],
)
def test_metrics_are_not_open_to_a_network_without_a_token(
    patient: Callable[..., Patient], toml: str, severity: Severity
) -> None:
    assert set(found(check_metrics, patient(toml))) == {severity}


def test_lines_of_help_are_confirmed_by_having_files_of_ones_own(
    patient: Callable[..., Patient], tmp_path: Path
) -> None:
    assert set(found(check_help, patient())) == {WARNING}
    (tmp_path / "templates" / "resources").mkdir()
    (tmp_path / "templates" / "resources" / "GB.toml").touch()
    assert set(found(check_help, patient())) == {FINE}


def test_what_others_can_read_is_named_with_the_command_that_ends_it(
    patient: Callable[..., Patient], tmp_path: Path
) -> None:
    assert set(found(check_files, patient())) == {FINE}
    for name in ("rekindle.key", "rekindle.sqlite3"):
        (tmp_path / name).chmod(0o644)
    said = list(check_files(patient()))
    assert [(each.severity, Path(each.mend.split()[-1].strip("`.")).name) for each in said] == [
        (PROBLEM, "rekindle.key"),
        (PROBLEM, "rekindle.sqlite3"),
    ]
    for name in ("rekindle.key", "rekindle.sqlite3"):
        (tmp_path / name).chmod(0o600)
    (tmp_path / "rekindle.toml").chmod(0o644)
    assert set(found(check_files, patient(OWN + SMTP))) == {FINE}
    assert set(found(check_files, patient(OWN + SMTP + 'username = "u"\npassword = "p"\n'))) == {WARNING}
    assert set(found(check_files, patient(OWN + SMTP + 'username = "u"\npassword_file = "p"\n'))) == {FINE}


@pytest.mark.parametrize(("free", "severity"), [(50_000_000_000, FINE), (900_000_000, WARNING), (100_000_000, PROBLEM)])
def test_a_disk_that_is_nearly_full_is_named(patient: Callable[..., Patient], free: int, severity: Severity) -> None:
    assert set(found(lambda one: check_disk(one, lambda folder: (0, 0, free)), patient())) == {severity}


def test_a_sqlite_with_the_bug_of_write_ahead_logs_is_noted(patient: Callable[..., Patient]) -> None:
    assert set(found(lambda one: check_sqlite(one, (3, 51, 2)), patient())) == {WARNING}
    assert set(found(lambda one: check_sqlite(one, (3, 51, 3)), patient())) == {FINE}


@pytest.mark.parametrize(
    ("version", "severity"),
    [("2026b", FINE), ("2026a", FINE), ("2025f", FINE), ("2025a", WARNING), ("2024b", WARNING), ("new", WARNING)],
)
def test_tz_data_of_more_than_a_year_ago_is_named(
    patient: Callable[..., Patient], version: str, severity: Severity
) -> None:
    assert set(found(lambda one: check_zones(one, version), patient(now=NOW - timedelta(days=30)))) == {severity}


def test_keys_are_there_and_fit_the_database(patient: Callable[..., Patient], tmp_path: Path) -> None:
    one = patient()
    vault = Vault.load_key_file(tmp_path / "rekindle.key")
    with open_database(one.settings.resolved_database_url).begin() as connection:
        couples.add(connection, vault, "rivera", [person("Ana")], CONSENT, NOW)
    assert set(found(check_keys, patient())) == {FINE}
    (tmp_path / "rekindle.key").unlink()
    assert "is not there" in found(check_keys, Patient(one.settings))[PROBLEM]
    Vault.write_key_file(tmp_path / "rekindle.key")
    assert PROBLEM in found(check_keys, Patient(one.settings))


def test_the_database_is_there_and_of_this_version(patient: Callable[..., Patient], tmp_path: Path) -> None:
    assert set(found(check_database, patient())) == {FINE}
    for version, words in (("0002", "behind this Rekindle"), ("9999", "does not know")):
        with open_database(f"sqlite:///{tmp_path}/rekindle.sqlite3").begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
            connection.execute(text("UPDATE compatibility SET oldest = :v"), {"v": version})
        one = Patient(load(tmp_path, {}))
        assert words in found(check_database, one)[PROBLEM]
        assert found(check_standing, one) == {}
    (tmp_path / "rekindle.sqlite3").unlink()
    one = Patient(load(tmp_path, {}))
    assert "There is no database" in found(check_database, one)[PROBLEM]
    assert not (tmp_path / "rekindle.sqlite3").exists(), "looking made one"


def test_what_waits_for_the_operator_is_named(patient: Callable[..., Patient], tmp_path: Path) -> None:
    one = patient()
    assert set(found(check_standing, one)) == {FINE}
    vault = Vault.load_key_file(tmp_path / "rekindle.key")
    with open_database(one.settings.resolved_database_url).begin() as connection:
        couples.add(connection, vault, "rivera", [person("Ana")], CONSENT, NOW)
        alerts.add(connection, 1, "self-harm", "text", NOW)
        breakers.trip(connection, "smtp", Breaker(5, NOW + timedelta(minutes=1), "The connection failed."))
    said = found(check_standing, patient())
    assert "1 alert waits" in said[PROBLEM]
    assert "smtp is left alone: The connection failed." in said[PROBLEM]


def test_a_mistake_in_a_campaign_is_named(patient: Callable[..., Patient], tmp_path: Path) -> None:
    one = patient()
    (tmp_path / "campaigns" / "mine.yaml").write_text("campaign: mine\nweeks: none\n", encoding="utf-8")
    assert "mine.yaml:1:1" in found(check_campaigns, one)[PROBLEM]


def test_channels_that_reach_nobody_are_named(patient: Callable[..., Patient]) -> None:
    said = found(check_channels, patient(OWN + SMTP))
    assert said[WARNING].startswith("sms goes to outbox")
    assert said[FINE] == "email goes by smtp."


@pytest.mark.parametrize(
    ("toml", "severity", "words"),
    [
        ("", FINE, "outbox"),
        ('[channels]\nemail = "smtp"\n', PROBLEM, "smtp cannot start: transports.smtp.host is missing"),
        ('[channels]\nemail = "twilio"\n', PROBLEM, "twilio cannot start"),
        ('[channels]\nemail = "pigeon"\n', PROBLEM, "no transport called `pigeon`"),
        ("[pace.nobody]\nper_second = 1\n", PROBLEM, "the limit of nothing"),
    ],
)
def test_transports_start_and_say_what_is_wrong_with_them(
    patient: Callable[..., Patient], toml: str, severity: Severity, words: str
) -> None:
    assert words in found(check_transports, patient(toml))[severity]


@pytest.mark.parametrize(
    ("table", "severity"),
    [
        ("", WARNING),
        ('bounce_token = "t"', FINE),
        ('bounce_token_file = "t"', FINE),
        ('use = "sendgrid"', PROBLEM),
        ('use = "sendgrid"\nwebhook_key = "k"', FINE),
        ('use = "twilio"', PROBLEM),
    ],
)
def test_what_proves_the_calls_of_a_provider_is_there(
    patient: Callable[..., Patient], table: str, severity: Severity
) -> None:
    assert set(found(check_webhooks, patient(SMTP + table))) == {severity}


KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().replace("\n", "\\\\n")
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
SIGNED = OWN + SMTP + f'dkim_domain = "nudge.test"\ndkim_selector = "k1"\ndkim_key = "{PEM}"\n'
GOOD = {
    "nudge.test": ["google-site-verification=x", "v=spf1 include:_spf.relay.test mx ~all"],
    "_spf.relay.test": ["v=spf1 ip4:192.0.2.0/24 a:out.relay.test -all"],
    "k1._domainkey.nudge.test": [f"v=DKIM1; k=ed25519; p={PUBLIC}"],
    "_dmarc.nudge.test": ["v=DMARC1; p=quarantine; rua=mailto:me@nudge.test"],
}
MANY = {f"s{n}.test": [f"v=spf1 include:s{n + 1}.test a -all"] for n in range(30)}


@pytest.mark.parametrize(
    ("changed", "severity", "words"),
    [
        ({}, FINE, "3 look-ups"),
        ({"nudge.test": []}, PROBLEM, "no SPF record"),
        ({"nudge.test": ["v=spf1 -all", "v=spf1 ~all"]}, PROBLEM, "2 SPF records"),
        ({"nudge.test": ["v=spf1 +all"]}, PROBLEM, "lets anybody send"),
        ({"nudge.test": ["v=spf1 include:s0.test -all"], **MANY}, PROBLEM, "with more than 10 it fails"),
        ({"nudge.test": ["v=spf1 include:nudge.test -all"]}, FINE, "SPF record, of"),
        ({"nudge.test": None}, WARNING, "DNS did not answer about nudge.test"),
        ({"_spf.relay.test": None}, WARNING, "did not answer"),
        ({}, FINE, "There is a DKIM key"),
        ({"k1._domainkey.nudge.test": []}, PROBLEM, "no DKIM key"),
        ({"k1._domainkey.nudge.test": ["v=DKIM1; p="]}, PROBLEM, "revoked"),
        ({"k1._domainkey.nudge.test": ["v=DKIM1; p=AAAA"]}, PROBLEM, "not the one that is signed with"),
        ({"k1._domainkey.nudge.test": None}, WARNING, "DNS did not answer"),
        ({}, FINE, "quarantine"),
        ({"_dmarc.nudge.test": []}, PROBLEM, "no DMARC record"),
        ({"_dmarc.nudge.test": ["v=DMARC1; p=none"]}, WARNING, "is none"),
        ({"_dmarc.nudge.test": ["v=DMARC1; rua=mailto:x@y"]}, PROBLEM, "has no policy"),
        ({"_dmarc.nudge.test": None}, WARNING, "DNS did not answer"),
    ],
)
def test_dns_names_who_may_send_and_sign_for_the_senders_domain(
    patient: Callable[..., Patient], changed: dict[str, Any], severity: Severity, words: str
) -> None:
    assert words in found(check_names, patient(SIGNED, GOOD | changed))[severity]


def test_dns_is_not_asked_about_a_domain_that_sends_nothing(patient: Callable[..., Patient]) -> None:
    assert found(check_names, patient(OWN)) == {}
    assert "does not sign" in found(check_names, patient(OWN + SMTP, GOOD))[WARNING]
    other = SIGNED.replace('dkim_domain = "nudge.test"', 'dkim_domain = "other.test"')
    assert "DMARC does not count it" in found(check_names, patient(other, GOOD))[PROBLEM]
    sendgrid = OWN + '[channels]\nemail = "sendgrid"\n[transports.sendgrid]\napi_key = "x"\n'
    assert "no DKIM key" in found(check_names, patient(sendgrid, GOOD))[PROBLEM]
    assert PROBLEM not in found(check_names, patient(sendgrid, GOOD | {"s1._domainkey.nudge.test": ["p=AAAA"]}))


def test_a_check_that_fails_is_a_finding_and_the_others_go_on(
    patient: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_broken(_: Patient) -> Iterable[Finding]:
        raise LookupError("ana@example.com")

    monkeypatch.setattr("engine.doctor.rounds.CHECKS", (check_broken, check_sender))
    said = look_over(patient())
    assert [(each.check, each.severity) for each in said] == [("broken", PROBLEM), ("sender", FINE)]
    assert "ana@" not in json.dumps([each.what for each in said])


def test_every_check_of_the_doctors_rooms_is_in_the_tuple() -> None:
    here = {check_site, check_sender, check_alerts, check_metrics, check_help, check_files, check_disk}
    here |= {
        check_callers,
        check_sqlite,
        check_server,
        check_zones,
        check_keys,
        check_database,
        check_standing,
        check_aside,
        check_campaigns,
        check_channels,
    }
    assert set(CHECKS) == here | {check_transports, check_webhooks, check_names}
