"""The keyed hashes that stand for people in every table, and the key, which lies outside the data folder.

Whoever has the tables but not the key can neither name a person nor test whether somebody is among them.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.files import made_once
from hi_fhir.tables.views.nhs_number import NHS_NUMBER_SYSTEM

NAMED = "i"
"""The last letter of a patient_id that stands for an identifier; that of a patient of the source is a hex digit."""

_KEY_BYTES = 32
_NOT_OWNER = 0o077


@dataclass(frozen=True)
class IdentityKey:
    """One deployment's key. `key_id` tells two keys apart and gives nothing away."""

    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        return hashlib.blake2b(b"key-id", key=self.secret, digest_size=8, person=b"hi-fhir key").hexdigest()

    def patient_id(self, source: str, id_: str) -> str:
        """32 hex digits for a source's Patient id: two servers' `Patient/1` are two people."""
        return hashlib.blake2b(f"{source}\0{id_}".encode(), key=self.secret, digest_size=16).hexdigest()

    def nhs_key(self, number: str) -> str:
        """32 hex digits for a valid NHS number, the same for every source."""
        return hashlib.blake2b(number.encode(), key=self.secret, digest_size=16, person=b"hi-fhir nhs").hexdigest()

    def named_id(self, source: str, system: str, value: str) -> str:
        """What stands for whoever has an identifier, until it is known who that is: the digits of its hash and NAMED.

        A source's identifiers are its own; an NHS number is the same for every source, and its digits are the nhs_key.
        """
        if system == NHS_NUMBER_SYSTEM:
            return self.nhs_key(value) + NAMED
        text = f"{source}\0{system}\0{value}".encode()
        return hashlib.blake2b(text, key=self.secret, digest_size=16, person=b"hi-fhir ident").hexdigest() + NAMED


def load_key(path: Path) -> IdentityKey:
    """The key at `path`, made once if it is not there, readable by its owner only.

    Raises:
        ConfigError: the file is not a key, or others may read it.
    """
    if not path.exists():
        made_once(path, f"{secrets.token_hex(_KEY_BYTES)}\n".encode("ascii"))
    if path.stat().st_mode & _NOT_OWNER:
        raise ConfigError(
            f"identity key {path}: others may read it. Run: chmod 600 on it, and think about rotating it."
        )
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise ConfigError(f"identity key {path}: not a key. Restore it from a backup, or move it away.") from error
    if len(secret) != _KEY_BYTES:
        raise ConfigError(f"identity key {path}: not {_KEY_BYTES} bytes. Restore it from a backup, or move it away.")
    return IdentityKey(secret)


def rotate_key(path: Path) -> IdentityKey:
    """Put a new key at `path`; the old one stays beside it under its key id. Every source is then flattened anew."""
    old = load_key(path)
    path.replace(path.with_name(f"{path.name}.{old.key_id}"))
    return load_key(path)
