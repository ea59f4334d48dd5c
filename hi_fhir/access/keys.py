"""A client's public keys: as it gave them, or as they are where it says, asked for anew from time to time."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import requests
import urllib3
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from hi_fhir.core.clock import Clock
from hi_fhir.core.errors import UserError
from hi_fhir.fhir.guard import Guard
from hi_fhir.fhir.transport import Pace

_KEPT = timedelta(minutes=5)
_AGAIN = timedelta(minutes=1)  # for a key that is not there, which may be new
_LONGEST_S = 5
_MOST_BYTES = 64 << 10
_MOST_KEYS = 20
_FEWEST_BITS = 2048


class KeysError(UserError):
    """Keys that cannot be had or used. The message is for whoever registers them."""


def read_keys(text: str | bytes) -> KeySet:
    """The public keys of a JWKS.

    Raises:
        KeysError: it is none, holds a private key, or none that RS384 or ES384 are made with.
    """
    try:
        found = orjson.loads(text)
        keys = found["keys"]
        if any("d" in key for key in keys):
            raise KeysError("it holds a private key, which is its client's alone. Give the public keys.")
        usable = [key for key in keys if key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig"]
        named = [key for key in usable if key.get("kid")][:_MOST_KEYS]
        good = [key for key in KeySet.import_key_set({"keys": named}).keys if _is_strong(key)] if named else []
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError, JoseError) as error:
        raise KeysError('it is no JWKS: {"keys": [...]}.') from error
    if not good:
        raise KeysError("it has no key with a kid that RS384 (RSA of 2,048 bits) or ES384 (P-384) are made with.")
    return KeySet(good)


def _is_strong(key: Any) -> bool:
    if isinstance(key, RSAKey):
        return bool(key.raw_value.key_size >= _FEWEST_BITS)
    return isinstance(key, ECKey) and key.curve_name == "P-384"


@dataclass(frozen=True)
class _Fetched:
    keys: KeySet
    at: datetime


class KeysByUrl:
    """Fetches what clients name, within what the guard permits."""

    def __init__(self, guard: Guard, clock: Clock) -> None:
        self._guard = guard
        self._clock = clock
        self._session = guard.session(4)
        self._fetched: dict[str, _Fetched] = {}
        self._failed: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def keys(self, url: str, kid: str) -> KeySet:
        """Those that are there, among them `kid` if it is there now.

        Raises:
            KeysError: they cannot be had.
        """
        now = self._clock.now()
        with self._lock:
            kept = self._fetched.get(url)
        if kept is not None:
            age, has = now - kept.at, any(key.kid == kid for key in kept.keys.keys)
            if age < (_KEPT if has else _AGAIN):
                return kept.keys
        with self._lock:
            if url in self._failed and now - self._failed[url] < _AGAIN:
                raise KeysError("the address of the keys did not answer with them lately.")
            self._failed[url] = now  # until it answers: nobody else asks beside this
        fetched = _Fetched(self._fetch(url), now)
        with self._lock:
            self._fetched[url] = fetched
            del self._failed[url]
        return fetched.keys

    def _fetch(self, url: str) -> KeySet:
        self._guard.check_url(url)
        Pace(_LONGEST_S)
        try:
            with self._session.get(url, timeout=_LONGEST_S, allow_redirects=False, stream=True) as answer:
                body = answer.raw.read(_MOST_BYTES + 1, decode_content=True)
                if answer.status_code != 200 or len(body) > _MOST_BYTES:
                    raise KeysError("the address of the keys does not answer with them.")
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise KeysError("the address of the keys cannot be reached.") from error
        return read_keys(body)
