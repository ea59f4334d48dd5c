"""Concept maps: what a code of one system means in another, each row a fact of a versioned file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.code_systems import CodeSystems, SystemNames, check_code, check_systems
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.data_files import DataFile, is_unverified, read_data_file

EQUIVALENCES = ("equivalent", "wider", "narrower", "unmatched")
"""The target is the same as, wider or narrower than the source, or there is none (as in FHIR ConceptMap)."""


@dataclass(frozen=True)
class ConceptMap:
    """targets: source to the target code; "" where the file says that there is none.

    unverified: what the map says was not seen in a source.
    """

    id: str
    version: str
    target_system: str
    unverified: bool
    targets: Mapping[Coding, str]

    def sources_of(self, codes: frozenset[Coding]) -> frozenset[Coding]:
        """The sources that are taken to one of `codes`."""
        return frozenset(source for source, target in self.current().items() if target in codes)

    def current(self) -> dict[Coding, Coding]:
        """Each source that has a target, with it."""
        return {source: Coding(self.target_system, target) for source, target in self.targets.items() if target}


def read_concept_map(path: Path, systems: CodeSystems) -> ConceptMap:
    """The map of a file with columns source_code and target_code, and source_system where the head names none.

    Raises:
        TerminologyError: a source appears twice, a code has the wrong shape, or target and equivalence contradict.
    """
    file = read_data_file(path)
    file.require("source_code", "target_code", "equivalence")
    names, targets = SystemNames(systems), dict[Coding, str]()
    for number, row in enumerate(file.rows, len(file.head) + 2):
        source = _source(file, names[row.get("source_system") or file.head.get("source_system")], row, number)
        if source in targets:
            raise TerminologyError(f"{path} line {number}: {row['source_code']} appears twice. Remove one line.")
        if row["equivalence"] not in EQUIVALENCES or (row["equivalence"] == "unmatched") != (not row["target_code"]):
            raise TerminologyError(
                f"{path} line {number}: equivalence {row['equivalence']!r} does not fit the target code. "
                f'Use one of {", ".join(EQUIVALENCES)}; a row without target is "unmatched".'
            )
        targets[source] = row["target_code"]
    target_system = systems.name(file.head.get("target_system")) or ""
    check_systems(path, systems, (*(source.system for source in targets), target_system))
    return ConceptMap(file.id, file.version, target_system, is_unverified(file.head), targets)


def _source(file: DataFile, system: str | None, row: Mapping[str, str], number: int) -> Coding:
    code = row["source_code"]
    if not system:
        raise TerminologyError(f"{file.path} line {number}: no source system. Add `# source_system:` or a column.")
    check_code(file.path, number, system, code)
    return Coding(system, code)
