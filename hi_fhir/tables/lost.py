"""Records of which no copy could be taken: what quarantine costs, the same whichever way they came.

Quarantine lists lines. A record that came in two of them is lost once; one of which another copy could be read is not
lost at all, nor is one of which only so much could be read that nobody asked for its codes.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from hi_fhir.tables.keys import keys_file
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.views.coded import concepts_of
from hi_fhir.terminology.code_systems import Asked, CodeSystems, SystemNames

_NO_RECORDS = frozenset({"blank-line", "operation-outcome"})
_COLUMNS = ["kind", "raw"]
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def lost_records(
    quarantine: Path, folders: Sequence[Path], scope: Scope, systems: CodeSystems, patient_id: Callable[[str], str]
) -> dict[str, dict[str, int]]:
    """Type to kind of refusal to records; of one that was refused in several ways, the first kind by name.

    quarantine: the snapshot's folder of refusals, a file a type. folders: the chunks' results. patient_id: the keyed
    hash that stands for the id of a patient in their keys.
    """
    found, names = {}, SystemNames(systems)
    for file in sorted(quarantine.glob("*.parquet")):
        codings = scope.codings(file.stem) if file.stem in scope.types else None
        kinds = _kinds(file, None if codings is None else Asked(codings, names))
        named = patient_id if file.stem == "Patient" else str
        ids = {named(id_): id_ for id_ in kinds if isinstance(id_, str)}
        for key in _readable(file.stem, list(ids), folders):
            del kinds[ids[key]]
        if kinds:
            found[file.stem] = dict(sorted(Counter(kinds.values()).items()))
    return found


def _kinds(file: Path, asked: Asked | None) -> dict[str | bytes, str]:
    """Each refused record of a file, by its id or else the hash of what it says, with the kind of its refusal.

    asked: which codes were asked for; None: all.
    """
    kinds: dict[str | bytes, str] = {}
    for kind, raw in _refused(file):
        if asked is None or _may_be_asked_for(raw, asked):
            record = _identity(raw)
            kinds[record] = min(kind, kinds.get(record, kind))
    return kinds


def _may_be_asked_for(raw: bytes, asked: Asked) -> bool:
    """Whether a record has a code that was asked for, or has one that cannot be read."""
    try:
        concepts = concepts_of(raw)
    except _UNREADABLE:
        return True
    return any(asked[coding.system, coding.code] for concept in concepts for coding in concept.coding)


def _refused(file: Path) -> Iterator[tuple[str, bytes]]:
    with pq.ParquetFile(file) as rows:
        for batch in rows.iter_batches(columns=_COLUMNS):
            for kind, raw in zip(*(batch[name].to_pylist() for name in _COLUMNS), strict=True):
                if kind not in _NO_RECORDS:
                    yield kind, raw


def _identity(raw: bytes) -> str | bytes:
    """The id that a line states, else a hash of what it says, however its JSON is spelt."""
    try:
        record: Any = msgspec.json.decode(raw)
    except _UNREADABLE:
        return hashlib.blake2b(raw.strip(), digest_size=16).digest()
    id_ = record.get("id") if isinstance(record, dict) else None
    if isinstance(id_, str) and id_:
        return id_
    return hashlib.blake2b(orjson.dumps(record, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _readable(type_: str, ids: Sequence[str], folders: Sequence[Path]) -> set[str]:
    """Those of the ids, as keys have them, of which a copy was read, whatever became of it."""
    paths = [str(path) for folder in folders if (path := keys_file(folder, type_)).exists()]
    if not ids or not paths:
        return set()
    wanted = ds.field("id").isin(pa.array(ids, pa.string()))
    return set(ds.dataset(paths, format="ipc").to_table(columns=["id"], filter=wanted)["id"].to_pylist())
