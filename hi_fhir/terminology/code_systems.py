"""One name for each code system, whatever a record calls it: a URI of either scheme, an edition, an OID, a few letters.

A table of a few dozen lines decides, so that flatten needs nothing else of the terminology.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import msgspec

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.data_files import find_files, read_data_file
from hi_fhir.terminology.systems import SNOMED, snomed_fault

FILES = "code-systems"
"""What the names of these files begin with: another in an overlay adds its lines to those that are shipped."""

_URI = re.compile(r"(?i:https?)://(?:www\.)?(.*)")
_OID = re.compile(r"(?i:urn:oid:|oid:)?(\d+(?:\.\d+){3,})")
_SCHEME = re.compile(r"^https?:?/*")
_OF_MANY = ("hl7.org", "fhir.hl7.org.uk", "fhir.nhs.uk", "fhir.nhs.net", "terminology.hl7.org")
"""Hosts on which there are code systems of many kinds: one that is not known may well be there."""
_CLOSE = 0.8
_EDITION = re.compile(r"snomed\.info/sct/\d+(/version/\d+)?")


class CodeSystems(msgspec.Struct, frozen=True):
    """aliases: other names, folded, to the name that the tables have. A system itself is among them."""

    aliases: dict[str, str]

    def name(self, system: str | None) -> str | None:
        """The one name of a system; one that nobody knows keeps what it was called, without version or slash."""
        if system is None:
            return None
        stated = system.strip().partition("|")[0].rstrip("/")
        folded = _folded(stated)
        if _EDITION.fullmatch(folded):
            return SNOMED
        return self.aliases.get(folded, stated) or None

    def slip_of(self, name: str) -> str | None:
        """The system that is meant by a name that nobody knows, where it looks like that; None of any other.

        One on a host that belongs to one system, or nearly on that, and one that is nearly an abbreviation, looks so.
        """
        folded = _folded(name)
        if folded in self.aliases or _OID.fullmatch(folded):
            return None
        known = {alias.partition("/")[0]: system for alias, system in self.aliases.items() if _is_of_one(alias)}
        close = get_close_matches(_SCHEME.sub("", folded).partition("/")[0], known, n=1, cutoff=_CLOSE)
        return known[close[0]] if close else None


class SystemNames(dict[str | None, str | None]):
    """Names by system as received, each looked up once."""

    def __init__(self, systems: CodeSystems) -> None:
        super().__init__()
        self._systems = systems

    def __missing__(self, system: str | None) -> str | None:
        name = self[system] = self._systems.name(system)
        return name


class Asked(dict[tuple[str | None, str | None], bool]):
    """Whether a scope asks for a coding, by its system as received and its code, each decided once."""

    def __init__(self, codings: Iterable[Coding], names: Mapping[str | None, str | None]) -> None:
        super().__init__()
        self._names = names
        self._pairs = frozenset((names[system or None], code) for system, code in codings)
        self._systems = frozenset(system for system, _ in self._pairs)
        self._foreign: dict[tuple[str | None, ...], str | None] = {}

    def __missing__(self, coding: tuple[str | None, str | None]) -> bool:
        system, code = coding
        found = self[coding] = (self._names[system], code) in self._pairs
        return found

    def foreign_system(self, systems: tuple[str | None, ...]) -> str | None:
        """The least of the systems of a record's codes ("" for none), where the scope has no code of any of them.

        None: it has one, or the record has no codes. Each combination of systems is decided once.
        """
        if systems not in self._foreign:
            self._foreign[systems] = self._foreign_system(systems)
        return self._foreign[systems]

    def _foreign_system(self, systems: tuple[str | None, ...]) -> str | None:
        named = [self._names[system] for system in systems]
        if not named or not self._systems.isdisjoint(named):
            return None
        return min(system or "" for system in named)


def read_code_systems(overlays: Sequence[Path] = ()) -> CodeSystems:
    """The names of all files mappings/code-systems*.csv, with columns alias and name.

    Raises:
        TerminologyError: a file does not read, or one name stands for two systems.
    """
    aliases: dict[str, str] = {}
    for path in _files(overlays):
        file = read_data_file(path)
        file.require("alias", "name")
        for number, row in enumerate(file.rows, len(file.head) + 2):
            for alias in (row["alias"], row["name"]):
                if not alias or aliases.setdefault(_folded(alias), row["name"]) != row["name"]:
                    raise TerminologyError(
                        f"{path} line {number}: {alias!r} is empty, or stands for {aliases.get(_folded(alias))}. "
                        "Give each alias one name."
                    )
    return CodeSystems(aliases)


def check_code(path: Path, line: int, system: str, code: str) -> None:
    """Raises TerminologyError where the code is empty, or is none that SNOMED CT can have."""
    fault = "it is empty." if not code else snomed_fault(code) if system == SNOMED else None
    if fault:
        raise TerminologyError(f"{path} line {line}: {code!r} is not a code of {system}: {fault} Fix the code.")


def check_systems(path: Path, systems: CodeSystems, used: Iterable[str]) -> None:
    """Raises TerminologyError where a system of a file looks like a slip of the pen, which no record would have."""
    for name in sorted(set(used)):
        if meant := systems.slip_of(name):
            raise TerminologyError(
                f"{path}: no code system {name} is known, and it looks like {meant}. Write that, or give yours a line "
                f"in mappings/{FILES}-ours.csv of the overlay."
            )


def _is_of_one(alias: str) -> bool:
    """Whether what stands before the first slash tells one system."""
    return not _OID.fullmatch(alias) and alias.partition("/")[0] not in _OF_MANY


def _files(overlays: Sequence[Path]) -> list[Path]:
    """Those of the names, the shipped one first."""
    files = find_files("mappings", overlays).values()
    return sorted((path for path in files if path.stem.startswith(FILES)), key=lambda path: path.stem)


def _folded(name: str) -> str:
    """A name without what does not tell systems apart: case, scheme, `www.`, the words before an OID, spaces."""
    name = "".join(name.split()).rstrip("/").casefold()
    oid, uri = _OID.fullmatch(name), _URI.fullmatch(name)
    return oid[1] if oid else uri[1] if uri else name
