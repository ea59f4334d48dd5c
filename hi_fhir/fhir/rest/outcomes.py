"""OperationOutcome: how every error is told over FHIR, and which issue code goes with which HTTP status."""

from collections.abc import Mapping
from typing import Any

ISSUE_CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    410: "deleted",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "processing",
    429: "throttled",
    431: "too-long",
    500: "exception",
    501: "not-supported",
    503: "transient",
}
"""The issue code that goes with a status unless a better one is named. Source: FHIR R4 IssueType."""


class FhirError(Exception):
    """What a server answers instead of a resource: a status and an OperationOutcome.

    `diagnostics` is shown to the caller, so it never carries a value from a resource or from a search.
    """

    def __init__(
        self, status: int, diagnostics: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(diagnostics)
        self.status = status
        self.diagnostics = diagnostics
        self.code = code or ISSUE_CODES.get(status, "processing")
        self.headers = dict(headers or {})

    def outcome(self) -> dict[str, Any]:
        return operation_outcome(self.code, self.diagnostics)


def operation_outcome(code: str, diagnostics: str, severity: str = "error") -> dict[str, Any]:
    """An OperationOutcome of one issue."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": code, "diagnostics": diagnostics}],
    }
