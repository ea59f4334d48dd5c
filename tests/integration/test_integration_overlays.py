"""A deployment's own measure and breakdown, from a folder of its own to the reports of an ICB."""

import shutil
from pathlib import Path

import orjson
import pytest

from hi_fhir.core.audiences import Audience
from hi_fhir.pages.reading import Shelf
from hi_fhir.pages.site import make_site
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from tests.spec.test_spec_try_outs import FOLDER as TRY_OUTS
from tests.support.cli import hi_fhir, settings
from tests.support.paging import CLOCK, PageText
from tests.support.reporting import groups_of

SYSTEM = "https://example.org/our-codes"
MEASURE = '''"""Of registered people with heart failure, the share who ever had an echocardiogram."""

from datetime import date

from hi_fhir.measures import EVER, Example, Person, ProportionMeasure, clinical_event, diagnosed, registered, value_set

FAILURE = value_set("our-heart-failure")
ECHO = value_set("our-echocardiogram")

MEASURE = ProportionMeasure(
    id="our-heart-failure-examined",
    version="1",
    title="Heart failure with an echocardiogram",
    description="People with heart failure who ever had an echocardiogram.",
    rule_set="our own",
    source="our own rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & diagnosed(FAILURE),
    numerator=clinical_event(ECHO, EVER),
    examples=(
        Example("examined", Person().diagnosed(FAILURE, date(2020, 1, 1)).done(ECHO, date(2020, 2, 1)), "numerator"),
        Example("not examined", Person().diagnosed(FAILURE, date(2020, 1, 1)), "denominator"),
        Example("no heart failure", Person().done(ECHO, date(2020, 2, 1)), "outside"),
    ),
)
'''
BREAKDOWN = '''"""People of 75 and over, and the others."""

from hi_fhir.measures import ByAge, Stratifier

STRATIFIER = Stratifier("our-older-people", "1", "People of 75 and over", ByAge((0, 75)), ("0-74", "75+", "unknown"))
'''
LIST = f"""\
# title: {{title}}
# system: {SYSTEM}
# version: 1
# source: our own list
# retrieved: 2026-08-31
# licence: ours
# reviewed_by: nobody yet
# next_review: 2027-04-01
# state: full
code,note
{{code}},
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    files = {
        "measures/our_heart_failure_examined.py": MEASURE,
        "stratifiers/our_older_people.py": BREAKDOWN,
        "terminology/value_sets/our-heart-failure.csv": LIST.format(title="Heart failure", code="HF"),
        "terminology/value_sets/our-echocardiogram.csv": LIST.format(title="Echocardiogram", code="ECHO"),
    }
    for name, content in files.items():
        path = tmp_path / "overlay" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path / "overlay"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Thirty with heart failure, of whom twenty are over 75 and ten of these were examined."""
    practice = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A99001"}}
    lines: dict[str, list[bytes]] = {"Patient": [], "Condition": [], "Procedure": []}
    for number in range(30):
        born = "1940-01-01" if number < 20 else "1970-01-01"
        record = {"subject": {"reference": f"Patient/p{number}"}}
        lines["Patient"].append(
            orjson.dumps(
                {"resourceType": "Patient", "id": f"p{number}", "birthDate": born, "generalPractitioner": [practice]}
            )
        )
        lines["Condition"].append(
            orjson.dumps(
                {
                    "resourceType": "Condition",
                    "id": f"c{number}",
                    "code": {"coding": [{"system": SYSTEM, "code": "HF"}]},
                    "onsetDateTime": "2020-01-01",
                    **record,
                }
            )
        )
        if number < 10:
            lines["Procedure"].append(
                orjson.dumps(
                    {
                        "resourceType": "Procedure",
                        "id": f"e{number}",
                        "status": "completed",
                        "code": {"coding": [{"system": SYSTEM, "code": "ECHO"}]},
                        "performedDateTime": "2024-05-01",
                        **record,
                    }
                )
            )
    folder = tmp_path / "people"
    folder.mkdir()
    for type_, found in lines.items():
        (folder / f"{type_}.ndjson").write_bytes(b"\n".join(found))
    return folder


@pytest.mark.slow
def test_a_measure_and_a_breakdown_of_an_overlay_come_to_reports(
    tmp_path: Path, overlay: Path, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with settings(monkeypatch, tmp_path, workers=1):
        checked = hi_fhir("measures", "check", "--overlay", overlay, "--json")
        listed = hi_fhir("measures", "list", "--overlay", overlay, "--json")
        ran = hi_fhir(
            *("run", "--source", people, "--period", "2024-04-01..2025-03-31", "--extract-date", "2025-04-02"),
            *("--measures", "our-heart-failure-examined,ethnicity-recorded", "--overlay", overlay, "--json"),
        )
        without = hi_fhir("report", "--audience", "icb")
        released = hi_fhir("report", "--audience", "icb", "--overlay", overlay, "--json")

    assert checked.code == 0, checked.err
    assert checked.json["faults"] == []
    origins = {one["id"]: (one["version"], one["from"]) for one in listed.json}
    assert origins["our-heart-failure-examined"] == (
        "1-our-older-people.1",
        str(overlay / "measures" / "our_heart_failure_examined.py"),
    )
    assert origins["ethnicity-recorded"][1] == "shipped"
    assert ran.code == 0, ran.err
    assert without.code == 2
    assert "--overlay" in without.err
    assert released.code == 0, released.err
    [report] = [
        orjson.loads(path.read_bytes())
        for path in (tmp_path / "data").rglob("reports/practice/**/our-heart-failure-examined.json")
    ]
    [group] = report["group"]
    counts = {one["code"]["coding"][0]["code"]: one.get("count") for one in group["population"]}
    assert (counts["denominator"], counts["numerator"]) == (30, 10)
    single = [one for one in group["stratifier"] if "code" in one]
    [ours] = [one for one in single if one["code"][0]["coding"][0]["code"] == "our-older-people"]
    found = {
        stratum["value"]["coding"][0]["code"]: {
            one["code"]["coding"][0]["code"]: one.get("count") for one in stratum["population"]
        }
        for stratum in ours["stratum"]
    }
    assert {code: (one["denominator"], one["numerator"]) for code, one in found.items()} == {
        "0-74": (10, 0),
        "75+": (20, 10),
        "unknown": (0, 0),
    }


@pytest.mark.slow
def test_a_breakdown_by_words_comes_to_reports_and_is_withheld_where_nothing_told_of_it(
    tmp_path: Path, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay = tmp_path / "ours"
    shutil.copytree(TRY_OUTS / "stratifiers", overlay / "stratifiers")
    asked = ("--period", "2024-04-01..2025-03-31", "--extract-date", "2025-04-02", "--overlay", overlay)
    code = "162004"
    runs, found = {}, {}

    with settings(monkeypatch, tmp_path):
        listed = hi_fhir("measures", "list", "--overlay", overlay)
        shown = hi_fhir("measures", "show", "ethnicity-recorded", "--overlay", overlay)
    for case in ("silent", "told"):
        (tmp_path / case).mkdir()
        with settings(monkeypatch, tmp_path / case, workers=1):
            runs[case] = hi_fhir("run", "--source", people, "--measures", "ethnicity-recorded", *asked)
        found[case] = in_strata(tmp_path / case)
        with (people / "Condition.ndjson").open("ab") as conditions:
            conditions.write(b"".join(b"\n" + orjson.dumps(a_diagnosis(number, code)) for number in range(12)))

    assert [one.code for one in runs.values()] == [0, 0], runs
    assert str(overlay / "stratifiers" / "our_severe_mental_illness.py") in "".join(listed.out.split())
    assert "severe mental illness diagnosed" in " ".join(shown.out.split())
    assert "recorded and not-recorded and unknown by our-severe-mental-illness" in runs["silent"].out
    assert "our-severe-mental-illness" not in runs["told"].out
    assert found["silent"]["all"] == found["told"]["all"] == {"all": 30}
    assert found["silent"]["core20"] == {"core20": 0, "rest": 0, "unknown": 30}
    strata = {case: by["our-severe-mental-illness"] for case, by in found.items()}
    assert strata == {
        "silent": dict.fromkeys(("recorded", "not-recorded", "unknown"), "nothing-received"),
        "told": {"recorded": 12, "not-recorded": 18, "unknown": 0},
    }
    spread = {case: by["our-number-of-groups"] for case, by in found.items()}
    assert spread == {
        "silent": dict.fromkeys(("3", "2", "1", "0", "unknown"), "nothing-received"),
        "told": {"3": 0, "2": 0, "1": 0, "0": 0, "unknown": 30},
    }
    pages = {case: people_page(tmp_path / case, overlay) for case in runs}
    assert ["recorded", "12"] in pages["told"].rows
    assert ["recorded", "not known"] in pages["silent"].rows
    assert "Severe mental illness" in pages["told"].text
    assert "None is chosen here" not in pages["told"].text


def people_page(folder: Path, overlay: Path) -> PageText:
    """Who is registered at the practice, as a page tells the practice."""
    reader = Reader(Audience.PRACTICE, {"A99001"})
    store = open_store(folder / "data" / "hi_fhir.sqlite")
    site = make_site(Shelf(store, (overlay,)), everyone_is(reader))
    answer = create_app(store, CLOCK, everyone_is(reader), pages=site).test_client().get("/areas/A99001/population")
    store.close()
    return PageText(answer.text)


def a_diagnosis(number: int, code: str) -> dict[str, object]:
    return {
        "resourceType": "Condition",
        "id": f"i{number}",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": code}]},
        "onsetDateTime": "2015-01-01",
        "subject": {"reference": f"Patient/p{number}"},
    }


def in_strata(folder: Path) -> dict[str, dict[str, int | str]]:
    """The denominator by stratifier and stratum, or why it is withheld, as a practice is given it."""
    [path] = (folder / "data").rglob("reports/practice/**/ethnicity-recorded.json")
    told: dict[str, dict[str, int | str]] = {}
    for stratifier, stratum, counted in groups_of(orjson.loads(path.read_bytes())):
        [found] = [one for one in counted["population"] if one["code"]["coding"][0]["code"] == "denominator"]
        reasons = (one["valueCode"] for one in found.get("_count", {}).get("extension", ()) if "withheld" in one["url"])
        told.setdefault(stratifier, {})[stratum] = found["count"] if "count" in found else next(reasons)
    return told
