"""Everything that the data folders and a deployment's overlays say about codes, read once and handed around."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.code_systems import FILES as SYSTEM_FILES
from hi_fhir.terminology.code_systems import CodeSystems, read_code_systems
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.concept_maps import ConceptMap, read_concept_map
from hi_fhir.terminology.data_files import content_digest, find_files, is_unverified, read_head
from hi_fhir.terminology.ethnicity import EthnicityMap, read_ethnicity_map
from hi_fhir.terminology.units import Units, read_units
from hi_fhir.terminology.value_sets import ValueSet, read_value_set

if TYPE_CHECKING:
    from hi_fhir.terminology.ranks import DeprivationRanks

_ETHNICITY = "ethnicity-"
_RANKS = "imd-"
_GROUPS = "ethnicity-category-2001-to-groups"
_UNITS = "units"
_FORMULAS = "analyte-conversions"
_STANDARD_POPULATION = "esp-2013"


@dataclass(frozen=True)
class Terminology:
    """Value sets and concept maps by id; the files of the larger tables are read when asked for."""

    systems: CodeSystems
    value_sets: Mapping[str, ValueSet]
    concept_maps: Mapping[str, ConceptMap]
    mapping_files: Mapping[str, Path]  # every file of mappings/ by its id, overlays applied
    value_set_files: Mapping[str, Path] = field(default_factory=dict)  # likewise

    def value_set(self, id_: str) -> ValueSet:
        """Raises TerminologyError where there is no file of that name."""
        if id_ not in self.value_sets:
            raise TerminologyError(f"value set {id_} is not there. Put terminology/value_sets/{id_}.csv in an overlay.")
        return self.value_sets[id_]

    def concept_map(self, id_: str) -> ConceptMap:
        """Raises TerminologyError where there is no file of that name."""
        if id_ not in self.concept_maps:
            raise TerminologyError(f"concept map {id_} is not there. Put mappings/{id_}.csv in an overlay.")
        return self.concept_maps[id_]

    def preimage(self, value_set: str) -> frozenset[Coding]:
        """The value set's codes and every old or local code that a map takes to one of them."""
        codes = self.value_set(value_set).codes
        return codes.union(*(map_.sources_of(codes) for map_ in self._code_maps()))

    def to_current(self) -> Mapping[Coding, Coding]:
        """Old or local code to the current one that it means, over all maps of codes."""
        found: dict[Coding, Coding] = {}
        for map_ in self._code_maps():
            found |= map_.current()
        return found

    def ethnicity(self) -> EthnicityMap:
        """What each ethnicity code means, old codes among them."""
        return read_ethnicity_map(self.concept_maps, self.to_current(), self._file(_GROUPS))

    def units(self) -> Units:
        """What units stand for, and how they convert.

        Raises:
            TerminologyError: a line contradicts another, or a value set names an analyte that no formula is for.
        """
        units = read_units(self.concept_map(_UNITS), self._file(_FORMULAS))
        for id_, value_set in self.value_sets.items():
            if value_set.analyte and value_set.analyte not in units.formulas:
                raise TerminologyError(
                    f"value set {id_}: no line of mappings/{_FORMULAS}.csv is for the analyte {value_set.analyte!r}. "
                    f"Name one of {', '.join(units.formulas)}, or add its line."
                )
        return units

    def ranks(self, year: int) -> "DeprivationRanks":
        """IMD of 2019 or 2025."""
        from hi_fhir.terminology.ranks import read_ranks  # the one mapping that is read by Arrow

        return read_ranks(self._file(f"{_RANKS}{year}"), year)

    def versions(self) -> dict[str, str]:
        """Version of every value set and mapping by id."""
        return {
            **{f"value_sets/{id_}": value_set.version for id_, value_set in self.value_sets.items()},
            **{f"mappings/{id_}": map_.version for id_, map_ in self.concept_maps.items()},
            **{f"mappings/{id_}": head["version"] for id_, head in self._larger_heads().items()},
        }

    def contents(self) -> dict[str, str]:
        """Digest of what each of `versions` says."""
        return {
            **{f"value_sets/{id_}": content_digest(path) for id_, path in self.value_set_files.items()},
            **{f"mappings/{id_}": content_digest(path) for id_, path in self.mapping_files.items()},
        }

    def unverified(self) -> frozenset[str]:
        """Those of `versions` whose codes or pairs were not seen in a source."""
        return frozenset(
            [
                *(f"value_sets/{id_}" for id_, value_set in self.value_sets.items() if value_set.unverified),
                *(f"mappings/{id_}" for id_, map_ in self.concept_maps.items() if map_.unverified),
                *(f"mappings/{id_}" for id_, head in self._larger_heads().items() if is_unverified(head)),
            ]
        )

    def own_titles(self) -> dict[str, str]:
        """Titles of the value sets that overlays add, as they stand in sentences; shipped ids are phrases already."""
        shipped = find_files("terminology/value_sets", ())
        return {
            id_: _in_sentences(self.value_sets[id_].title)
            for id_, path in self.value_set_files.items()
            if path.name not in shipped
        }

    def _larger_heads(self) -> dict[str, dict[str, str]]:
        """Heads of the mappings that are no concept maps."""
        return {id_: read_head(path) for id_, path in self.mapping_files.items() if id_ not in self.concept_maps}

    def _file(self, id_: str) -> Path:
        if id_ not in self.mapping_files:
            raise TerminologyError(f"mapping {id_} is not there. Put mappings/{id_}.csv in an overlay.")
        return self.mapping_files[id_]

    def _code_maps(self) -> list[ConceptMap]:
        """Maps between codes of records: all but those of ethnic categories and units."""
        return [m for id_, m in self.concept_maps.items() if not id_.startswith(_ETHNICITY) and id_ != _UNITS]


def load(overlays: Sequence[Path] = ()) -> Terminology:
    """What is shipped, with files of the overlays in place of those of the same name; a later overlay wins.

    Raises:
        TerminologyError: a file does not read; the message names it.
    """
    value_sets = find_files("terminology/value_sets", overlays)
    mappings = {path.stem: path for path in find_files("mappings", overlays).values()}
    systems = read_code_systems(overlays)
    return Terminology(
        systems=systems,
        value_sets={path.stem: read_value_set(path, systems) for path in value_sets.values()},
        concept_maps={id_: read_concept_map(path, systems) for id_, path in mappings.items() if _is_concept_map(id_)},
        mapping_files=mappings,
        value_set_files={path.stem: path for path in value_sets.values()},
    )


def _in_sentences(title: str) -> str:
    """A title without its first capital, unless the first word is an abbreviation or a name."""
    first, _, rest = title.partition(" ")
    return f"{first.lower()} {rest}".strip() if first.isalpha() and first == first.capitalize() else title


def _is_concept_map(id_: str) -> bool:
    return not id_.startswith((_RANKS, SYSTEM_FILES)) and id_ not in (_GROUPS, _FORMULAS, _STANDARD_POPULATION)


def overlaid_files(overlays: Sequence[Path]) -> dict[str, str]:
    """Each file of the overlays that is read, and whether it adds to the shipped ones or stands in place of one."""
    found = {}
    for folder in ("terminology/value_sets", "terminology/answers", "mappings"):
        shipped = find_files(folder, ())
        for name, path in find_files(folder, overlays).items():
            if shipped.get(name) != path:
                found[str(path)] = "in place of the shipped file" if name in shipped else "added"
    return found
