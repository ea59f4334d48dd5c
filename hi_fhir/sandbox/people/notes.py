"""The records of a person as they are written."""

from collections.abc import Sequence
from random import Random

from hi_fhir.sandbox.people.choices import (
    Weighted,
    in_surgery_hours,
    status_of,
)
from hi_fhir.sandbox.people.model import (
    Code,
    CodedAnswer,
    Component,
    Reason,
    Record,
    When,
)

_REFERENCES = Weighted({"relative": 95, "absolute": 2.5, "versioned": 2.5})
_NOTED = Weighted({"Observation": 70, "Procedure": 20, "Condition": 10})


class Notes:
    """The records of one person as they are written, after those that there are.

    patient_ids: the patient records that they are about.
    """

    def __init__(self, random: Random, patient_ids: Sequence[str], records: Sequence[Record] = ()) -> None:
        self.random = random
        self.records = list(records)
        self._patient_ids = patient_ids

    def add(
        self,
        type_: str,
        code: Code | None,
        when: When | None,
        *,
        status: str | None = None,
        issued: When | None = None,
        value: float | None = None,
        unit: str | None = None,
        comparator: str | None = None,
        answer: CodedAnswer | None = None,
        reason: Reason | None = None,
        events: tuple[When, ...] = (),
        bounds: When | None = None,
        components: tuple[Component, ...] = (),
        patient_id: str | None = None,
    ) -> None:
        """Write a record; its status is left to chance unless given."""
        random, first = self.random, self._patient_ids[0]
        about = first if len(self._patient_ids) == 1 else random.choice(self._patient_ids)
        self.records.append(
            Record(
                type=type_,
                id=f"{first}-{len(self.records) + 1}",
                patient_id=patient_id or about,
                code=code,
                when=when,
                status=status or status_of(random, type_),
                issued=issued,
                value=value,
                unit=unit,
                comparator=comparator,
                answer=answer,
                reason=reason,
                events=events,
                bounds=bounds,
                components=components,
                reference=_REFERENCES.pick(random),
            )
        )

    def coded(self, code: Code, when: When | None) -> None:
        """Write a code as a practice may: as an Observation, a Procedure or a Condition."""
        self.add(_NOTED.pick(self.random), code, when)

    def observed(self, code: Code, when: When | None, value: float | None = None, unit: str | None = None) -> None:
        """Write an Observation; one in thirty is dated by its issue alone."""
        issued = None
        if when is not None and when.precision == "day":
            issued = When(when.day, clock=when.clock or in_surgery_hours(self.random))
            if self.random.random() < 0.03:
                when = None
        self.add("Observation", code, when, issued=issued, value=value, unit=unit)
