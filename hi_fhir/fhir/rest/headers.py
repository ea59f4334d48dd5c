"""The HTTP headers that FHIR gives a meaning to: what may be answered, and which version of a resource it is."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

from hi_fhir.fhir.rest.outcomes import FhirError

FHIR_JSON = "application/fhir+json"
CONTENT_TYPE = "application/fhir+json; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
_JSON = ("application/fhir+json", "application/json", "text/json", "application/json+fhir")
_ANY = ("*/*", "application/*")
_FORMATS = (*_JSON, "json")


def check_acceptable(accept: str, format_: str | None = None) -> None:
    """Make sure that JSON will do: by `_format`, which overrides, or the Accept header (empty: anything does).

    Raises:
        FhirError: 406.
    """
    asked = [format_.replace(" ", "+")] if format_ else accept.split(",")
    media = {part.split(";")[0].strip().lower() for part in asked} - {""}
    if media and media.isdisjoint(_FORMATS if format_ else (*_JSON, *_ANY)):
        raise FhirError(406, f"Only {FHIR_JSON} is served.")
    if any("fhirversion=" in part.replace(" ", "").lower() and "fhirversion=4.0" not in part.lower() for part in asked):
        raise FhirError(406, "Only FHIR version 4.0 is served.")


def check_content_type(content_type: str) -> None:
    """Make sure that a body is JSON.

    Raises:
        FhirError: 415.
    """
    if content_type.split(";")[0].strip().lower() not in _JSON:
        raise FhirError(415, f"Send {FHIR_JSON}.")


def check_form(content_type: str, body: bytes) -> None:
    """Make sure that what was sent to `_search` is a form: the criteria of any other body would be passed over.

    Raises:
        FhirError: 415.
    """
    if body and content_type.split(";")[0].strip().lower() != FORM:
        raise FhirError(415, f"Send a search as {FORM}.")


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header says that an answer may be gzip."""
    weights = {
        name.strip().lower(): weight.strip().lower().removeprefix("q=")
        for name, _, weight in (coding.partition(";") for coding in accept_encoding.split(","))
    }
    weight = weights.get("gzip", weights.get("*", "0"))
    return not weight or bool(weight.strip("0."))


def etag(version: str | int) -> str:
    """The weak tag of a version of a resource."""
    return f'W/"{version}"'


def is_tagged(header: str, version: str | int) -> bool:
    """Whether an If-Match or If-None-Match header names this version, or any (`*`)."""
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return "*" in tags or str(version) in tags


def is_known(none_match: str | None, modified_since: str | None, version: str | int, at: datetime) -> bool:
    """Whether a client has the version of this instant already: by If-None-Match or, without it, If-Modified-Since.

    Source: RFC 9110 (13.1.3): what is no date is passed over.
    """
    if none_match is not None:
        return is_tagged(none_match, version)
    try:
        return modified_since is not None and at.replace(microsecond=0) <= parsedate_to_datetime(modified_since)
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
        return False


def http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)
