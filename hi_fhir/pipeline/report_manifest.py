"""What the fourth step tells of what it did."""

import msgspec

from hi_fhir.core.audiences import Audience
from hi_fhir.tables.standing import Absence


class ReleasedReport(msgspec.Struct, frozen=True):
    """One report as it was released. identifier: its value in the deployment's system.

    is_demonstration: whether any of its code lists was made up.
    """

    identifier: str
    id: str
    version: int
    sha256: str
    measure_id: str
    is_demonstration: bool
    reporter: str
    reporter_name: str | None
    organisation_id: str
    path: str


class ReleaseAttack(msgspec.Struct, frozen=True):
    """The attack that the newest of the reports passed before they were kept.

    seen: number of the last version in the store that it was made beside. masked: small counts that were attacked;
    by_several: those of them that several sums at once were held against. known_before: small counts that could be
    worked out of earlier reports already.
    """

    seen: int
    masked: int
    by_several: int
    known_before: int


class ReportManifest(msgspec.Struct, frozen=True):
    """What an audience was given. measures, organisations: ids of resources in the store that the reports speak of.

    absent: what of the measures is withheld for want of data. already_known: small counts that could be worked out of
    what was released before, whatever is held back now. held_back: of all counts but 0, the share which is suppressed
    for the sake of small ones and not small itself, over all practices, networks and boards. guarded: small counts of
    all these; proven: those that are shown to have three values at least by all sums at once. withdrawn: reports that
    were, and stay so. attack: none of a practice's own reports, and where one was kept without, which `publish` mends.
    """

    audience: Audience
    evaluation: str
    paths: list[str]
    reports: list[ReleasedReport]
    measures: list[str]
    organisations: list[str]
    absent: list[Absence] = []
    already_known: int = 0
    held_back: float = 0.0
    guarded: int = 0
    proven: int = 0
    policy: str = ""
    withdrawn: int = 0
    attack: ReleaseAttack | None = None
