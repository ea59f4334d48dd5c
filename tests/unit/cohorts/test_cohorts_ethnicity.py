"""Each sentence of the rule on ethnicity, on many people resolved together."""

from datetime import date

import pytest

from hi_fhir.terminology.systems import (
    ETHNICITY_ENGLAND,
    ETHNICITY_RETIRED,
    ETHNICITY_SCOTLAND,
    ETHNICITY_WALES,
    READ_V2,
    SNOMED,
)
from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder

WHITE_BRITISH, IRISH, INDIAN, CHINESE = "92391000000108", "92401000000106", "110751000000108", "92511000000107"
TRAVELLER, ARAB, OTHER_WHITE = "976671000000104", "976951000000102", "7695005"
NOT_STATED, REFUSED, NOT_RECORDED = "1024701000000100", "763726001", "312861003"
EARLIER, LATER, TOO_LATE = date(2015, 1, 1), date(2020, 1, 1), date(2025, 4, 1)


def _extension(system, code):
    return lambda main, name: main.ethnic_category(name, system, code)


def _observed(*records, table="observation", **fields):
    def add(main, name):
        for code, day in records:
            getattr(main, table)(name, code, day, **fields)

    return add


def _all(*steps):
    def add(main, name):
        for step in steps:
            step(main, name)

    return add


CASES = {
    "a stated extension decides over any observation": (
        _all(_extension(ETHNICITY_ENGLAND, "B"), _observed((INDIAN, LATER))),
        ("stated", "extension", "B"),
    ),
    "Wales: its B is not England's": (_extension(ETHNICITY_WALES, "B"), ("stated", "extension", "C")),
    "Scotland is read": (_extension(ETHNICITY_SCOTLAND, "3J"), ("stated", "extension", "R")),
    "the retired system is read": (_extension(ETHNICITY_RETIRED, "CB"), ("stated", "extension", "A")),
    "SNOMED in the extension is read": (_extension(SNOMED, INDIAN), ("stated", "extension", "H")),
    "England's system comes before SNOMED": (
        _all(_extension(SNOMED, INDIAN), _extension(ETHNICITY_ENGLAND, "J")),
        ("stated", "extension", "J"),
    ),
    "England's comes before the systems of Wales and Scotland": (
        _all(
            _extension(ETHNICITY_SCOTLAND, "3J"), _extension(ETHNICITY_WALES, "B"), _extension(ETHNICITY_ENGLAND, "J")
        ),
        ("stated", "extension", "J"),
    ),
    "Wales's comes before Scotland's": (
        _all(_extension(ETHNICITY_SCOTLAND, "3J"), _extension(ETHNICITY_WALES, "B")),
        ("stated", "extension", "C"),
    ),
    "Scotland's comes before the retired system": (
        _all(_extension(ETHNICITY_RETIRED, "CB"), _extension(ETHNICITY_SCOTLAND, "3J")),
        ("stated", "extension", "R"),
    ),
    "the retired system comes before SNOMED": (
        _all(_extension(SNOMED, INDIAN), _extension(ETHNICITY_RETIRED, "CB")),
        ("stated", "extension", "A"),
    ),
    "two categories of one system are a conflict": (
        _all(_extension(ETHNICITY_ENGLAND, "A"), _extension(ETHNICITY_ENGLAND, "B")),
        ("not-known", "extension", None),
    ),
    "99 says nothing": (_extension(ETHNICITY_ENGLAND, "99"), ("not-recorded", None, None)),
    "an unmapped code says nothing": (_extension("urn:local", "A"), ("not-recorded", None, None)),
    "Z in the extension gives way to an observation": (
        _all(_extension(ETHNICITY_ENGLAND, "Z"), _observed((INDIAN, EARLIER))),
        ("stated", "observation", "H"),
    ),
    "the latest stated observation decides": (
        _observed((WHITE_BRITISH, EARLIER), (INDIAN, LATER)),
        ("stated", "observation", "H"),
    ),
    "what comes after the reference date is not seen": (
        _observed((WHITE_BRITISH, EARLIER), (INDIAN, TOO_LATE)),
        ("stated", "observation", "A"),
    ),
    "stated beats a later refusal": (
        _observed((WHITE_BRITISH, EARLIER), (REFUSED, LATER)),
        ("stated", "observation", "A"),
    ),
    "different categories on the latest day are not known": (
        _observed((WHITE_BRITISH, LATER), (INDIAN, LATER), (INDIAN, EARLIER)),
        ("not-known", "observation", None),
    ),
    "the same category twice on a day is no conflict": (
        _observed((WHITE_BRITISH, LATER), ("494131000000105", LATER)),
        ("stated", "observation", "A"),
    ),
    "two finer categories of one of 2001 are no conflict": (
        _observed((TRAVELLER, LATER), (OTHER_WHITE, LATER)),
        ("stated", "observation", "C"),
    ),
    "an undated observation loses to a dated one": (
        _observed((INDIAN, None), (WHITE_BRITISH, EARLIER)),
        ("stated", "observation", "A"),
    ),
    "an undated observation counts alone": (_observed((INDIAN, None)), ("stated", "observation", "H")),
    "a condition speaks too": (_observed((INDIAN, LATER), table="condition"), ("stated", "observation", "H")),
    "a procedure speaks if completed": (_observed((INDIAN, LATER), table="procedure"), ("stated", "observation", "H")),
    "a procedure that was not done is silent": (
        _observed((INDIAN, LATER), table="procedure", status="not-done"),
        ("not-recorded", None, None),
    ),
    "a preliminary observation is silent": (
        _observed((INDIAN, LATER), status="preliminary"),
        ("not-recorded", None, None),
    ),
    "a refuted condition is silent": (
        _observed((INDIAN, LATER), table="condition", status="refuted"),
        ("not-recorded", None, None),
    ),
    "an answer is no statement": (
        _all(_observed((INDIAN, LATER), component="value"), _observed((IRISH, LATER), component="1.value")),
        ("not-recorded", None, None),
    ),
    "an answer does not stand against a statement": (
        _all(_observed((WHITE_BRITISH, EARLIER)), _observed((INDIAN, LATER), component="value")),
        ("stated", "observation", "A"),
    ),
    "an old code is mapped": (_observed(("9i00.", LATER), system=READ_V2), ("stated", "observation", "A")),
    "the later of refused and not stated": (
        _observed((REFUSED, EARLIER), (NOT_STATED, LATER)),
        ("not-stated", "observation", None),
    ),
    "refused later than not stated": (
        _observed((REFUSED, LATER), (NOT_STATED, EARLIER)),
        ("refused", "observation", None),
    ),
    "refused on a tie": (_observed((REFUSED, LATER), (NOT_STATED, LATER)), ("refused", "observation", None)),
    "Z alone is not stated": (_extension(ETHNICITY_ENGLAND, "Z"), ("not-stated", "extension", None)),
    "Z is earlier than any dated refusal": (
        _all(_extension(ETHNICITY_ENGLAND, "Z"), _observed((REFUSED, EARLIER))),
        ("refused", "observation", None),
    ),
    "Scotland's 98 is a refusal": (_extension(ETHNICITY_SCOTLAND, "98"), ("refused", "extension", None)),
    "'not recorded' as a code says nothing": (_observed((NOT_RECORDED, LATER)), ("not-recorded", None, None)),
    "nothing": (lambda main, name: None, ("not-recorded", None, None)),
}


@pytest.fixture(scope="module")
def resolved(tmp_path_factory):
    main = SnapshotBuilder()
    ids = {}
    for name, (add, _) in CASES.items():
        ids[name] = main.patient(name)
        add(main, name)
    for name, code in {"traveller": TRAVELLER, "arab": ARAB, "chinese": CHINESE, "other": "92411000000108"}.items():
        ids[name] = main.patient(name)
        main.observation(name, code, LATER)
    found = resolve_snapshots(tmp_path_factory.mktemp("ethnicity"), main)
    return {name: found[id_] for name, id_ in ids.items()} | {"found": found.found}


@pytest.mark.parametrize("name", CASES)
def test_ethnicity(resolved, name):
    person = resolved[name]

    assert (person["ethnicity"], person["ethnicity_source"], person["ethnic_category_2001"]) == CASES[name][1]


@pytest.mark.parametrize(
    ("name", "category", "group_2001", "group_2021", "category_2021"),
    [
        ("chinese", "R", "other", "asian", "asian-chinese"),
        ("traveller", "C", "white", "white", "white-gypsy-or-irish-traveller"),
        ("arab", "S", "other", "other", "other-arab"),
        ("other", "C", "white", "white", None),
        ("two finer categories of one of 2001 are no conflict", "C", "white", "white", None),
        ("refused on a tie", None, None, None, None),
    ],
)
def test_groups_go_by_census_year_and_the_finer_category_only_where_the_code_allows(
    resolved, name, category, group_2001, group_2021, category_2021
):
    person = resolved[name]

    assert person["ethnic_category_2001"] == category
    assert (person["ethnic_group_2001"], person["ethnic_group_2021"]) == (group_2001, group_2021)
    assert person["ethnic_category_2021"] == category_2021


def test_each_kind_is_counted_and_adds_up_to_the_registered(resolved):
    found = resolved["found"]

    assert set(found.ethnicity) == {"stated", "not-stated", "refused", "not-recorded", "not-known"}
    assert sum(found.ethnicity.values()) == found.registered


def test_the_extension_of_the_record_that_won_and_the_observations_of_all(tmp_path):
    from tests.support.tables import nhs_key

    main, other = SnapshotBuilder("main"), SnapshotBuilder("other")
    for name in ("ann", "bob"):
        main.patient(name, nhs_key=nhs_key(name), practice=None)
        main.registration(name, "episode", "OLD", date(2010, 1, 1))
        other.patient(name, nhs_key=nhs_key(name), practice=None)
        other.registration(name, "episode", "NEW", date(2020, 1, 1))
    main.ethnic_category("ann", ETHNICITY_ENGLAND, "H")
    other.ethnic_category("ann", ETHNICITY_ENGLAND, "J")
    main.ethnic_category("bob", ETHNICITY_ENGLAND, "H")
    main.observation("bob", IRISH, LATER)

    resolved = resolve_snapshots(tmp_path, main, other)
    said = {person["ethnic_category_2001"] for person in resolved.people.values()}

    assert said == {"J", "B"}


def test_ethnic_codes_that_no_map_has_are_counted_by_source_practice_and_system(tmp_path):
    """99 is known to say nothing, and a second coding that is understood is enough."""
    main = SnapshotBuilder()
    codes = {
        "local": [("urn:local", "W1")],
        "another": [("urn:local", "W2")],
        "unknown letter": [(ETHNICITY_ENGLAND, "Q")],
        "uncoded": [(None, None)],
        "dual": [("urn:local", "W1"), (ETHNICITY_ENGLAND, "A")],
        "not known": [(ETHNICITY_ENGLAND, "99")],
        "nobody's": [("urn:local", "W1")],
    }
    for name, codings in codes.items():
        practice = "A99002" if name == "another" else "A99001"
        main.patient(name, practice=None if name == "nobody's" else practice)
        for system, code in codings:
            main.ethnic_category(name, system, code)

    found = resolve_snapshots(tmp_path, main).found

    assert found.ethnicity_not_understood == 4
    assert [(one.source, one.practice, one.system, one.people) for one in found.not_understood] == [
        ("main", "A99001", "", 1),
        ("main", "A99001", ETHNICITY_ENGLAND, 1),
        ("main", "A99001", "urn:local", 1),
        ("main", "A99002", "urn:local", 1),
    ]
    assert "ethnic categories in codes of urn:local that no map has say nothing of their people" in {
        note.text for note in found.notes
    }
