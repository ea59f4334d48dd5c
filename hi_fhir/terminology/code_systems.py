"""One name for each code system, whatever a record calls it: a URI of either scheme, an edition, an OID, a few letters.

A table of a few dozen lines decides, so that flatten needs nothing else of the terminology.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.data_files import find_files, read_data_file
from hi_fhir.terminology.systems import SNOMED

FILES = "code-systems"
"""What the names of these files begin with: another in an overlay adds its lines to those that are shipped."""

_URI = re.compile(r"(?i:https?)://(?:www\.)?(.*)")
_OID = re.compile(r"(?i:urn:oid:|oid:)?(\d+(?:\.\d+){3,})")
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


def _files(overlays: Sequence[Path]) -> list[Path]:
    """Those of the names, the shipped one first."""
    files = find_files("mappings", overlays).values()
    return sorted((path for path in files if path.stem.startswith(FILES)), key=lambda path: path.stem)


def _folded(name: str) -> str:
    """A name without what does not tell systems apart: case, scheme, `www.`, the words before an OID, spaces."""
    name = "".join(name.split()).rstrip("/").casefold()
    oid, uri = _OID.fullmatch(name), _URI.fullmatch(name)
    return oid[1] if oid else uri[1] if uri else name
