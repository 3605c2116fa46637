"""The operator's password, as Argon2id (RFC 9106) keeps it: 64 MiB and about 0.2 s for each try."""

import secrets

LONGEST = 1_000
SHORTEST = 12


def hashed(password: str) -> str:
    """The line for `operator.password_hash`."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    made = Argon2id(salt=secrets.token_bytes(16), length=32, iterations=3, lanes=4, memory_cost=64 * 1024)
    return made.derive_phc_encoded(password.encode())


def fits(password: str, phc: str) -> bool:
    """Whether it is the password that was hashed so; takes as long either way."""
    from cryptography.exceptions import InvalidKey
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        Argon2id.verify_phc_encoded(password[:LONGEST].encode(), phc)
    except InvalidKey:
        return False
    return True
