"""Publishing released reports: to whom they may go, and what is refused before anything is sent."""

from datetime import date

import pytest
import responses

from hi_fhir.core.errors import ConfigError, GateError, SourceError
from hi_fhir.core.successions import Succession
from hi_fhir.store.session import Store
from hi_fhir.store.successions import record_successions
from tests.support.publishing import a_server, found, published
from tests.support.released import CLOCK, release

NAMES = {"identifier_system": "urn:example:reports", "canonical_base": "https://example.invalid/fhir"}
"""A deployment's own."""


def test_demonstration_reports_stay_on_this_machine(store: Store) -> None:
    released = release(store, demonstrations=["ethnicity-recorded"])

    with a_server() as url:
        assert published(store, released, url).sent == 4


def test_demonstration_reports_are_refused_elsewhere_after_the_others_are_sent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = release(store, demonstrations=["ethnicity-recorded"])

    with a_server() as url:
        monkeypatch.setattr("hi_fhir.reports.sending.targets.Target.is_loopback", False)
        with pytest.raises(GateError, match="2 reports were made with demonstration code lists") as stopped:
            published(store, released, url, **NAMES)
        sent = {report["measure"] for report in found(url, "MeasureReport")}

    assert stopped.value.exit_code == 4
    assert sent == {"https://hi-fhir.example/fhir/Measure/smoking-status-recorded|2026.1"}


def test_exact_reports_of_several_practices_go_to_no_one_server(store: Store) -> None:
    released = release(store, audience="practice")

    with a_server() as url:
        with pytest.raises(GateError, match="of 2 practices"):
            published(store, released, url)
        assert found(url, "MeasureReport") == []


def test_a_practice_gets_its_own_reports_only(store: Store) -> None:
    released = release(store, audience="practice")

    with a_server() as url:
        manifest = published(store, released, url, publish_organisations=("A99002",))
        reports = found(url, "MeasureReport")

    assert (manifest.sent, manifest.withheld) == (2, 2)
    assert {report["reporter"]["identifier"]["value"] for report in reports} == {"A99002"}


@pytest.mark.parametrize(
    ("audience", "organisation", "had"),
    [
        ("icb", "QX1", {"A99001", "U99001", "QX1"}),
        ("icb", "U99002", {"A99002", "U99002"}),
        ("pcn", "U99001", {"A99001", "U99001"}),
        ("public", "QX2", {"A99002", "U99002", "QX2"}),
    ],
)
def test_a_server_is_sent_the_reports_of_whose_it_is_and_their_measures_alone(
    store: Store, audience: str, organisation: str, had: set[str]
) -> None:
    places = [("A99001", "U99001", "QX1"), ("A99002", "U99002", "QX2")]
    everyone = ("A99001", "A99002", "U99001", "U99002", "QX1", "QX2")
    released = release(store, audience=audience, reporters=everyone, memberships=places)

    with a_server() as url:
        manifest = published(store, released, url, publish_organisations=(organisation,))
        reports, organisations = found(url, "MeasureReport"), found(url, "Organization")

    assert (manifest.sent, manifest.withheld) == (2 * len(had), 2 * (6 - len(had)))
    assert {report["reporter"]["identifier"]["value"] for report in reports} == had
    assert {one["identifier"][0]["value"] for one in organisations} == had


def test_the_server_of_a_board_that_ended_is_sent_nothing_and_its_successor_s_what_was_its(store: Store) -> None:
    """CLOCK is of 2 April 2025."""
    places = [("A99001", "U99001", "QA1"), ("A99002", "U99002", "QB1")]
    released = release(store, reporters=("A99001", "A99002", "QA1", "QB1"), memberships=places)
    for day, old, new in ((date(2025, 4, 3), 4, None), (date(2025, 4, 2), None, 4)):
        with store.write() as session:
            record_successions(session, [Succession("QA1", "QX1", day)], CLOCK.at)
        for code, sent in (("QA1", old), ("QX1", new)):
            with a_server() as url:
                if sent is None:
                    with pytest.raises(ConfigError, match="publish_organisations: "):
                        published(store, released, url, publish_organisations=(code,))
                else:
                    assert published(store, released, url, publish_organisations=(code,)).sent == sent
    with (
        a_server() as url,
        pytest.raises(ConfigError, match=r"QA1 ended on 2025-04-02 \(QX1 follows it\)\. Name whose"),
    ):
        published(store, released, url, publish_organisations=("QA1",))


def test_a_practice_of_which_there_is_no_report_is_a_setting_to_mend(store: Store) -> None:
    with a_server() as url:
        with pytest.raises(
            ConfigError, match=r"publish_organisations: no report is of A99\. These have one: A99001, A99002"
        ):
            published(store, release(store, audience="practice"), url, publish_organisations=("A99",))
        assert found(url, "MeasureReport") == []


@pytest.mark.parametrize(
    ("own", "lacking"),
    [
        ({}, "identifier_system and canonical_base"),
        ({"identifier_system": NAMES["identifier_system"]}, "canonical_base"),
        ({"canonical_base": NAMES["canonical_base"]}, "identifier_system"),
    ],
)
def test_reports_without_names_of_their_own_go_to_no_other_machine(
    store: Store, own: dict[str, str], lacking: str
) -> None:
    with pytest.raises(ConfigError, match=f"Set {lacking} to"):
        published(store, release(store), "http://example.invalid/fhir", **own)


def test_exact_reports_of_one_practice_need_no_word_about_whose_server_it_is(store: Store) -> None:
    with a_server() as url:
        assert published(store, release(store, reporters=["A99001"], audience="practice"), url).sent == 2


def test_an_address_with_credentials_is_refused_before_anything_is_sent(store: Store) -> None:
    with pytest.raises(ConfigError):
        published(store, release(store), "http://me:secret@example.invalid/fhir")


@responses.activate
@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"publish_url": "http://localhost:8080/"}, "Bearer secret"),
        ({"publish_url": "http://localhost:8081/fhir"}, None),
        ({"publish_url": "https://localhost:8080/fhir"}, None),
        ({}, None),
    ],
)
def test_the_token_goes_to_the_server_that_it_is_for_alone(
    store: Store, settings: dict[str, str], sent: str | None
) -> None:
    url = "http://localhost:8080/fhir"
    responses.post(url, status=401)

    with pytest.raises(SourceError):
        published(store, release(store), url, publish_token="secret", **settings)

    assert [call.request.headers.get("Authorization") for call in responses.calls] == [sent]
