"""Each sentence of the rule on deprivation, by postcode through an imported directory and by an LSOA on the record."""

from datetime import date

import pytest

from hi_fhir.cohorts.imports import import_postcodes, load_postcodes
from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder

LSOA_2019, LSOA_2025 = "E01000001", "E01000002"
"""Ranks as published: 29,199 of 32,844 in 2019; 31,203 of 33,755 in 2025."""

DIRECTORY = f"""pcds,lsoa11,lsoa21,doterm
AB1 2CD,{LSOA_2019},{LSOA_2025},
CF1 1AA,W01000001,W01000002,
IM1 1AA,,,202001
AB9 9XY,{LSOA_2019},,
ZZ99 3VZ,{LSOA_2019},{LSOA_2025},
"""

PEOPLE = {
    "english": {"postcode": "AB12CD"},
    "welsh": {"postcode": "CF11AA"},
    "no area": {"postcode": "IM11AA"},
    "only of 2011": {"postcode": "AB99XY"},
    "unknown": {"postcode": "XX11XX"},
    "pseudo": {"postcode": "ZZ993VZ"},
    "none": {},
    "on record": {"lsoa11": LSOA_2019, "lsoa21": LSOA_2025},
    "both": {"postcode": "CF11AA", "lsoa21": LSOA_2025},
    "restricted": {"postcode": "AB12CD", "restricted": True},
    "until today": {"postcode": "AB12CD", "home_until": date(2025, 3, 31)},
    "until yesterday": {"postcode": "AB12CD", "lsoa21": LSOA_2025, "home_until": date(2025, 3, 30)},
    "from today": {"postcode": "AB12CD", "home_from": date(2025, 3, 31)},
    "from tomorrow": {"postcode": "AB12CD", "lsoa21": LSOA_2025, "home_from": date(2025, 4, 1)},
    "since ever": {"postcode": "AB12CD", "home_from": date(1, 1, 1), "home_until": date(9999, 12, 31)},
    "until year 1": {"postcode": "AB12CD", "home_until": date(1, 1, 1)},
}


@pytest.fixture(scope="module", params=[2019, 2025])
def by_year(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("deprivation")
    (root / "onspd.csv").write_text(DIRECTORY, encoding="utf-8")
    import_postcodes(root / "onspd.csv", root / "imports")
    main = SnapshotBuilder()
    ids = {name: main.patient(name, **fields) for name, fields in PEOPLE.items()}
    resolved = resolve_snapshots(root, main, directory=load_postcodes(root / "imports"), imd_year=request.param)
    return request.param, {name: resolved[id_] for name, id_ in ids.items()}, resolved.found


def test_each_year_is_read_by_its_own_areas(by_year):
    _, people, _ = by_year

    for name in ("english", "on record"):
        person = people[name]
        assert (person["imd_2019_rank"], person["imd_2019_decile"]) == (29199, 9)
        assert (person["imd_2025_rank"], person["imd_2025_decile"]) == (31203, 10)


def test_who_is_not_linked_is_of_one_kind_of_unknown(by_year):
    year, people, found = by_year
    kinds = {name: person["deprivation"] for name, person in people.items()}

    assert kinds == {
        "english": "linked",
        "welsh": "outside-england",
        "no area": "outside-england",
        "only of 2011": "linked" if year == 2019 else "outside-england",
        "unknown": "unknown-postcode",
        "pseudo": "unknown-postcode",
        "none": "no-postcode",
        "on record": "linked",
        "both": "outside-england",
        "restricted": "restricted",
        "until today": "linked",
        "until yesterday": "no-postcode",
        "from today": "linked",
        "from tomorrow": "no-postcode",
        "since ever": "linked",
        "until year 1": "linked",
    }
    assert sum(found.deprivation.values()) == found.registered == len(PEOPLE)


def test_nobody_restricted_or_unknown_has_a_rank(by_year):
    year, people, found = by_year
    unknown = [person for person in people.values() if person["deprivation"] != "linked"]

    assert {person[f"imd_{year}_rank"] for person in unknown} == {None}
    assert {people["restricted"][f"imd_{other}_decile"] for other in (2019, 2025)} == {None}
    assert people["restricted"]["restricted"]
    assert found.restricted == 1


@pytest.mark.slow
def test_without_a_directory_every_postcode_is_unknown(tmp_path):
    main = SnapshotBuilder()
    ann, bob = main.patient("ann", postcode="AB12CD"), main.patient("bob", postcode="AB12CD", lsoa21=LSOA_2025)

    resolved = resolve_snapshots(tmp_path, main)

    assert resolved[ann]["deprivation"] == "unknown-postcode"
    assert resolved[bob]["deprivation"] == "linked"


@pytest.mark.parametrize(
    ("as_of", "postcode"),
    [
        pytest.param(date(2024, 4, 30), "CF11AA", marks=pytest.mark.slow),
        (date(2024, 5, 1), "AB12CD"),
        pytest.param(date(2025, 3, 30), "AB12CD", marks=pytest.mark.slow),
        pytest.param(date(2025, 3, 31), "IM11AA", marks=pytest.mark.slow),
    ],
)
def test_the_home_of_the_day_is_the_first_in_order_of_those_that_are_one_then(tmp_path, as_of, postcode):
    (tmp_path / "onspd.csv").write_text(DIRECTORY, encoding="utf-8")
    import_postcodes(tmp_path / "onspd.csv", tmp_path / "imports")
    main = SnapshotBuilder()
    ann = main.patient("ann", postcode="IM11AA", home_from=date(2025, 3, 31))
    main.other_home("ann", 0, postcode="AB12CD", home_from=date(2024, 5, 1), home_until=date(2025, 3, 30))
    main.other_home("ann", 1, postcode="CF11AA")
    main.patient("bob", postcode="AB12CD")
    cy = main.patient("cy", postcode="AB12CD", home_until=date(2020, 1, 1))

    resolved = resolve_snapshots(tmp_path, main, directory=load_postcodes(tmp_path / "imports"), as_of=as_of)

    kinds = {"AB12CD": "linked", "CF11AA": "outside-england", "IM11AA": "outside-england"}
    assert resolved[ann]["deprivation"] == kinds[postcode]
    assert resolved[cy]["deprivation"] == "no-postcode"
    assert resolved.found.persons == 3
