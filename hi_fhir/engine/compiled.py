"""SQL that was compiled once, kept by the content of the expression it came from: Ibis takes longer than the query."""

import hashlib
import hmac
import io
import pickle
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import msgspec

from hi_fhir.core.files import commit_bytes, owner_folder

_COMPILERS = ("ibis-framework", "sqlglot")
_MOST = 500
"""Expressions that a file holds: those of several evaluations, since a period's days stand in the SQL."""


class CompiledQueries:
    """SQL by `digest_of` its expression. It is read from a file and written back to it, if there is one.

    secret: signs the file. One that is not whole, or that another key signed, is taken for empty: what runs is what
    this program compiled, or would compile now.
    """

    def __init__(self, path: Path | None = None, secret: bytes = b"") -> None:
        self._path = path
        self._secret = secret
        self._kept = self._read()
        self._used: dict[str, str] = {}

    def find(self, digest: str) -> str | None:
        """The SQL of an expression, if it was compiled before."""
        query = self._kept.get(digest)
        if query is not None:
            self._used[digest] = query
        return query

    def add(self, digest: str, query: str) -> None:
        """Keep what was compiled."""
        self._kept[digest] = self._used[digest] = query

    def save(self) -> None:
        """Write the file if there is anything new; beside that and what was used, the newest of the rest are kept."""
        if self._path is None or self._used.items() <= self._stored.items():
            return
        others = {digest: query for digest, query in self._kept.items() if digest not in self._used}
        kept = dict(list({**others, **self._used}.items())[-_MOST:])
        content = msgspec.json.encode(kept)
        owner_folder(self._path.parent)
        commit_bytes(self._path, self._signature(content) + content)

    def _read(self) -> dict[str, str]:
        self._stored: dict[str, str] = {}
        try:
            whole = self._path.read_bytes() if self._path else b""
            size = len(self._signature(b""))
            if hmac.compare_digest(whole[:size], self._signature(whole[size:])):
                self._stored = msgspec.json.decode(whole[size:], type=dict[str, str])
        except (OSError, msgspec.DecodeError):
            pass
        return dict(self._stored)

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._secret, b"compiled queries\0" + content, "sha256").hex().encode()


class _Content(pickle.Pickler):
    """An expression as bytes, in which a table of an engine is its name and columns."""

    def __init__(self, file: io.BytesIO, engine: object) -> None:
        super().__init__(file, protocol=5)
        self._engine = engine

    def persistent_id(self, value: Any) -> str | None:
        return "engine" if value is self._engine else None


def digest_of(rows: ir.Table, engine: object) -> str:
    """Of all that decides the SQL of an expression: its operations, and the versions that compile them."""
    found = io.BytesIO()
    _Content(found, engine).dump((_versions(), rows.op()))
    return hashlib.sha256(found.getbuffer()).hexdigest()


@cache
def _versions() -> tuple[str, ...]:
    return tuple(version(name) for name in _COMPILERS)
