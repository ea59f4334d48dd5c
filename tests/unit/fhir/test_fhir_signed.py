"""Tokens that are signed for: by our own service's token endpoint, and by a platform that answers as the NHS's does."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import parse_qs

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

from hi_fhir.access.keys import KeysByUrl
from hi_fhir.access.scopes import ALL
from hi_fhir.access.tokens import TokenGiver
from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError, SourceError
from hi_fhir.core.source_settings import SignedSettings, SourceSettings
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.guard import Guard
from hi_fhir.fhir.settings import source_client
from hi_fhir.fhir.signed import own_auth
from hi_fhir.store import clients
from hi_fhir.store.session import open_store
from hi_fhir.web import smart_api
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import registered
from tests.support.released import CLOCK, release
from tests.support.signing import EC, RSA, jwks
from tests.support.subscribing import Endpoint, HandClock, endpoint

PLACES = [("A99001", "U99001", "QX1")]
CONFIG = Config(tries=1, timeout_s=5)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return written(tmp_path / "key.pem", RSA.as_pem(private=True))


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[str, HandClock]]:
    """Our own service for registered clients: its FHIR base and its clock."""
    store, clock = open_store(tmp_path / "store.sqlite"), HandClock(CLOCK.at)
    release(store, reporters=("A99001",), memberships=PLACES)
    with store.write() as session:
        new = clients.NewClient("gp-system", "g", Audience.ICB, "QX1", str(ALL), jwks(RSA, EC))
        clients.add_client(session, new, CLOCK.at)
    app = create_app(store, clock, registered(store, clock))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    token_url = f"http://127.0.0.1:{server.server_port}/auth/token"
    giver = TokenGiver(store, clock, KeysByUrl(Guard((ip_network("127.0.0.0/8"),)), clock), token_url)
    app.register_blueprint(smart_api.make_blueprint(giver, token_url, "/fhir"))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/fhir", clock
    server.shutdown()
    server.server_close()
    store.close()


def client_of(source: SourceSettings, clock: HandClock) -> FhirClient:
    return FhirClient(source_client(CONFIG, source, own_auth(CONFIG, source, clock)), clock)


def reports(client: FhirClient) -> int:
    response = client.request(Request("search", f"{client.base}/MeasureReport?_summary=count"))
    assert response.status == 200, response.body
    return orjson.loads(response.body)["total"]


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_a_client_finds_where_to_ask_and_asks_again_before_the_end(service, tmp_path, algorithm):
    base, clock = service
    key = RSA if algorithm == "RS384" else EC
    path = written(tmp_path / "key", orjson.dumps(key.as_dict(private=True)))
    signed = SignedSettings("gp-system", key=str(path), algorithm=algorithm)
    with client_of(SourceSettings("main", base, signed=signed), clock) as client:
        for _ in range(4):
            assert reports(client) == 2
            clock.go_on(seconds=200)  # a token is good for 300


def test_a_key_may_come_from_a_command(service, key_file):
    base, clock = service
    signed = SignedSettings("gp-system", key_command=("cat", str(key_file)), key_id="rsa")
    with client_of(SourceSettings("main", base, signed=signed), clock) as client:
        assert reports(client) == 2


def test_who_is_not_registered_is_told_so(service, key_file):
    base, clock = service
    signed = SignedSettings("somebody", key=str(key_file), key_id="rsa")
    with client_of(SourceSettings("main", base, signed=signed), clock) as client, pytest.raises(SourceError) as refused:
        reports(client)
    assert refused.value.status == 401
    assert "BEGIN" not in str(refused.value)


@pytest.fixture
def platform() -> Iterator[Endpoint]:
    with endpoint() as found:
        found.content = b'{"access_token":"hush","expires_in":"599","token_type":"Bearer"}'
        yield found


def nhs(platform: Endpoint, key_file: Path) -> SourceSettings:
    signed = SignedSettings("api-key", "nhs", key=str(key_file), key_id="test-1", token_url=platform.url)
    return SourceSettings("pds", platform.url.removesuffix("/hook"), signed=signed)


def test_the_nhs_platform_is_signed_for_as_it_wants_it(platform, key_file):
    clock = HandClock(CLOCK.at)
    with client_of(nhs(platform, key_file), clock) as client:
        client.request(Request("read", f"{client.base}/Patient/1"))
        clock.go_on(seconds=470)
        client.request(Request("read", f"{client.base}/Patient/1"))
        clock.go_on(seconds=20)  # past four fifths of 599 s
        client.request(Request("read", f"{client.base}/Patient/1"))

    asked, *_ = tokens = [call for call in platform.calls if call.method == "POST"]
    form = {name: value for name, [value] in parse_qs(asked.text).items()}
    said = jwt.decode(form["client_assertion"], RSA, algorithms=["RS512"])
    assert len(tokens) == 2
    assert form.keys() == {"grant_type", "client_assertion_type", "client_assertion"}
    assert said.header == {"alg": "RS512", "typ": "JWT", "kid": "test-1"}
    assert (said.claims["iss"], said.claims["sub"], said.claims["aud"]) == ("api-key", "api-key", platform.url)
    assert 0 < said.claims["exp"] - CLOCK.at.timestamp() <= 300
    reads = [call for call in platform.calls if call.method == "GET"]
    assert {call.headers["Authorization"] for call in reads} == {"Bearer hush"}
    assert len({call.headers["X-Request-ID"] for call in reads}) == 3


def test_each_request_has_an_id_that_is_the_same_when_it_is_tried_again(platform, key_file):
    statuses = iter([200, 503, 200])  # the token, a try, another
    platform.answer = lambda _: next(statuses)
    config = replace(CONFIG, tries=2)
    source, clock = nhs(platform, key_file), HandClock(CLOCK.at)
    settings = source_client(config, source, own_auth(config, source, clock))
    with FhirClient(settings, clock, lambda _: None) as client:
        client.request(Request("read", f"{client.base}/Patient/1"))

    first, second = (call.headers["X-Request-ID"] for call in platform.calls if call.method == "GET")
    assert first == second


@pytest.mark.parametrize(
    "answer",
    [b"{}", b"[]", b"x", b'{"access_token": 7}', b'{"access_token": ""}', b'{"access_token": "a\\r\\nX-A: b"}'],
)
def test_an_answer_without_a_token_is_the_servers_error(platform, key_file, answer):
    platform.content = answer
    with client_of(nhs(platform, key_file), HandClock(CLOCK.at)) as client, pytest.raises(SourceError) as refused:
        client.request(Request("read", f"{client.base}/Patient/1"))
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("said", [b'"soon"', b"-1", b"0", b"null", b"1e99"])
def test_a_life_that_cannot_be_is_not_believed(platform, key_file, said):
    platform.content = b'{"access_token": "hush", "expires_in": ' + said + b"}"
    with client_of(nhs(platform, key_file), HandClock(CLOCK.at)) as client:
        assert client.request(Request("read", f"{client.base}/Patient/1")).status == 200


def test_a_token_endpoint_by_plain_http_is_not_taken_from_a_server_by_tls(platform, key_file):
    platform.content = orjson.dumps({"token_endpoint": 7})
    signed = SignedSettings("c", key=str(key_file), key_id="rsa")
    source = SourceSettings("main", platform.url, signed=signed)
    with client_of(source, HandClock(CLOCK.at)) as client, pytest.raises(SourceError, match="token endpoint"):
        client.request(Request("read", f"{client.base}/Patient/1"))


def test_keys_that_cannot_sign_are_told_before_anybody_is_asked(tmp_path, key_file):
    clock = HandClock(CLOCK.at)
    others = written(tmp_path / "open.pem", RSA.as_pem(private=True), 0o644)
    public = written(tmp_path / "public.pem", RSA.as_pem(private=False))
    curve = written(tmp_path / "ec.pem", ECKey.generate_key("P-384").as_pem(private=True))
    for signed, told in (
        (SignedSettings("c"), "name the file"),
        (SignedSettings("c", key=str(tmp_path / "absent")), "cannot be read"),
        (SignedSettings("c", key=str(others), key_id="a"), "others may read"),
        (SignedSettings("c", key=str(public), key_id="a"), "public one"),
        (SignedSettings("c", key=str(curve), key_id="a"), "none that RS384"),
        (SignedSettings("c", key=str(written(tmp_path / "x", b"x")), key_id="a"), "none that RS384"),
        (SignedSettings("c", key=str(key_file)), "the key's id"),
        (SignedSettings("c", key_command=("false",)), "failed"),
        (SignedSettings("c", key_command=("no-such-program",)), "failed"),
    ):
        with pytest.raises(ConfigError, match=told):
            own_auth(CONFIG, SourceSettings("main", "https://h/fhir", signed=signed), clock)


def test_settings_that_do_not_fit_together_are_refused():
    for wrong in (
        {"kind": "basic"},
        {"algorithm": "HS256"},
        {"kind": "nhs"},
        {"kind": "nhs", "token_url": "https://h"},
    ):
        with pytest.raises(ConfigError):
            SignedSettings("c", **wrong)
    with pytest.raises(ConfigError, match="does not change"):
        SourceSettings("main", "https://h/fhir", token="t", signed=SignedSettings("c"))


def test_settings_come_from_the_file(tmp_path):
    path = tmp_path / "hi-fhir.toml"
    lines = (
        "[sources.main]",
        'address = "https://h/fhir"',
        "[sources.main.signed]",
        'client_id = "c"',
        'key = "k.pem"',
    )
    path.write_text("\n".join((*lines, 'key_id = "1"')))
    signed = Config.from_env({"HI_FHIR_CONFIG": str(path)}).sources["main"].signed
    assert signed == SignedSettings("c", key="k.pem", key_id="1", algorithm="RS384")
    path.write_text("\n".join((*lines, 'kind = "basic"')))
    with pytest.raises(ConfigError, match="kind is smart or nhs"):
        Config.from_env({"HI_FHIR_CONFIG": str(path)})


def test_the_server_that_is_published_to_may_be_signed_for(tmp_path):
    path = tmp_path / "hi-fhir.toml"
    signed = ("[publish_signed]", 'client_id = "c"', 'key = "k.pem"')
    path.write_text("\n".join(('publish_url = "https://h/fhir"', *signed)))
    assert Config.from_env({"HI_FHIR_CONFIG": str(path)}).publish_signed == SignedSettings("c", key="k.pem")
    for lines in (signed, ('publish_url = "https://h/fhir"', 'publish_token = "t"', *signed), ("publish_signed = 7",)):
        path.write_text("\n".join(lines))
        with pytest.raises(ConfigError):
            Config.from_env({"HI_FHIR_CONFIG": str(path)})
