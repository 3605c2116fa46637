"""A person's addresses as they are kept, made by a process that need not know of any database."""

from typing import NamedTuple

from engine.model.campaign import Channel
from engine.model.couple import NewPartner
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault, address_index


class SealedAddresses(NamedTuple):
    """The hashes that addresses are looked up by, and themselves, sealed."""

    email_index: bytes | None
    phone_index: bytes | None
    email_cipher: bytes | None
    phone_cipher: bytes | None


def sealed(vault: Vault, partner: NewPartner) -> SealedAddresses:
    """A person's addresses as they will be kept."""
    email, phone = partner.email, partner.phone
    return SealedAddresses(
        address_index(vault, Channel.EMAIL, email) if email else None,
        address_index(vault, Channel.SMS, phone) if phone else None,
        vault.seal(email, SEALED_EMAIL) if email else None,
        vault.seal(phone, SEALED_PHONE) if phone else None,
    )
