"""What another server's answers to our writes mean, without a word of theirs that could hold anything about anybody."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hi_fhir.fhir.references import LITERAL

_ETAG = re.compile(r'(?:W/)?"?[A-Za-z0-9.-]{1,64}"?')
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_HAPI_CODE = re.compile(r"HAPI-\d{4}")
_HAPI_RACE = "HAPI-2223"  # two conditional writes of the same thing at once; one of them gets this with a 500


@dataclass(frozen=True)
class Outcome:
    """What came of one write. location: `Type/id[/_history/version]`; codes: OperationOutcome codes, never its text.

    is_error: an issue is an error, whatever the status says.
    """

    status: int
    etag: str | None = None
    location: str | None = None
    codes: tuple[str, ...] = ()
    is_error: bool = False

    @property
    def is_stored(self) -> bool:
        return 200 <= self.status < 300 and not self.is_error

    @property
    def is_race(self) -> bool:
        """Somebody else wrote the same thing at the same time: the same write may succeed now."""
        return self.status == 409 or (self.status == 500 and _HAPI_RACE in self.codes)

    @property
    def reference(self) -> str | None:
        """The resource's reference on that server, without its version."""
        return self.location.partition("/_history/")[0] if self.location else None


def outcome_of_response(status: int, headers: Mapping[str, str], content: bytes) -> Outcome:
    """What came of a single write, or of a transaction that failed as a whole."""
    location = headers.get("Location") or headers.get("Content-Location")  # HAPI gives a conditional update the latter
    outcome = _json(content)
    return Outcome(status, _etag(headers.get("ETag")), _location(location), _codes(outcome), _is_error(outcome))


def outcomes_of_transaction(content: bytes, expected: int) -> list[Outcome] | None:
    """What came of each entry, in the order of the request; None where the answer does not tell."""
    bundle = _json(content)
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    if not isinstance(entries, list) or len(entries) != expected:
        return None
    return [_outcome_of_entry(entry) for entry in entries]


def _outcome_of_entry(entry: Any) -> Outcome:
    response = entry.get("response") if isinstance(entry, dict) else None
    if not isinstance(response, dict):
        return Outcome(status=0)
    status = re.match(r"\d{3}", str(response.get("status", "")))
    return Outcome(
        status=int(status.group()) if status else 0,
        etag=_etag(response.get("etag")),
        location=_location(response.get("location")),
        codes=_codes(response.get("outcome")),
        is_error=_is_error(response.get("outcome")),
    )


def _location(text: Any) -> str | None:
    """Type, id and version of a location; its host and whatever else it says are not kept."""
    found = LITERAL.fullmatch(text.partition("?")[0]) if isinstance(text, str) else None
    return found.string[found.start(2) :] if found else None


def _etag(text: Any) -> str | None:
    return text if isinstance(text, str) and _ETAG.fullmatch(text) else None


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _codes(outcome: Any) -> tuple[str, ...]:
    """Codes of an OperationOutcome's issues, HAPI's message numbers among them; its text may say anything."""
    codes: list[Any] = []
    for issue in _objects(outcome, "issue"):
        codes.append(issue.get("code"))
        codes += [coding.get("code") for coding in _objects(issue.get("details"), "coding")]
        codes += _HAPI_CODE.findall(str(issue.get("diagnostics")))
    return tuple(dict.fromkeys(code for code in codes if isinstance(code, str) and _CODE.fullmatch(code)))


def _is_error(outcome: Any) -> bool:
    return any(issue.get("severity") in ("error", "fatal") for issue in _objects(outcome, "issue"))


def _objects(parent: Any, name: str) -> list[dict[str, Any]]:
    """The objects in a list of an answer, which may be of any shape."""
    children = parent.get(name) if isinstance(parent, dict) else None
    return [child for child in children if isinstance(child, dict)] if isinstance(children, list) else []
