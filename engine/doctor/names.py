"""What DNS says of the domain that emails come from: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489).

Mailbox providers ask bulk senders for all three, aligned with the From address.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.doctor.finding import Finding, fine, problem, warning
from engine.doctor.patient import Patient
from engine.model.campaign import Channel

MOST_LOOKUPS = 10  # RFC 7208, 4.6.4
COSTLY = re.compile(r"[+?~-]?(include|a|mx|ptr|exists)(?:[:/].*)?$|redirect=", re.IGNORECASE)
SENDGRID_SELECTORS = ("s1", "s2")


def check_names(patient: Patient) -> Iterator[Finding]:
    """SPF, DKIM and DMARC of the sender's domain, where emails reach people and DNS may be asked."""
    domain = patient.domain
    if patient.offline or not patient.real(Channel.EMAIL) or domain == "example" or domain.endswith(".example"):
        return
    yield _spf(patient, domain)
    yield from _dkim(patient, domain)
    yield _dmarc(patient, domain)


@dataclass
class _Spf:
    """What following a record comes to."""

    lookups: int = 0
    unanswered: bool = False
    seen: set[str] = field(default_factory=set)


def _spf(patient: Patient, domain: str) -> Finding:
    records = _starting(patient, domain, "v=spf1")
    if records is None:
        return _silent("spf", domain)
    if not records:
        what = f"{domain} has no SPF record: nobody is named who may send for it."
        return problem(
            "spf", what, 'Add a TXT record "v=spf1 include:YOUR-PROVIDER ~all"; your provider shows its part.'
        )
    if len(records) > 1:
        return problem("spf", f"{domain} has {len(records)} SPF records, so none counts.", "Make one of them.")
    if re.search(r"(?:^|\s)\+?all(?:\s|$)", records[0]):
        return problem("spf", f"The SPF record of {domain} lets anybody send for it.", "End it with ~all or -all.")
    return _counted(patient, domain, records[0])


def _counted(patient: Patient, domain: str, record: str) -> Finding:
    counted = _Spf()
    _follow(patient, record, counted)
    if counted.lookups > MOST_LOOKUPS:
        what = f"The SPF record of {domain} takes {counted.lookups} look-ups; with more than {MOST_LOOKUPS} it fails."
        return problem("spf", what, "Take out includes of providers that you no longer use.")
    if counted.unanswered:
        return warning("spf", f"A part of the SPF record of {domain} did not answer.", "Ask again later.")
    return fine("spf", f"{domain} has an SPF record, of {counted.lookups} look-ups.")


def _follow(patient: Patient, record: str, counted: _Spf) -> None:
    for term in record.split()[1:]:
        if not COSTLY.match(term):
            continue
        counted.lookups += 1
        other = re.match(r"[+?~-]?include:(\S+)|redirect=(\S+)", term, re.IGNORECASE)
        name = (other[1] or other[2]).lower() if other else ""
        if not name or "%" in name or name in counted.seen or counted.lookups > MOST_LOOKUPS:
            continue
        counted.seen.add(name)
        found = _starting(patient, name, "v=spf1")
        counted.unanswered |= found is None
        if found:
            _follow(patient, found[0], counted)


def _dkim(patient: Patient, domain: str) -> Iterator[Finding]:
    for name in patient.real(Channel.EMAIL):
        table = patient.settings.transports.get(name, {})
        kind = patient.kind(name)
        if kind == "smtp" and patient.has(name, "dkim_selector"):
            signed = str(table.get("dkim_domain", "")).lower()
            if not _aligned(signed, domain):
                what = f"{name} signs for {signed}, while emails come from {domain}: DMARC does not count it."
                yield problem("dkim", what, "Sign for the sender's own domain.")
            yield _key(patient, f"{table.get('dkim_selector')}._domainkey.{signed}", _public(patient, name))
        elif kind == "smtp":
            what = f"{name} does not sign: either the relay does, or nobody."
            yield warning("dkim", what, "If the relay does not, set dkim_domain, dkim_selector and a key.")
        elif kind == "sendgrid":
            found = [_key(patient, f"{each}._domainkey.{domain}", None) for each in SENDGRID_SELECTORS]
            yield next((each for each in found if each.severity == "fine"), found[0])


def _key(patient: Patient, name: str, ours: bytes | None) -> Finding:
    records = patient.ask(name)
    if records is None:
        return _silent("dkim", name)
    tags = [_tags(each) for each in records]
    keys = [each["p"] for each in tags if "p" in each]
    if not keys:
        return problem("dkim", f"There is no DKIM key at {name}.", "Publish the record that belongs to the key.")
    if not any(keys):
        return problem("dkim", f"The DKIM key at {name} is revoked.", "Publish the key that is signed with.")
    if ours is not None and ours not in [_decoded(each) for each in keys]:
        what = f"The DKIM key at {name} is not the one that is signed with: every signature fails."
        return problem("dkim", what, "Publish the public part of the key in use.")
    return fine("dkim", f"There is a DKIM key at {name}.")


def _dmarc(patient: Patient, domain: str) -> Finding:
    found = None
    for name in dict.fromkeys((domain, ".".join(domain.split(".")[-2:]))):  # its own, else the organisation's
        found = _starting(patient, f"_dmarc.{name}", "v=DMARC1")
        if found is None:
            return _silent("dmarc", f"_dmarc.{name}")
        if found:
            break
    if not found:
        what = f"{domain} has no DMARC record, which Google and Yahoo ask bulk senders for."
        return problem("dmarc", what, f'Add a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:YOU".')
    policy = _tags(found[0]).get("p", "").lower()
    if policy not in ("none", "quarantine", "reject"):
        return problem("dmarc", f"The DMARC record of {domain} has no policy.", "Add p=none, p=quarantine or p=reject.")
    if policy == "none":
        what = f"The DMARC policy of {domain} is none: whoever forges it is let through."
        return warning("dmarc", what, "Once reports show that your own mail passes, make it p=quarantine.")
    return fine("dmarc", f"The DMARC policy of {domain} is {policy}.")


def _starting(patient: Patient, name: str, start: str) -> list[str] | None:
    """Records that begin so; None when DNS does not answer."""
    records = patient.ask(name)
    if records is None:
        return None
    return [each for each in records if re.match(re.escape(start) + r"(?:[\s;]|$)", each, re.IGNORECASE)]


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs if name.strip()}


def _aligned(signed: str, domain: str) -> bool:
    """Relaxed alignment, as near as it can be told without the list of public suffixes."""
    return signed == domain or signed.endswith(f".{domain}") or domain.endswith(f".{signed}")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _public(patient: Patient, name: str) -> bytes | None:
    """The public part of the key that a relay's mail is signed with, as DNS has it; None where it cannot be read."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    table = patient.settings.transports.get(name, {})
    try:
        if table.get("dkim_key_file"):
            pem = (patient.settings.workspace / str(table["dkim_key_file"])).read_bytes()
        else:
            pem = str(table.get("dkim_key", "")).replace("\\n", "\n").encode()
        public = load_pem_private_key(pem, password=None).public_key()
        private = load_pem_private_key(pem, password=None)
    except (OSError, ValueError, TypeError):
        return None  # the check of transports says it
    if isinstance(private, Ed25519PrivateKey):
        return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _silent(check: str, name: str) -> Finding:
    return warning(check, f"DNS did not answer about {name}.", "Ask again later, or look at this machine's resolver.")
