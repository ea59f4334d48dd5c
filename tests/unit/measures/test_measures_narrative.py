"""The sentences that a clinician reads are those that the words mean."""

import pytest

from hi_fhir.measures import (
    EVER,
    IN_PERIOD,
    Quantity,
    aged,
    clinical_event,
    deprivation_linked,
    diagnosed,
    encounter,
    ethnicity_recorded,
    ethnicity_stated,
    latest_reading,
    months,
    nhs_number_verified,
    observed,
    prescribed,
    registered,
    registration_begun,
    vaccinated,
    value_set,
)
from hi_fhir.measures.render.narrative import sentence
from hi_fhir.measures.words.base import Word

REVIEW, ASTHMA = value_set("annual-review"), value_set("asthma")
WEIGHT = latest_reading(Quantity(value_set("weight"), "kg", (1, 500)), within=months(12))
BOTH = latest_reading(
    Quantity(value_set("systolic"), "mm[Hg]", (40, 350)),
    Quantity(value_set("diastolic"), "mm[Hg]", (20, 200)),
    within=EVER,
)


@pytest.mark.parametrize(
    ("word", "phrase"),
    [
        (registered(), "registered on the reference date"),
        (aged(16), "aged 16 or over at the period's end"),
        (aged(at_most=79), "aged 79 or under at the period's end"),
        (aged(18, 79), "aged 18 to 79 at the period's end"),
        (ethnicity_recorded(), "ethnicity stated, not stated or refused"),
        (ethnicity_stated(), "ethnicity stated"),
        (nhs_number_verified(), "NHS number present, valid and verified"),
        (deprivation_linked(), "linked to a deprivation rank of the run's IMD year"),
        (registration_begun(within=months(9)), "registration begun in the 9 months to the reference date"),
        (observed(REVIEW, IN_PERIOD), "annual review recorded in the period"),
        (prescribed(value_set("statin"), months(6)), "statin prescribed in the 6 months to the reference date"),
        (vaccinated(value_set("flu-vaccine"), IN_PERIOD), "flu vaccine given in the period"),
        (clinical_event(REVIEW, EVER), "annual review recorded up to the reference date"),
        (
            clinical_event(REVIEW, EVER).first.within(months(9)),
            "first annual review in the 9 months to the reference date",
        ),
        (diagnosed(ASTHMA), "asthma diagnosed up to the reference date"),
        (
            diagnosed(ASTHMA, unless_resolved_by=value_set("asthma-resolved")),
            "asthma diagnosed up to the reference date, with no asthma resolved on or after the latest diagnosis",
        ),
        (
            clinical_event(REVIEW, IN_PERIOD).twice(days_apart=7),
            "annual review recorded in the period at least twice, the first and last 7 days apart or more",
        ),
        (
            clinical_event(REVIEW, IN_PERIOD).on_or_after(clinical_event(ASTHMA, EVER).first),
            "annual review recorded in the period on or after the first asthma",
        ),
        (encounter(), "an encounter in the period"),
        (encounter().with_coded_reason(), "the latest encounter in the period carries a coded reason"),
        (encounter().with_coded_type(), "the latest encounter in the period has a type in SNOMED CT"),
        (encounter().with_class(REVIEW), "the latest encounter in the period has a class of the list annual review"),
        (WEIGHT, "weight in the 12 months to the reference date"),
        (BOTH, "systolic and diastolic on one day up to the reference date"),
        (WEIGHT.at_most(80.5), "latest reading in the 12 months to the reference date with weight at most 80.5 kg"),
        (
            BOTH.at_most(145, 85, unverified=True),
            "latest reading up to the reference date with systolic at most 145 mm[Hg] and diastolic at most 85 mm[Hg] "
            "[U]",
        ),
        (
            BOTH.no_earlier_than(WEIGHT),
            "latest systolic and diastolic on one day up to the reference date no earlier than the latest weight in "
            "the 12 months to the reference date",
        ),
        (
            WEIGHT.no_earlier_than(WEIGHT),
            "latest weight no earlier than the latest weight in the 12 months to the reference date",
        ),
        (registered() & aged(16), "registered on the reference date and aged 16 or over at the period's end"),
        (
            registered() & (ethnicity_stated() | ~ethnicity_recorded()),
            "registered on the reference date and (ethnicity stated or not (ethnicity stated, not stated or refused))",
        ),
        (
            registered() & ethnicity_stated() | nhs_number_verified(),
            "(registered on the reference date and ethnicity stated) or NHS number present, valid and verified",
        ),
    ],
)
def test_a_word_reads_as_a_phrase(word: Word, phrase: str) -> None:
    assert sentence(word) == phrase


def test_a_value_set_goes_by_its_title_where_it_has_one() -> None:
    word = WEIGHT.at_most(80) & (diagnosed(ASTHMA) | clinical_event(REVIEW, EVER))

    assert sentence(word, {"weight": "our scales", "asthma": "asthma of ours"}) == (
        "latest reading in the 12 months to the reference date with our scales at most 80 kg and (asthma of ours "
        "diagnosed up to the reference date or annual review recorded up to the reference date)"
    )
