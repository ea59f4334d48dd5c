"""A token that ends is replaced before it does, by one of all the threads that use it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.auth import AccessToken, Bearer, Credentials, NoAuth, RenewedBearer

NOON = datetime(2025, 4, 2, 12, tzinfo=UTC)


class Moving:
    """A clock that goes on when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)


def numbered(lasts_s: float | None) -> Iterator[AccessToken]:
    return (AccessToken(str(number), lasts_s) for number in count(1))


@pytest.mark.parametrize(
    ("lasts_s", "after_s", "sent"),
    [
        (300, 239, "Bearer 1"),
        (300, 240, "Bearer 2"),
        (599, 479, "Bearer 1"),
        (599, 480, "Bearer 2"),
        (0, 0, "Bearer 2"),
    ],
)
def test_a_token_is_replaced_after_four_fifths_of_its_life(lasts_s: float, after_s: float, sent: str) -> None:
    clock, tokens = Moving(), numbered(lasts_s)
    auth = RenewedBearer(lambda: next(tokens), clock)

    assert auth.authorization() == "Bearer 1"
    clock.seconds = after_s
    assert auth.authorization() == sent


def test_a_life_begins_when_the_token_is_asked_for() -> None:
    clock = Moving()

    def slowly() -> AccessToken:
        clock.seconds += 200
        return AccessToken(f"{clock.seconds:g}", 300)

    auth = RenewedBearer(slowly, clock)

    assert auth.authorization() == "Bearer 200"
    clock.seconds = 240
    assert auth.authorization() == "Bearer 440"


def test_a_token_without_an_end_is_kept_until_it_is_refused() -> None:
    clock, tokens = Moving(), numbered(None)
    auth = RenewedBearer(lambda: next(tokens), clock)
    auth.authorization()
    clock.seconds = 1e9

    assert auth.authorization() == "Bearer 1"
    assert auth.renew("Bearer 1")
    assert auth.authorization() == "Bearer 2"


def test_of_many_threads_whose_token_was_refused_one_asks_for_another() -> None:
    tokens, together = numbered(300), threading.Barrier(8)
    auth = RenewedBearer(lambda: next(tokens), Moving())
    refused = auth.authorization()
    assert refused

    def renewed(_: int) -> tuple[bool, str | None]:
        together.wait(5)
        return auth.renew(refused), auth.authorization()

    with ThreadPoolExecutor(8) as threads:
        assert {*threads.map(renewed, range(8))} == {(True, "Bearer 2")}


def test_the_same_token_again_is_none_to_try() -> None:
    auth = RenewedBearer(lambda: AccessToken("same"), Moving())

    assert not auth.renew(auth.authorization() or "")


def test_what_gives_no_token_is_told_and_asked_again_the_next_time() -> None:
    answers: list[AccessToken | SourceError] = [SourceError("down", kind="no-connection"), AccessToken("late")]

    def ask() -> AccessToken:
        answer = answers.pop(0)
        if isinstance(answer, SourceError):
            raise answer
        return answer

    auth = RenewedBearer(ask, Moving())
    with pytest.raises(SourceError):
        auth.authorization()
    assert auth.authorization() == "Bearer late"


def test_a_token_is_shown_nowhere() -> None:
    renewed = RenewedBearer(lambda: AccessToken("secret"), Moving())
    renewed.authorization()

    assert "secret" not in f"{AccessToken('secret')!r} {Bearer('secret')!r} {renewed!r}"


@pytest.mark.parametrize(
    ("url", "is_renewed"),
    [
        ("https://home.invalid/fhir/Patient", True),
        ("https://home.invalid:8443/fhir", False),
        ("https://files.invalid/1", False),
        ("http://files.invalid/1", False),
        ("https://elsewhere.invalid/1", False),
    ],
)
def test_a_header_is_renewed_for_whom_it_is_for_alone(url: str, is_renewed: bool) -> None:
    tokens = numbered(300)
    own = RenewedBearer(lambda: next(tokens), Moving())
    credentials = Credentials("https://home.invalid/fhir", own, {"files.invalid": NoAuth()})
    header = credentials.authorization("https://home.invalid/fhir")
    assert header

    assert credentials.renew(url, header) == is_renewed
    assert own.authorization() == ("Bearer 2" if is_renewed else "Bearer 1")
