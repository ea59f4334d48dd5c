"""The sandbox as a folder: NDJSON as a server exports it, what a user imports beside it, and the expected counts.

TARGET/fhir/<Type>.ndjson[.gz] and manifest.json  overlay/terminology/value_sets/  postcodes.csv  organisations.csv
truth.json
"""

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from hi_fhir.core.files import canonical_json, commit_bytes, commit_file, owner_folder, written_aside
from hi_fhir.sandbox import overlay, render
from hi_fhir.sandbox.defects import BROKEN, older_versions
from hi_fhir.sandbox.people.model import AS_OF, DATA_DATE, PERIOD_END, PERIOD_START, SyntheticPerson
from hi_fhir.sandbox.people.places import SHIRES, Region
from hi_fhir.sandbox.render import ABSOLUTE_BASE, LAST_UPDATED, Resource
from hi_fhir.sandbox.truth import Truth, areas, expected
from hi_fhir.sandbox.truth.reconciliation import TERMS

_GZIP_LEVEL = 3
_BUFFER = 1 << 20
_LINES_A_BROKEN = 40


def write_folder(target: Path, people: Iterable[SyntheticPerson], *, gz: bool) -> None:
    """Write everything of these people to `target`, in place of what was written there before; truth.json last."""
    (target / "truth.json").unlink(missing_ok=True)
    fhir = owner_folder(target / "fhir")
    for left_over in fhir.glob("*.ndjson*"):
        left_over.unlink()
    with ExitStack() as closing:
        files = _Files(fhir, gz, closing)
        files.add(render.organisation_resources())
        truth = expected(_written(people, files))
        files.add_broken()
    files.commit()
    write_beside(target)
    commit_bytes(target / "truth.json", canonical_json(_document(truth, files)))


def write_beside(target: Path, region: Region = SHIRES) -> None:
    """Write what a user brings beside the FHIR: value sets as an overlay, postcodes and memberships to import."""
    value_sets = owner_folder(target / "overlay" / "terminology" / "value_sets")
    for name, content in overlay.value_sets():
        commit_bytes(value_sets / name, content)
    commit_bytes(target / "postcodes.csv", overlay.postcodes())
    commit_bytes(target / "organisations.csv", overlay.organisations(region))


def _written(people: Iterable[SyntheticPerson], files: "_Files") -> Iterator[SyntheticPerson]:
    """The people, each once its resources are written."""
    for person in people:
        resources = list(render.resources(person))
        files.add(resources)
        files.add_older(older_versions(person, resources))
        yield person


class _Files:
    """A file a type, written aside while people are made. `closing` closes them all."""

    def __init__(self, folder: Path, gz: bool, closing: ExitStack) -> None:
        self.superseded: Counter[str] = Counter()
        self.quarantined: Counter[str] = Counter()
        self._written: Counter[str] = Counter()
        self._folder, self._gz, self._closing = folder, gz, closing
        self._files: dict[str, BinaryIO] = {}

    def add(self, resources: Iterable[Resource]) -> None:
        for resource in resources:
            self._written[resource["resourceType"]] += 1
            self._file(resource["resourceType"]).write(orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE))

    def add_older(self, versions: Sequence[Resource]) -> None:
        """Add versions that newer ones supersede."""
        self.add(versions)
        self.superseded.update(version["resourceType"] for version in versions)

    def add_broken(self) -> None:
        """Add lines that are no resource, so few that they cost no type its numbers."""
        for type_, broken in BROKEN.items():
            lines = broken[: self._written[type_] // _LINES_A_BROKEN]
            if lines:
                self._file(type_).write(b"".join(line + b"\n" for line in lines))
                self.quarantined[type_] += len(lines)

    def commit(self) -> None:
        """Put the closed files in place."""
        for type_ in self._files:
            commit_file(self._temporary(type_), self._folder / self._name(type_))
        commit_bytes(self._folder / "manifest.json", canonical_json(self._manifest()))

    def _manifest(self) -> dict[str, Any]:
        """What the server says of the export that these files are of."""
        return {
            "transactionTime": LAST_UPDATED,
            "request": f"{ABSOLUTE_BASE}/$export",
            "requiresAccessToken": False,
            "output": [{"type": type_, "url": f"{ABSOLUTE_BASE}/{self._name(type_)}"} for type_ in self._files],
            "error": [],
        }

    def _name(self, type_: str) -> str:
        return f"{type_}.ndjson{'.gz' if self._gz else ''}"

    def _file(self, type_: str) -> BinaryIO:
        if type_ not in self._files:
            self._files[type_] = self._opened(self._temporary(type_))
        return self._files[type_]

    def _opened(self, path: Path) -> BinaryIO:
        plain = self._closing.enter_context(path.open("wb", _BUFFER))
        if not self._gz:
            return plain
        packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, plain, mtime=0)  # neither name nor time: same people, same bytes
        return cast(BinaryIO, self._closing.enter_context(packed))

    def _temporary(self, type_: str) -> Path:
        return written_aside(self._folder / self._name(type_))


def _document(truth: Truth, files: _Files) -> dict[str, Any]:
    """truth.json. counts: measure, practice, stratifier, stratum, population and people of each cell that has any."""
    received = truth.reconciliation.of_everything()
    for term, counts in (("superseded", files.superseded), ("quarantined", files.quarantined)):
        for type_, count in counts.items():
            terms = received.setdefault(type_, dict.fromkeys(TERMS, 0))
            terms[term] += count
            terms["received"] += count
    return {
        "period": {"start": PERIOD_START, "end": PERIOD_END},
        "as_of": AS_OF,
        "data_date": DATA_DATE,
        "counts": [[*cell, count] for cell, count in sorted(truth.counts.items())],
        "areas": {
            code: {"pcn": one.pcn.ods_code if one.pcn else None, "icb": one.icb.ods_code}
            for code, one in areas().items()
        },
        "people": truth.people(),
        "reconciliation": received,
        "reconciliation_by_search": truth.reconciliation.of_what_is_asked_for(),
    }
