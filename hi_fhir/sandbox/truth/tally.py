"""Expected numbers as they grow, person by person."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hi_fhir.sandbox.people.codes import ETHNICITY_UNMAPPED
from hi_fhir.sandbox.people.model import AS_OF, SyntheticPerson
from hi_fhir.sandbox.people.places import SHIRES, Region, SyntheticMembership
from hi_fhir.sandbox.truth.days import known
from hi_fhir.sandbox.truth.deprivation import deprivation_of
from hi_fhir.sandbox.truth.ethnicity import (
    NOT_KNOWN,
    NOT_RECORDED,
    NOT_STATED,
    REFUSED,
    agreement,
    ethnicity_of,
    is_specific,
)
from hi_fhir.sandbox.truth.evidence import evidence_of
from hi_fhir.sandbox.truth.impossible import impossible_dates
from hi_fhir.sandbox.truth.linked import disagreeing, people_of, unmerged
from hi_fhir.sandbox.truth.measures import Subject, outcomes
from hi_fhir.sandbox.truth.merged import merges
from hi_fhir.sandbox.truth.opted_out import is_opted_out, numbers_of
from hi_fhir.sandbox.truth.reconciliation import KEPT, ExpectedReconciliation, outcome
from hi_fhir.sandbox.truth.registered import RegistrationStatus, registration_of
from hi_fhir.sandbox.truth.setting import USUAL, TruthSetting
from hi_fhir.sandbox.truth.shared import Sharing
from hi_fhir.sandbox.truth.stated import left_out
from hi_fhir.sandbox.truth.strata import UNKNOWN, strata_of

Cell = tuple[str, str, str, str, str]
"""Measure, practice, stratifier, stratum and population."""

_ALL = "all"
_EVENT_TABLES = (
    "condition",
    "encounter",
    "immunization",
    "medication_request",
    "observation",
    "procedure",
    "registration",
)
_MERGES = ("merged", "dangling", "loop", "several-survivors", "unreadable-link")
_STANDINGS = {"verified-in-words": "verified"}
_UNSTATED = frozenset({NOT_STATED, REFUSED, NOT_KNOWN, NOT_RECORDED})


def areas(as_of: date = AS_OF, region: Region = SHIRES) -> dict[str, SyntheticMembership]:
    """Each practice's membership on the reference date, by ODS code."""
    return {
        one.practice.ods_code: one
        for one in region.memberships
        if (one.first is None or one.first <= as_of) and (one.last is None or one.last >= as_of)
    }


@dataclass
class Truth:
    """counts: people in each cell that has any. reconciliation: what becomes of the people's resources.

    reasons: all people but those who opted out by registered, or why not. strays: kept events whose patient is not
    there, by reference or by identifier. left_out: what records state that is no registration, by why, and impossible:
    dates that cannot be, by of what; both of whomever.
    link_conflicts, merges: patients. The others count registered people.
    """

    setting: TruthSetting = USUAL
    counts: Counter[Cell] = field(default_factory=Counter)
    reconciliation: ExpectedReconciliation = field(init=False)
    reasons: Counter[str] = field(default_factory=Counter)
    strays: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    impossible: Counter[str] = field(default_factory=Counter)
    link_conflicts: int = 0
    merges: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    restricted: int = 0
    pcn_unknown: int = 0
    ethnicity_not_understood: int = 0
    ethnicity: Counter[str] = field(default_factory=Counter)
    deprivation: Counter[str] = field(default_factory=Counter)
    nhs_number: Counter[str] = field(default_factory=Counter)
    opted_out: int = 0
    _sharing: Sharing = field(default_factory=Sharing)
    _unmatched: set[str] = field(init=False)
    _areas: Mapping[str, SyntheticMembership] = field(init=False)

    def __post_init__(self) -> None:
        self.reconciliation = ExpectedReconciliation(self.setting)
        self._unmatched = set(self.setting.listed)
        self._areas = areas(self.setting.as_of, self.setting.region)

    def add(self, person: SyntheticPerson) -> None:
        """Count one more person."""
        self.reconciliation.add(person)
        own = {patient.id for patient in person.patients}
        for record in person.records:
            if record.patient_id not in own and outcome(record, self.setting) == KEPT:
                named = record.reference in ("by-identifier", "contained")
                self.strays["by identifier" if named else "by reference"] += 1
        for patient in person.patients:
            self.left_out.update(left_out(patient))
            self.impossible.update(impossible_dates(patient))
        self._unmatched -= numbers_of(person)
        self.merges.update(merges(person).found)
        for settled in self._sharing.settled(person):
            self._add_settled(settled)

    def close(self) -> None:
        """Nobody more is to come."""
        for settled in self._sharing.rest():
            self._add_settled(settled)

    def _add_settled(self, person: SyntheticPerson) -> None:
        self.link_conflicts += len(disagreeing(person))
        for one in people_of(person):
            self._add_one(one)

    def _add_one(self, person: SyntheticPerson) -> None:
        if is_opted_out(person, self.setting):
            self.opted_out += 1
            return
        registration = registration_of(person, self.setting.as_of)
        self.reasons[registration.reason] += 1
        if registration.patient:
            self._add_registered(person, registration)

    def people(self) -> dict[str, Any]:
        """As the people section of an evaluation has it."""
        reasons = dict(sorted(self.reasons.items()))
        registered = reasons.pop("registered", 0)
        return {
            "persons": self.reasons.total(),
            "registered": registered,
            "no_registration": reasons.get("no-registration", 0),
            "registration_conflicts": self.conflicts,
            "not_registered_by_reason": reasons,
            "registrations_left_out": dict(sorted(self.left_out.items())),
            "impossible_dates": dict(sorted(self.impossible.items())),
            "restricted": self.restricted,
            "opted_out": self.opted_out,
            "opt_outs_unmatched": len(self._unmatched),
            "orphan_events": {**dict.fromkeys(_EVENT_TABLES, 0), "observation": self.strays["by reference"]},
            "deprivation": dict(sorted(self.deprivation.items())),
            "ethnicity": dict(sorted(self.ethnicity.items())),
            "pcn_unknown": self.pcn_unknown,
            "nhs_number": dict(sorted(self.nhs_number.items())),
            "link_conflicts": self.link_conflicts,
            "merges": {**dict.fromkeys(_MERGES, 0), **self.merges},
            "identifiers_of_nobody": {
                **dict.fromkeys(_EVENT_TABLES, 0),
                "observation": self.strays["by identifier"],
            },
            "identifiers_of_several": dict.fromkeys(_EVENT_TABLES, 0),
            "ethnicity_not_understood": self.ethnicity_not_understood,
        }

    def _add_registered(self, person: SyntheticPerson, registration: RegistrationStatus) -> None:
        patient = registration.patient
        if patient is None:
            return
        evidence = evidence_of(person, self.setting.as_of)
        ethnicity = ethnicity_of(patient.ethnicity, evidence.statements)
        restricted = any(one.restricted for one in person.patients)
        deprivation = deprivation_of(patient, self.setting, restricted=restricted)
        number = patient.nhs_number
        subject = Subject(
            age=self.setting.age(born) if (born := known(patient.born)) else None,
            is_birth_date_exact=bool(born and patient.born and patient.born.precision == "day"),
            sex=patient.sex,
            sexes=tuple(one.sex for one in unmerged(person) if one.sex not in (None, "unknown")),
            ethnicity=ethnicity,
            is_specific=is_specific(patient.ethnicity, ethnicity),
            agreement=agreement([one.ethnicity for one in unmerged(person)], evidence.statements),
            standing=_STANDINGS.get(number.standing, number.standing) if number else "absent",
            home=deprivation.kind,
            language=patient.language,
            interpreter=patient.interpreter,
            registered_since=registration.since,
            evidence=evidence,
            setting=self.setting,
        )
        self.ethnicity_not_understood += patient.ethnicity is ETHNICITY_UNMAPPED
        self.conflicts += registration.conflict
        self.restricted += restricted
        self.ethnicity[ethnicity if ethnicity in _UNSTATED else "stated"] += 1
        self.deprivation[deprivation.kind] += 1
        self.nhs_number[subject.standing] += 1
        self._add_cells(subject, deprivation.decile, registration.practice)

    def _add_cells(self, subject: Subject, decile: int | None, practice: str) -> None:
        area = self._areas.get(practice)
        network = area.pcn if area else None
        self.pcn_unknown += network is None
        strata = {
            _ALL: _ALL,
            "practice": practice,
            "pcn": network.ods_code if network else UNKNOWN,
            **strata_of(subject.sex, subject.age, subject.ethnicity, decile),
        }
        self.counts.update(_cells(subject, practice, strata))


def _cells(subject: Subject, practice: str, strata: Mapping[str, str]) -> Iterator[Cell]:
    for measure, populations in outcomes(subject).items():
        for population in populations:
            for stratifier, stratum in strata.items():
                yield measure, practice, stratifier, stratum, population
