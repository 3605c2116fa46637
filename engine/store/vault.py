"""Seals what is personal before it reaches the database, and makes the keyed hashes it is looked up by.

Two kinds of key, both 32 bytes. Seal keys rotate: add one, make it current, and what older ones sealed still opens
while they stay listed. The `lasting` key never changes: look-up hashes, links and draws derive from it, so rotating a
seal key moves none of them.
"""

import base64
import hmac
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.clock import stopwatch
from engine.errors import Refused, SettingsError, Unreadable
from engine.model.campaign import Channel

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
INDEX_BYTES = 16  # 128 bits: no two of a billion addresses meet by chance
VERSION = 1
CURRENT = "current"
LASTING = "lasting"
LOOK_SECONDS = 1.0
"""How long a process may go on sealing with a key that is not the current one any more."""
KEY_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,15}")

# What a value was sealed for: one kind of value never opens as another.
SEALED_EMAIL = "partner.email"
SEALED_PHONE = "partner.phone"

KEY_FILE_HEADING = """\
# Rekindle's keys. Whoever has this file and the database can read every address; whoever loses it can read none.
# Keep a copy apart from the database's own backup.
#
# To change keys: `rekindle keys add`, bring this file to every machine, `rekindle keys rotate`, `rekindle keys retire`.
# An old key still opens what it sealed. Never change `lasting`: look-ups, links and draws derive from it.
"""


class Vault:
    """Seals, opens and indexes text. Safe to share between threads; its repr shows no key.

    A sealed value is `version (1 byte) | length of key id (1) | key id | nonce (12) | ciphertext and tag`, AES-256-GCM
    with the header and the purpose as associated data. Nonces are random: good for 2**32 values a key (NIST SP
    800-38D, 8.3).
    """

    def __init__(self, keys: Mapping[str, bytes], current: str, lasting: bytes) -> None:
        """`keys` are the seal keys by id; SettingsError when one is not 32 bytes or `current` is not among them."""
        for key_id, key in {**keys, LASTING: lasting}.items():
            if not KEY_ID.fullmatch(key_id):
                raise SettingsError(
                    f"{key_id!r} cannot be a key's name.", fix="Use up to 16 of a-z, 0-9, - and _, such as k2."
                )
            if len(key) != KEY_BYTES:
                raise SettingsError(
                    f"Key {key_id} is {len(key)} bytes long; it must be {KEY_BYTES}.",
                    fix="Make one with `head -c 32 /dev/urandom | base64`.",
                )
        if current not in keys or current == LASTING:
            raise SettingsError(
                f"The current key {current!r} is not among the keys.", fix=f"Name one of: {', '.join(sorted(keys))}."
            )
        self._use(keys, current)
        self._lasting = lasting
        self._keyed: dict[str, hmac.HMAC] = {}  # with nothing in them yet; keying one costs more than copying it
        self._file: Path | None = None
        self._seen: _Stamp | None = None
        self._looked = 0.0

    def _use(self, keys: Mapping[str, bytes], current: str) -> None:
        self._keys = dict(keys)
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        # In one piece, as other threads are sealing.
        self._sealing = current, self.header_of(current), self._ciphers[current]

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return self._sealing[0]

    @property
    def key_ids(self) -> list[str]:
        """Those of all seal keys."""
        return sorted(self._ciphers)

    @staticmethod
    def header_of(key_id: str) -> bytes:
        """How each value begins that this key has sealed."""
        return bytes((VERSION, len(key_id))) + key_id.encode()

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[object, ...]]:
        """For a process of ours: it reads the key file itself; without one the keys go along."""
        if self._file is not None:
            return self.load_key_file, (self._file,)
        return type(self), (self._keys, self.current, self._lasting)

    def __repr__(self) -> str:
        return f"Vault(keys={sorted(self._ciphers)}, current={self.current!r})"

    def seal(self, text: str, purpose: str) -> bytes:
        """`text` under the current key; no two results are alike. Opens only with the same `purpose`."""
        return self.seal_bytes(text.encode(), purpose)

    def seal_bytes(self, clear: bytes, purpose: str) -> bytes:
        """The same, of bytes."""
        if self._file is not None and stopwatch() - self._looked >= LOOK_SECONDS:
            self.look_again()
        nonce = os.urandom(NONCE_BYTES)
        _, header, cipher = self._sealing
        return header + nonce + cipher.encrypt(nonce, clear, header + purpose.encode())

    def open(self, blob: bytes, purpose: str) -> str:
        """What was sealed for `purpose`. Unreadable when altered, sealed for something else, or its key is gone."""
        return self.open_bytes(blob, purpose).decode()

    def open_bytes(self, blob: bytes, purpose: str) -> bytes:
        """The same, of what was sealed as bytes."""
        if len(blob) < 2 or blob[0] != VERSION:
            raise _unreadable("is not in a form this version knows")
        start = 2 + blob[1]
        header, sealed = blob[:start], blob[start:]
        key_id = header[2:].decode("ascii", "replace")
        if key_id not in self._ciphers and self._file is not None:
            self.look_again()
        cipher = self._ciphers.get(key_id)
        if cipher is None or len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise _unreadable("was sealed with a key that is not listed, or is damaged")
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], header + purpose.encode())
        except InvalidTag:
            raise _unreadable("is damaged, or was sealed for something else or with another key") from None

    def look_again(self) -> None:
        """Read the key file once more, if it was changed since: keys rotate while processes run.

        One that cannot be read now, or has another lasting key and so is another workspace's, changes nothing.
        """
        self._looked = stopwatch()
        if self._file is None or (stamp := _stamp(self._file)) == self._seen or stamp is None:
            return
        try:
            fresh = self.load_key_file(self._file)
        except SettingsError:
            return
        if hmac.compare_digest(fresh._lasting, self._lasting):
            self._use(fresh._keys, fresh.current)
            self._seen = stamp

    def index(self, text: str, purpose: str) -> bytes:
        """A keyed hash (HMAC-SHA256, 16 bytes) that says whether two values are equal and nothing else about them.

        Stays the same when seal keys rotate. The same text has unrelated hashes for different purposes.
        """
        keyed = self._keyed.get(purpose)
        if keyed is None:
            keyed = self._keyed[purpose] = hmac.new(self._derive(f"index:{purpose}"), digestmod="sha256")
        found = keyed.copy()
        found.update(text.encode())
        return found.digest()[:INDEX_BYTES]

    def subkey(self, purpose: str) -> bytes:
        """32 bytes for `purpose` alone (tokens, enrollment seeds), the same for as long as the lasting key is."""
        return self._derive(f"subkey:{purpose}")

    def _derive(self, info: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"rekindle:{info}".encode()).derive(
            self._lasting
        )

    @staticmethod
    def generate_key_text() -> str:
        """A fresh key file's text; parse it with `from_text`."""
        return f"{KEY_FILE_HEADING}{CURRENT} = k1\nk1 = {fresh_key()}\n{LASTING} = {fresh_key()}\n"

    @classmethod
    def from_text(cls, text: str, source: str = "the key text") -> Self:
        """Read `name = base64` lines (or, in an environment variable, the same with `;` between them).

        SettingsError names `source` and the line, never what is on it.
        """
        keys: dict[str, bytes] = {}
        current = ""
        lines = text.splitlines() if "\n" in text.strip() else text.split(";")
        for number, line in enumerate(lines, start=1):
            name, equals, value = (part.strip() for part in line.partition("="))
            if not name or name.startswith("#"):
                continue
            where = f"{source}, line {number}"
            if not equals or name in keys or (name == CURRENT and current):
                raise SettingsError(
                    f"{where}: a key's name is missing or given twice.", fix="Write each key once, as `name = base64`."
                )
            if name == CURRENT:
                current = value
            else:
                keys[name] = _decoded(value, where)
        lasting = keys.pop(LASTING, None)
        if lasting is None or not keys:
            raise SettingsError(
                f"{source} holds no {'seal key' if lasting else f'`{LASTING}` key'}.",
                fix="Restore the key file from its copy; without its own keys the database cannot be read.",
            )
        return cls(keys, current or next(iter(keys)), lasting)

    @classmethod
    def load_key_file(cls, path: Path) -> Self:
        """The vault whose keys are in `path`. SettingsError when it is missing, or readable by anyone but its owner."""
        try:
            with path.open("rb") as file:
                seen = os.fstat(file.fileno())
                content = file.read()
        except FileNotFoundError:
            raise SettingsError(
                f"The key file {path} is not there.", fix="Run `rekindle init`, or restore it from its copy."
            ) from None
        except OSError as error:
            raise SettingsError(f"The key file {path} cannot be read: {error.strerror}.", fix="Mend that.") from None
        if seen.st_mode & 0o077:
            raise SettingsError(
                f"The key file {path} can be read by others on this machine.", fix=f"Run `chmod 600 {path}`."
            )
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise SettingsError(f"The key file {path} is not text.", fix="Restore it from its copy.") from None
        found = cls.from_text(text, str(path))
        found._file, found._looked = path, stopwatch()
        found._seen = seen.st_mtime_ns, seen.st_size, seen.st_ino
        return found

    @classmethod
    def write_key_file(cls, path: Path) -> Self:
        """Make a fresh key file that only its owner can read. Refused when something is there already."""
        text = cls.generate_key_text()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise Refused(
                f"The key file {path} is already there, and keys are never overwritten.",
                fix="Keep it, or move it away if no database needs it.",
            ) from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return cls.load_key_file(path)


_Stamp = tuple[int, int, int]


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def key_of(blob: bytes) -> str | None:
    """The id of the key that sealed a value, from its beginning; None where it is no sealed value."""
    if len(blob) < 3 or blob[0] != VERSION or len(blob) < 2 + blob[1]:
        return None
    name = blob[2 : 2 + blob[1]].decode("ascii", "replace")
    return name if KEY_ID.fullmatch(name) else None


def address_index(vault: Vault, channel: Channel, address: str) -> bytes:
    """What an address in normal form is looked up and suppressed by.

    Email is hashed without case: no real mailbox tells Ana@ from ana@, and a stop must hold for both.
    """
    return vault.index(address.lower(), "email") if channel is Channel.EMAIL else vault.index(address, "sms")


def fresh_key() -> str:
    """A new key as a key file has it."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii")


def _decoded(value: str, where: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise SettingsError(
            f"{where}: the key is not base64.", fix="Copy the whole key again; it ends with =."
        ) from None


def _unreadable(why: str) -> Unreadable:
    return Unreadable(
        f"A sealed value {why}.", fix="Check that the key file belongs to this database and still lists its old keys."
    )
