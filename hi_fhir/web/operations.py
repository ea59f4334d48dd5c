"""What an operation is called with: a query, or Parameters that were sent. Source: FHIR R4 operations.html."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import orjson
from flask import request

from hi_fhir.core.days import LONDON, Period
from hi_fhir.fhir.rest.headers import check_content_type
from hi_fhir.fhir.rest.intervals import read_interval
from hi_fhir.fhir.rest.outcomes import FhirError

_INSTANT = timedelta(milliseconds=1)


def operation_parameters() -> list[tuple[str, str]]:
    """Of an operation: from the address, or from Parameters that were sent.

    Raises:
        FhirError: 400, they cannot be read; 415.
    """
    found = _given()
    if any("\0" in value for _, value in found):  # which a store need not be able to look for
        raise FhirError(400, "a value has a character that no text has.", code="value")
    return found


def _given() -> list[tuple[str, str]]:
    if request.method == "GET" or not request.get_data():
        return parse_qsl(request.query_string.decode("ascii", "replace"))
    check_content_type(request.content_type or "")
    try:
        sent = orjson.loads(request.get_data())
        return [(str(one["name"]), _value(one)) for one in sent.get("parameter", [])]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, StopIteration) as error:
        raise FhirError(400, "the body is not Parameters.", code="structure") from error


def _value(parameter: dict[str, Any]) -> str:
    value = next(value for name, value in parameter.items() if name.startswith("value"))
    return str(value["reference"] if isinstance(value, dict) else value)


def named_period(asked: Mapping[str, str]) -> Period:
    """From the first day of periodStart to the last of periodEnd.

    Raises:
        FhirError: 400, one is not there, or is no day.
    """
    try:
        begin, end = (read_interval(asked[name]) for name in ("periodStart", "periodEnd"))
        return Period(begin.low.astimezone(LONDON).date(), (end.high - _INSTANT).astimezone(LONDON).date())
    except KeyError as error:
        raise FhirError(400, "say from when to when: periodStart and periodEnd.", code="required") from error
    except (ValueError, OverflowError) as error:
        raise FhirError(400, "periodStart and periodEnd are days, the first no later.", code="value") from error
