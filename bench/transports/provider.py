"""A sink in a process of its own, as a benchmark sees it: a port, and what has come."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from ssl import get_default_verify_paths

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Come:
    """What has come to a sink since it last forgot, and the processor time that took it."""

    messages: int
    different: int
    processor: float


class Provider:
    """A running sink."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.port = int(self._read())

    def forget(self) -> None:
        """Begin counting anew."""
        self._order("forget")

    def come(self) -> Come:
        """What has come since `forget`."""
        return Come(**json.loads(self._order("count")))

    def stop(self) -> None:
        """End the sink's process; it is waited for."""
        self._process.communicate(timeout=10)

    def _order(self, order: str) -> str:
        print(order, file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the sink has ended; what it said is above")
        return line


@contextmanager
def smtp_sink(*offers: str, latency: float = 0.0) -> Iterator[Provider]:
    """An SMTP server that offers what is given, such as PIPELINING."""
    yield from _running("smtp_sink", f"--latency={latency}", "--offer", *offers)


@contextmanager
def http_sink(api: str, latency: float = 0.0, certificate: Path | None = None) -> Iterator[Provider]:
    """An API, `sendgrid` or `twilio`; over TLS if it is given a certificate."""
    tls = [] if certificate is None else [f"--tls={certificate}"]
    yield from _running("http_sink", api, f"--latency={latency}", *tls)


def _running(module: str, *arguments: str) -> Iterator[Provider]:
    command = [sys.executable, "-m", f"bench.transports.{module}", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    provider = Provider(process)
    try:
        yield provider
    finally:
        provider.stop()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A new certificate for HOST with its key, and a file of authorities that trusts it beside all the system's own.

    The system's are in it because reading them is what a client pays in real life.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )
    own, trusted = folder / "sink.pem", folder / "trusted.pem"
    own.write_bytes(made + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    system = get_default_verify_paths().cafile
    trusted.write_bytes((Path(system).read_bytes() if system else b"") + made)
    return own, trusted
