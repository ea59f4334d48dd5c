"""Worked examples: one made-up person each, in a few words, and where the measure puts them."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from hi_fhir.core.days import Period
from hi_fhir.measures.words.events import ValueSetName
from hi_fhir.measures.words.given import checked

EXAMPLE_PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
SETTLES = {
    "undetermined": "undetermined",
    "denominator_exclusion": "exclusion",
    "numerator_exclusion": "numerator-exclusion",
    "numerator": "numerator",
    "denominator_exception": "exception",
}
"""Populations that settle where somebody is put, what goes before the others first, and how that is called."""

OUTCOMES = ("outside", "initial-population", "denominator", *SETTLES.values())
"""Where a measure puts somebody: `denominator` is those of it who are in none of the others, `initial-population` those
of that who are not in a denominator that is narrower."""


def times(outcome: str, number: int) -> str:
    """An outcome with how often."""
    return f"{outcome}, {number} times"


_PRACTICE = "X99001"


@dataclass(frozen=True)
class Event:
    """A record of one coding. value_set: whose code it carries, None: no code. in_snomed: that is one of SNOMED CT."""

    type: str
    value_set: str | None
    on: date | None
    status: str
    value: float | None = None
    unit: str | None = None
    at: datetime | None = None
    component: str = ""
    comparator: str | None = None
    negation: str | None = None
    id: str | None = None
    refers_to: str | None = None
    in_snomed: bool = False


@checked
@dataclass(frozen=True)
class Person:
    """Somebody registered at a practice since 2010, unless said otherwise, with the records that the methods add.

    birth_date_exact: whether `born` is known to the day. sex_agrees: None where fewer than two patient records say any.
    ethnicity_agrees: None where fewer than two sources state it. unlinked: why deprivation is not, where there is no
    decile: no-postcode, unknown-postcode, outside-england or restricted. interpreter: needed or not-needed.
    """

    born: date | None = date(1970, 6, 15)
    birth_date_exact: bool = True
    sex: str = "female"
    sex_agrees: bool | None = None
    practice: str | None = _PRACTICE
    registered_on: date | None = date(2010, 1, 1)
    ethnicity: str = "not-recorded"
    ethnic_category_2001: str | None = None
    ethnic_category_2021: str | None = None
    ethnic_group_2021: str | None = None
    ethnicity_agrees: bool | None = None
    nhs_number: str = "absent"
    imd_decile: int | None = None
    unlinked: str = "no-postcode"
    language_recorded: bool = False
    interpreter: str | None = None
    events: tuple[Event, ...] = field(default=())

    @property
    def home(self) -> str:
        """What is known of the home: linked, or why it is not."""
        return "linked" if self.imd_decile else self.unlinked

    def diagnosed(
        self, code: ValueSetName | None, on: date | None, status: str = "active", id_: str | None = None
    ) -> "Person":
        """id_: what an encounter refers to it by. code: None for a problem in words alone."""
        return self._with(Event("Condition", code.id if code else None, on, status, id=id_))

    def problem(
        self, on: date | None, coded: str = "snomed", status: str = "active", id_: str | None = None
    ) -> "Person":
        """A problem of whatever kind. coded: snomed, other (a code of another system) or text (none)."""
        code = None if coded == "text" else PROBLEM
        return self._with(Event("Condition", code, on, status, id=id_, in_snomed=coded == "snomed"))

    def observed(
        self, code: ValueSetName, on: date | None, status: str = "final", negation: str | None = None
    ) -> "Person":
        """negation: denied, none or absent, where the record says so of what its code names."""
        return self._with(Event("Observation", code.id, on, status, negation=negation))

    def answered(
        self, question: ValueSetName, answer: ValueSetName, on: date | None, at: datetime | None = None
    ) -> "Person":
        """A question with its coded answer."""
        asked = Event("Observation", question.id, on, "final", at=at, id=f"answered-{len(self.events)}")
        return self._with(asked, replace(asked, value_set=answer.id, component="value"))

    def prescribed(
        self, code: ValueSetName, on: date | None, status: str = "active", negation: str | None = None
    ) -> "Person":
        """status: also the intent, where it is proposal, plan or option. negation: denied: not to be given."""
        return self._with(Event("MedicationRequest", code.id, on, status, negation=negation))

    def vaccinated(self, code: ValueSetName, on: date | None, status: str = "completed") -> "Person":
        return self._with(Event("Immunization", code.id, on, status))

    def done(self, code: ValueSetName, on: date | None, status: str = "completed") -> "Person":
        return self._with(Event("Procedure", code.id, on, status))

    def measured(
        self,
        code: ValueSetName,
        value: float | None,
        on: date | None,
        *,
        unit: str | None,
        comparator: str | None = None,
        at: datetime | None = None,
    ) -> "Person":
        """comparator: <, <=, >= or >, where the value is a bound."""
        if comparator not in (None, *COMPARATORS):
            raise ValueError(f"the comparator {comparator!r} is not one of {', '.join(COMPARATORS)}")
        return self._with(Event("Observation", code.id, on, "final", value, unit, at, comparator=comparator))

    def blood_pressure(
        self,
        sbp_mmhg: float,
        dbp_mmhg: float,
        on: date,
        *,
        home: bool = False,
        unit: str | None = "mm[Hg]",
        at: datetime | None = None,
        bounds: tuple[str | None, str | None] = (None, None),
    ) -> "Person":
        """bounds: the comparators of the two values."""
        setting = "-home" if home else ""
        both = (("systolic", sbp_mmhg, bounds[0]), ("diastolic", dbp_mmhg, bounds[1]))
        return self._with(
            *(
                Event(
                    "Observation", f"{which}-blood-pressure{setting}", on, "final", value, unit, at, str(number), sign
                )
                for number, (which, value, sign) in enumerate(both, 1)
            )
        )

    def encounter(
        self,
        on: date | None,
        *,
        reason: bool = False,
        refers_to: str | None = None,
        type_: str = "",
        class_: ValueSetName | str = "",
        at: datetime | None = None,
        status: str = "finished",
    ) -> "Person":
        """refers_to: the id of the Condition that is its reason.

        type_: snomed, other (a code of another system) or nothing, be it words. class_: a code of a value set, other
        (one that no value set has), unreadable (not as FHIR R4 has it) or nothing.
        """
        code = ENCOUNTER_REASON if reason else None
        place = "reference" if refers_to else ""
        own = Event("Encounter", code, on, status, at=at, component=place, refers_to=refers_to, id=self._next_id())
        kinds = []
        if type_:
            kinds.append(replace(own, value_set=ENCOUNTER_TYPE, component="type", in_snomed=type_ == "snomed"))
        if class_:
            named = class_.id if isinstance(class_, ValueSetName) else {"other": OTHER_CLASS}.get(class_)
            kinds.append(replace(own, value_set=named, component="class"))
        return self._with(own, *(replace(kind, refers_to=None) for kind in kinds))

    def _next_id(self) -> str:
        return f"record-{len(self.events)}"

    def _with(self, *events: Event) -> "Person":
        return replace(self, events=self.events + events)


COMPARATORS = ("<", "<=", ">=", ">")
PROBLEM = "problem"
"""Stands for any code that a problem may carry."""
ENCOUNTER_REASON = "encounter-reason"
"""Stands for any code that an encounter may carry as its reason."""
ENCOUNTER_TYPE = "encounter-type"
"""Likewise as its type."""
OTHER_CLASS = "other-class"
"""Stands for a code that an encounter may carry as its class, and no value set has."""


@checked
@dataclass(frozen=True)
class Example:
    """outcome: one of OUTCOMES. as_of: the period's end by default. times: in the numerator of a ratio, how often."""

    name: str
    person: Person
    outcome: str
    as_of: date = EXAMPLE_PERIOD.end
    period: Period = EXAMPLE_PERIOD
    times: int | None = None

    @property
    def told(self) -> str:
        """The outcome, with how often where that is counted."""
        return self.outcome if self.times is None else times(self.outcome, self.times)

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"example {self.name!r}: {self.outcome!r} is not one of {', '.join(OUTCOMES)}")


@checked
@dataclass(frozen=True)
class StratumExample:
    """Somebody, and in which stratum of a breakdown they are. as_of: by default the end of the period."""

    name: str
    person: Person
    stratum: str
    as_of: date = EXAMPLE_PERIOD.end
    period: Period = EXAMPLE_PERIOD
