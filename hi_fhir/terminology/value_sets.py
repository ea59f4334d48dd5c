"""Value sets: the codes that mean one thing to a measure, with the state of the list that they came from."""

from dataclasses import dataclass
from pathlib import Path

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.code_systems import CodeSystems, SystemNames, check_code, check_systems
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.data_files import DataFile, ListState, is_unverified, read_data_file


@dataclass(frozen=True)
class ValueSet:
    """codes: empty only where the state is missing. unverified: the codes were not seen in a source.

    analyte: what all of the codes measure, where the head says so; its formulas then lead from unit to unit.
    """

    id: str
    version: str
    title: str
    state: ListState
    reason: str | None
    unverified: bool
    codes: frozenset[Coding]
    analyte: str | None = None

    @property
    def is_full(self) -> bool:
        return self.state == ListState.FULL


def read_value_set(path: Path, systems: CodeSystems) -> ValueSet:
    """The value set of a file with columns code and note, and system where the head names none.

    Raises:
        TerminologyError: a code has the wrong shape or appears twice, or there is none although the state says so.
    """
    file = read_data_file(path)
    file.require("code")
    names, codes = SystemNames(systems), set[Coding]()
    for number, row in enumerate(file.rows, len(file.head) + 2):
        code = _coding(file, names[row.get("system") or file.head.get("system")], row["code"], number)
        if code in codes:
            raise TerminologyError(f"{path} line {number}: code {row['code']} appears twice. Remove one line.")
        codes.add(code)
    check_systems(path, systems, (code.system for code in codes))
    if not codes and file.head["state"] != ListState.MISSING:
        raise TerminologyError(f"{path}: no codes, but state {file.head['state']}. Add codes or say `missing`.")
    return ValueSet(
        id=file.id,
        version=file.version,
        title=file.head["title"],
        state=ListState(file.head["state"]),
        reason=file.head.get("reason"),
        unverified=is_unverified(file.head),
        codes=frozenset(codes),
        analyte=file.head.get("analyte"),
    )


def _coding(file: DataFile, system: str | None, code: str, number: int) -> Coding:
    if not system:
        raise TerminologyError(f"{file.path} line {number}: no code system. Add `# system:` or a column system.")
    check_code(file.path, number, system, code)
    return Coding(system, code)
