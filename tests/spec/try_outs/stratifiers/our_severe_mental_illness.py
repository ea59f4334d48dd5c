"""People on the register of severe mental illness, and the others."""

from datetime import date

from hi_fhir.measures import ByWords, Person, Stratifier, StratumExample, diagnosed, value_set

ILLNESS, REMISSION = value_set("severe-mental-illness"), value_set("severe-mental-illness-remission")
YEARS_AGO, LATER = date(2015, 1, 1), date(2020, 1, 1)

ill = Person().diagnosed(ILLNESS, YEARS_AGO)

STRATIFIER = Stratifier(
    "our-severe-mental-illness",
    "1",
    "Severe mental illness",
    ByWords((diagnosed(ILLNESS, unless_resolved_by=REMISSION),)),
    ("recorded", "not-recorded", "unknown"),
    examples=(
        StratumExample("diagnosed", ill, "recorded"),
        StratumExample("nothing recorded", Person(), "not-recorded"),
        StratumExample("in remission since the day of diagnosis", ill.observed(REMISSION, YEARS_AGO), "not-recorded"),
        StratumExample("relapsed", ill.observed(REMISSION, LATER).diagnosed(ILLNESS, LATER), "not-recorded"),
        StratumExample(
            "relapsed the day after", ill.observed(REMISSION, LATER).diagnosed(ILLNESS, date(2020, 1, 2)), "recorded"
        ),
        StratumExample("diagnosed the day after", Person().diagnosed(ILLNESS, date(2025, 4, 1)), "not-recorded"),
        StratumExample("undated", Person().diagnosed(ILLNESS, None), "recorded"),
    ),
)
