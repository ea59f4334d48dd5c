"""What the service refuses is noted, with who and what and no value; the operator's clients alone can search it."""

from datetime import timedelta

import orjson
import pytest

from hi_fhir.access.trail import AuditTrail
from hi_fhir.fhir.resources import round_trip
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.store.audit_events import AuditOutcome, AuditReason
from hi_fhir.store.criteria import Reader
from hi_fhir.web.app import create_app
from hi_fhir.web.audit_events import SERVED_AUDIT_EVENT
from hi_fhir.web.readers import everyone_is
from tests.support.door import CLIENTS, PLACES, Door, open_door, register
from tests.support.released import CLOCK, release
from tests.support.signing import RSA, token_form
from tests.support.subscribing import HandClock, subscription

CANARY = "CANARY7f3a"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
AUDIT = "system/AuditEvent.rs"


@pytest.fixture(scope="module")
def kept(module_store, tmp_path_factory):
    release(module_store, memberships=PLACES)
    register(module_store, *CLIENTS)
    return module_store, tmp_path_factory.mktemp("keys")


@pytest.fixture
def door(kept) -> Door:
    return open_door(*kept)


def only(door: Door):
    """The one note that was taken."""
    [note] = door.notes
    return note


def test_what_is_answered_is_not_noted(door):
    headers = door.headers("mine")
    for path in ("/fhir/metadata", "/healthz", "/fhir/MeasureReport", "/fhir/.well-known/smart-configuration"):
        assert door.http.get(path, headers=headers).status_code == 200
    for path, status in (("/nowhere", 404), ("/fhir/MeasureReport?nothing=1", 400)):  # neither is anybody's
        assert door.http.get(path, headers=headers).status_code == status
    assert door.notes == []


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, AuditReason.NO_TOKEN),
        ({"Authorization": "Basic x"}, AuditReason.NO_TOKEN),
        ({"Authorization": f"Bearer {CANARY}"}, AuditReason.TOKEN_NOT_GOOD),
    ],
)
def test_who_shows_no_good_token_is_noted_by_address(door, headers, reason):
    assert door.http.get(f"/fhir/MeasureReport/{CANARY}?x={CANARY}", headers=headers).status_code == 401

    note = only(door)
    assert (note.outcome, note.reason, note.peer, note.client_id) == (AuditOutcome.REFUSED, reason, "127.0.0.1", None)
    assert (note.method, note.route, note.resource_type) == ("GET", "/fhir/<type:type_>/<id_>", "MeasureReport")
    assert CANARY not in str(note)


def test_a_token_for_something_else_is_noted_with_its_client(door):
    headers = door.headers("narrow")
    assert door.http.get("/fhir/MeasureReport", headers=headers).status_code == 403

    note = only(door)
    assert (note.reason, note.client_id, note.organisation, note.audience) == (
        AuditReason.SCOPE,
        "narrow",
        "QX1",
        "icb",
    )
    assert note.peer is None


def test_what_is_anothers_or_nobodys_is_noted_with_its_id(door):
    [theirs, *_] = door.http.get("/fhir/MeasureReport", headers=door.headers("theirs")).json["entry"]
    id_ = theirs["resource"]["id"]
    for path in (f"MeasureReport/{id_}", f"MeasureReport/{id_}/_history/1", "Group/mr-nobody", "Subscription/nobody"):
        assert door.http.get(f"/fhir/{path}", headers=door.headers("mine")).status_code == 404

    noted = [(note.reason, note.resource_type, note.resource_id) for note in door.notes]
    assert noted == [
        (AuditReason.NOT_FOUND, *pair)
        for pair in (
            ("MeasureReport", id_),
            ("MeasureReport", id_),
            ("Group", "mr-nobody"),
            ("Subscription", "nobody"),
        )
    ]


@pytest.mark.parametrize("id_", ["9434765919", "943-476-5919", "%00", "é", "a b", "x" * 65, "'; DROP TABLE"])
def test_an_id_that_is_none_of_ours_is_not_kept(door, id_):
    assert door.http.get(f"/fhir/MeasureReport/{id_}", headers=door.headers("mine")).status_code == 404
    assert only(door).resource_id is None


def test_a_refused_token_is_noted_by_address_until_it_is_sure_who_signed(door):
    form = token_form("mine", "https://numbers.example/auth/token", CLOCK.at)
    for wrong in ({**form, "client_assertion": CANARY}, token_form("nobody", "x", CLOCK.at), {"grant_type": CANARY}):
        assert door.http.post("/auth/token", data=wrong).status_code >= 400
    assert {(note.reason, note.client_id, note.peer) for note in door.notes} == {
        (AuditReason.TOKEN_REFUSED, None, "127.0.0.1")
    }
    door.notes.clear()

    assert [door.http.post("/auth/token", data=form).status_code for _ in range(2)] == [200, 401]
    assert door.token("mine", scope="system/Patient.rs").status_code == 400
    assert door.token("mine", RSA, exp=1).status_code == 401
    assert [(note.reason, note.client_id, note.organisation) for note in door.notes] == [
        (reason, "mine", "QX1")
        for reason in (AuditReason.ASSERTION_REPLAYED, AuditReason.SCOPE, AuditReason.TOKEN_REFUSED)
    ]
    assert CANARY not in str(door.notes)


def test_a_refused_subscription_and_a_refused_operation_are_noted(door):
    headers = door.headers("mine")
    wrong = [subscription("http://127.0.0.1:1/x") | {"criteria": CANARY}, {"resourceType": CANARY}]
    for one in wrong:
        assert door.http.post("/fhir/Subscription", json=one, headers=headers).status_code in (400, 422)
    asked = "/fhir/Measure/$evaluate-measure?reportType=subject&subject=Patient/9434765919"
    assert door.http.get(asked, headers=headers).status_code == 403

    assert [note.reason for note in door.notes] == [
        *[AuditReason.SUBSCRIPTION_REFUSED] * 2,
        AuditReason.FORBIDDEN,
    ]
    assert {note.client_id for note in door.notes} == {"mine"}
    assert CANARY not in str(door.notes)
    assert "9434765919" not in str(door.notes)


def test_a_call_by_another_name_is_noted(door):
    assert door.http.get("/fhir/MeasureReport", base_url="http://evil.example").status_code == 400

    assert only(door).reason == AuditReason.ANOTHER_HOST
    assert "evil" not in str(door.notes)


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("/run/socket", None),
    ],
)
def test_an_address_is_as_much_as_one_caller_has(door, address, peer):
    door.http.get("/fhir/MeasureReport", environ_base={"REMOTE_ADDR": address})
    assert only(door).peer == peer


@pytest.fixture
def filled(fresh_store, tmp_path) -> Door:
    """A door whose notes are in its store: of two clients and an address, a minute after each other."""
    release(fresh_store, memberships=PLACES)
    register(fresh_store, *CLIENTS)
    clock = HandClock(CLOCK.at)
    trail = AuditTrail(fresh_store, clock, timedelta(days=1))
    door = open_door(fresh_store, tmp_path, trail.note)
    headers = {name: door.headers(name) for name in ("mine", "theirs")}
    for caller in (headers["mine"], headers["theirs"], {}):
        door.http.get("/fhir/MeasureReport/mr-nobody", headers=caller)
        door.http.get("/fhir/MeasureReport/mr-nobody", headers=caller)
        trail.write()
        clock.go_on(minutes=1)
    return door


def found(door: Door, query: str = "") -> list[str]:
    """Who asked, by id or name, of the events that a search finds."""
    answer = door.http.get(f"/fhir/AuditEvent{query}", headers=door.headers("operator", AUDIT))
    assert answer.status_code == 200, answer.json
    agents = [entry["resource"]["agent"][0] for entry in answer.json.get("entry", ())]
    return [agent.get("altId", agent.get("name")) for agent in agents]


def test_an_event_is_an_r4_audit_event_and_has_who_when_what_and_how_often(filled):
    answer = filled.http.get("/fhir/AuditEvent", headers=filled.headers("operator", AUDIT))
    first, _, last = (entry["resource"] for entry in answer.json["entry"])

    for one in (first, last):
        round_trip(one)
    assert first["agent"] == [
        {
            "who": {"type": "Organization", "identifier": {"system": ODS, "value": "QX1"}},
            "altId": "mine",
            "requestor": True,
        }
    ]
    assert (first["recorded"], first["outcome"], first["action"]) == ("2025-04-02T12:00:00.000+00:00", "4", "R")
    assert first["outcomeDesc"] == "it is not there, or not for who asked (2 times)"
    [entity] = first["entity"]
    assert entity["what"] == {"reference": "MeasureReport/mr-nobody"}
    assert {one["type"]: one["valueString"] for one in entity["detail"]} == {
        "reason": "not-found",
        "times": "2",
        "route": "GET /fhir/<type:type_>/<id_>",
    }
    assert last["agent"][0]["network"] == {"address": "127.0.0.1", "type": "2"}
    assert last["agent"][0]["name"] == "unauthenticated"


@pytest.mark.parametrize(
    ("query", "who"),
    [
        ("", ["mine", "theirs", "unauthenticated"]),
        ("?_sort=-_id", ["unauthenticated", "theirs", "mine"]),
        (f"?agent:identifier={ODS}|QX2", ["theirs"]),
        ("?agent:identifier=QX2,QX1", ["mine", "theirs"]),
        ("?agent:identifier=urn:x|QX2", []),
        ("?agent=Organization/ods-qx2", []),
        ("?agent:missing=true", ["unauthenticated"]),
        ("?altid=mine", ["mine"]),
        ("?altid:not=mine", ["theirs", "unauthenticated"]),
        ("?altid:missing=false", ["mine", "theirs"]),
        ("?outcome=4", ["mine", "theirs", "unauthenticated"]),
        ("?outcome:not=4", []),
        ("?outcome=0", []),
        ("?outcome=x", []),
        ("?outcome:missing=true", []),
        ("?date=2025-04-02", ["mine", "theirs", "unauthenticated"]),
        ("?date=gt2025-04-02T12:00:30Z", ["theirs", "unauthenticated"]),
        ("?date=lt2025-04-02T12:01:00Z&altid=mine", ["mine"]),
        ("?date=2025-04-03", []),
        ("?_id=ae-000000002", ["theirs"]),
        ("?_id=2", []),
        ("?_id=ae-999999999999", []),
        ("?_id:not=ae-000000002", ["mine", "unauthenticated"]),
        ("?_summary=count", []),
    ],
)
def test_the_operators_clients_search_by_date_agent_and_outcome(filled, query, who):
    assert found(filled, query) == who


def test_pages_follow_each_other_and_total_is_of_all(filled):
    headers = filled.headers("operator", AUDIT)
    for sort, expected in (
        ("_id", ["mine", "theirs", "unauthenticated"]),
        ("-_id", ["unauthenticated", "theirs", "mine"]),
    ):
        url, seen = f"/fhir/AuditEvent?_count=1&_sort={sort}", []
        while url:
            page = filled.http.get(url, headers=headers).json
            assert page["total"] == 3
            [entry] = page["entry"]
            agent = entry["resource"]["agent"][0]
            seen.append(agent.get("altId", agent.get("name")))
            url = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)
        assert seen == expected


def test_an_event_is_read_in_the_version_that_it_is_at(filled):
    headers = filled.headers("operator", AUDIT)
    read = filled.http.get("/fhir/AuditEvent/ae-000000001", headers=headers)

    assert read.json["meta"]["versionId"] == "2"  # it happened twice
    assert filled.http.get("/fhir/AuditEvent/ae-000000001/_history/2", headers=headers).data == read.data
    assert filled.http.get("/fhir/AuditEvent/ae-000000001/_history/1", headers=headers).status_code == 404
    assert filled.http.get("/fhir/AuditEvent/ae-000000001/_history", headers=headers).json["entry"]
    etag = {**headers, "If-None-Match": 'W/"2"'}
    assert filled.http.get("/fhir/AuditEvent/ae-000000001", headers=etag).status_code == 304
    for id_ in ("1", "ae-1", "ae-000000009", "ae-00000000001", "ae-9999999999", "ae-²²²²²²²²²", "%00"):
        assert filled.http.get(f"/fhir/AuditEvent/{id_}", headers=headers).status_code == 404


def test_the_operators_clients_are_told_of_no_reports_of_others(filled):
    headers = filled.headers("operator", f"{AUDIT} system/*.rs")
    mine = filled.http.get("/fhir/MeasureReport", headers=filled.headers("mine")).json["entry"]
    assert filled.http.get("/fhir/MeasureReport", headers=headers).json["entry"] == mine


PATHS = [
    ("GET", "/fhir/{type}"),
    ("HEAD", "/fhir/{type}"),
    ("GET", "/fhir/{type}?_summary=count"),
    ("GET", "/fhir/{type}?date=2025"),
    ("POST", "/fhir/{type}/_search"),
    ("POST", "/fhir/{type}"),
    ("GET", "/fhir/{type}/ae-000000001"),
    ("PUT", "/fhir/{type}/ae-000000001"),
    ("DELETE", "/fhir/{type}/ae-000000001"),
    ("GET", "/fhir/{type}/ae-000000001/_history"),
    ("GET", "/fhir/{type}/ae-000000001/_history/2"),
    ("GET", "/fhir/{type}/$evaluate-measure"),
    ("GET", "/fhir/{type}/ae-000000001/$evaluate-measure"),
    ("GET", "/fhir/{type}/$data-requirements"),
    ("GET", "/fhir//{type}"),
    ("GET", "/fhir/{type}/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("who", ["mine", "narrow", "operator", "nobody", None])
def test_to_all_others_it_is_as_a_type_that_there_is_not(filled, who, method, path):
    """The operator's clients among them, where a token was not asked for for that."""
    headers = filled.headers(who) if who in CLIENTS else {"Authorization": "Bearer x"} if who else {}
    told = []
    for type_ in ("AuditEvent", "Provenance"):
        answer = filled.http.open(path.format(type=type_), method=method, headers=headers)
        told_in = [(name, value.replace(type_, "TYPE")) for name, value in sorted(answer.headers)]
        told.append((answer.status_code, answer.data.replace(type_.encode(), b"TYPE"), told_in))

    assert told[0] == told[1]
    assert told[0][0] >= 400 or told[0][0] == 308


def test_a_token_is_for_it_where_it_was_named_and_registered_alone(filled):
    assert "AuditEvent" not in filled.token("operator").json["scope"]
    assert filled.token("operator", scope=AUDIT).json["scope"] == AUDIT
    assert filled.token("mine", scope=AUDIT).json["error"] == "invalid_scope"
    assert "AuditEvent" not in filled.token("mine", scope=f"{AUDIT} system/*.rs").json["scope"]


def test_where_nobody_logs_in_there_is_none(filled):
    app = create_app(filled.store, CLOCK, everyone_is(Reader("icb")))
    answer = app.test_client().get("/fhir/AuditEvent")
    assert (answer.status_code, answer.json["issue"][0]["code"]) == (404, "not-supported")
    assert "AuditEvent" not in [
        one["type"] for one in app.test_client().get("/fhir/metadata").json["rest"][0]["resource"]
    ]


def test_the_capability_statement_says_what_it_is_and_for_whom(filled):
    statement = filled.http.get("/fhir/metadata").json
    round_trip(statement)
    [one] = [one for one in statement["rest"][0]["resource"] if one["type"] == "AuditEvent"]

    assert "operator" in one["documentation"]
    assert [part["name"] for part in one["searchParam"]] == [part.name for part in SERVED_AUDIT_EVENT.parameters]
    assert "AuditEvent" not in PARAMETERS  # which the sandbox has all of
    assert orjson.dumps(statement).count(b"AuditEvent") == 2
