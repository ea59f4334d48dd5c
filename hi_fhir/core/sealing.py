"""Secrets of others that have to be kept to be used: sealed with a key that lies outside the data folder."""

from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.files import made_once

_NOT_OWNER = 0o077


class Seal:
    """Closes and opens text with one key."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)
        self._key = key

    def derived(self, purpose: str) -> bytes:
        """A key of its own for something else, the same each time. Source: RFC 5869."""
        return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(self._key)

    def close(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text that was sealed.

        Raises:
            ConfigError: it was sealed with another key, or changed since.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise ConfigError("what was sealed cannot be opened with this key. Restore the key.") from error


def load_seal(path: Path) -> Seal:
    """The key at `path`, made once if it is not there, readable by its owner only.

    Raises:
        ConfigError: the file is not a key, or others may read it.
    """
    if not path.exists():
        made_once(path, Fernet.generate_key())
    if path.stat().st_mode & _NOT_OWNER:
        raise ConfigError(f"sealing key {path}: others may read it. Run: chmod 600 on it.")
    try:
        return Seal(path.read_bytes().strip())
    except ValueError as error:
        raise ConfigError(f"sealing key {path}: not a key. Restore it from a backup, or move it away.") from error
