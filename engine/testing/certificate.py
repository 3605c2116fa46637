"""Throw-away TLS certificates for providers on this machine: an authority to trust, and a server it vouches for."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

START = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = timedelta(days=365 * 80)

HERE = "127.0.0.1"


def serving(folder: Path, name: str = HERE) -> tuple[ssl.SSLContext, Path]:
    """A server's side for a host name or IP address, and the file that holds the authority to trust.

    Every call makes an authority of its own and writes into `folder`, which must exist.
    """
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _named("Loopback authority")
    root = _builder(root_name, root_name, root_key.public_key(), root_key.public_key(), authority=True)
    leaf = _builder(_named("Loopback server"), root_name, key.public_key(), root_key.public_key(), authority=False)
    leaf = leaf.add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)
    ca_file, chain = folder / "authority.pem", folder / "server.pem"
    ca_file.write_bytes(root.sign(root_key, SHA256()).public_bytes(Encoding.PEM))
    chain.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + leaf.sign(root_key, SHA256()).public_bytes(Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    return context, ca_file


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    by: ec.EllipticCurvePublicKey,
    authority: bool,
) -> x509.CertificateBuilder:
    """What Python 3.13's strict verification (RFC 5280) asks of a certificate."""
    usage = x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + DAYS)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
