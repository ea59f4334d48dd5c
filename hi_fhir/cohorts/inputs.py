"""What resolving people tells; what it needs is in `resolve_inputs`."""

import msgspec

from hi_fhir.cohorts.lists import ListComparison


class Area(msgspec.Struct, frozen=True, order=True):
    """A practice and what it belongs to on the reference date. None: not known."""

    practice_id: str
    practice_name: str | None
    pcn_id: str | None
    pcn_name: str | None
    icb_id: str | None
    icb_name: str | None


class Note(msgspec.Struct, frozen=True):
    """What a reader of counts should know of a source. type: the resource type that it is about; None: of all."""

    source: str
    text: str
    type: str | None = None

    def __str__(self) -> str:
        return f"{self.source}: {self.text}"


class People(msgspec.Struct, frozen=True, kw_only=True):
    """What resolving found, as counts of people unless it says otherwise.

    persons: all who are kept. registered, restricted, ethnicity, deprivation: the registered among them.
    not_registered_by_reason: dead, not-born, no-registration, inactive, temporary, not-begun or left; together with
    registered, all persons. registrations_left_out: what records state that is no registration with a practice, by why.
    impossible_dates: patients, and rows of homes, registrations and ODS codes, with a date that cannot be and is taken
    for unknown. registration_conflicts: registered people with several practices that started on the same latest day.
    opted_out: people whom the policy leaves out; they are in no other count. opt_outs_unmatched: numbers on an imported
    list that no patient has. orphan_events: rows of each table whose patient is not among the patients. pcn_unknown:
    registered people whose practice has no known PCN. nhs_number: the registered by how theirs stands. link_conflicts:
    patients whose number others have with another birth date, so that it links none of them. merges: patients by what
    links between them came to, and links that cannot be read (`merging.KINDS`). identifiers_of_nobody and
    identifiers_of_several: rows of each table that name a person by an identifier alone, which no patient has, or those
    of several people. ethnicity_not_understood: registered people
    whose record has an ethnic category in codes that no map has; it says nothing of them.
    """

    persons: int
    registered: int
    no_registration: int
    registration_conflicts: int
    not_registered_by_reason: dict[str, int]
    registrations_left_out: dict[str, int]
    impossible_dates: dict[str, int]
    restricted: int
    opted_out: int
    opt_outs_unmatched: int
    orphan_events: dict[str, int]
    deprivation: dict[str, int]
    ethnicity: dict[str, int]
    pcn_unknown: int
    nhs_number: dict[str, int]
    link_conflicts: int
    merges: dict[str, int]
    identifiers_of_nobody: dict[str, int]
    identifiers_of_several: dict[str, int]
    ethnicity_not_understood: int = 0


class NotUnderstood(msgspec.Struct, frozen=True):
    """Registered people of a practice whose ethnic category is in codes that no map has, by the code system.

    system: "" where none is named. Of several codings the least.
    """

    source: str
    practice: str
    system: str
    people: int


class Resolution(People, frozen=True):
    """The counts of people and what else decided them. areas: practices of `homes`, in order of practice.

    homes: practice to the sources that the records are from which speak for its registered people, and to its own
    source where no patient of that could be read. orphans: source to
    table to the rows that are nobody's: of no patient, or named by an identifier of nobody or of several. lists: beside
    the published ones, where these were imported.
    """

    areas: list[Area]
    notes: list[Note]
    versions: dict[str, str]
    homes: dict[str, list[str]] = {}
    orphans: dict[str, dict[str, int]] = {}
    not_understood: list[NotUnderstood] = []
    lists: ListComparison | None = None
