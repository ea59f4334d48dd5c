"""The table of what has a version, each with its digest: nothing changes under a version that was released."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from hi_fhir.measures.digests import definition_digest, stratifier_digest
from hi_fhir.measures.model import Measure
from hi_fhir.terminology.catalogue import Terminology

TABLE = Path(__file__).with_name("released.csv")
_COLUMNS = ("name", "version", "digest")


class Versioned(NamedTuple):
    version: str
    digest: str


def versioned(measures: Iterable[Measure], terminology: Terminology) -> dict[str, Versioned]:
    """Everything that has a version, by `kind/id`, in order."""
    measures = list(measures)
    versions, contents = terminology.versions(), terminology.contents()
    stratifiers = {one.id: one for measure in measures for one in measure.stratifiers}
    found = {
        **{f"measures/{m.id}": Versioned(m.version, definition_digest(m)) for m in measures},
        **{f"stratifiers/{id_}": Versioned(one.version, stratifier_digest(one)) for id_, one in stratifiers.items()},
        **{name: Versioned(versions[name], digest) for name, digest in contents.items()},
    }
    return dict(sorted(found.items()))


def read_table(path: Path = TABLE) -> dict[str, Versioned]:
    """What was released; nothing where there is no table yet."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["name"]: Versioned(row["version"], row["digest"]) for row in csv.DictReader(lines)}


def write_table(now: Mapping[str, Versioned], path: Path = TABLE) -> None:
    with path.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines, lineterminator="\n")
        table.writerow(_COLUMNS)
        table.writerows((name, *one) for name, one in now.items())


def faults(now: Mapping[str, Versioned], released: Mapping[str, Versioned]) -> list[str]:
    """What changed and kept its version, a sentence each. What is not in the table was not released yet."""
    return [
        f"{name}: it is not what its version {one.version} was released as. Raise its version; then `make fix` writes "
        "the table of releases anew."
        for name, one in now.items()
        if name in released and released[name].version == one.version and released[name].digest != one.digest
    ]
