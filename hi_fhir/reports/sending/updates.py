"""What is sent to another server: resources of ours as conditional updates, and the transactions they go in.

Nothing here talks to a server. A report is stored under its identifier and a Measure under its URL and version,
whatever ids the server gives them. The reporter's Organization belongs to somebody else: it is created, minimal, only
where the server has none, and never updated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import orjson

from hi_fhir.fhir.rest.spelling import written, written_token


@dataclass(frozen=True)
class ReporterIdentifier:
    """The organisation that a report is of, as its identifier."""

    system: str
    value: str

    @property
    def condition(self) -> str:
        return f"identifier={_token(self.system, self.value)}"

    @property
    def organisation(self) -> dict[str, Any]:
        """All that we know for certain of somebody else's Organization."""
        return {"resourceType": "Organization", "identifier": [self.identifier]}

    @property
    def identifier(self) -> dict[str, str]:
        return {"system": self.system, "value": self.value}


References = Mapping[ReporterIdentifier, str | None]
"""Reporters whose reference on a server is known; None where the server has several of them."""


@dataclass(frozen=True)
class Update:
    """One resource of ours for another server. condition: the query that finds it there, encoded."""

    key: str
    condition: str
    resource: Mapping[str, Any]
    reporter: ReporterIdentifier | None = None

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])

    @property
    def path(self) -> str:
        """Where the conditional update goes, below the server's base."""
        return f"{self.type}?{self.condition}"

    def referring(self, references: References) -> dict[str, Any]:
        """The resource with its reporter's reference; the identifier stays, and is alone where there is none."""
        reference = references.get(self.reporter) if self.reporter else None
        if reference is None:
            return dict(self.resource)
        return {**self.resource, "reporter": {**self.resource["reporter"], "reference": reference}}


def report_update(content: bytes) -> Update:
    """A MeasureReport as it is sent: without its id, since the server gives its own."""
    resource = _without_id(content)
    identifier = resource["identifier"][0]
    reporter = resource["reporter"]["identifier"]
    return Update(
        key=identifier["value"],
        condition=f"identifier={_token(identifier['system'], identifier['value'])}",
        resource=resource,
        reporter=ReporterIdentifier(reporter["system"], reporter["value"]),
    )


def definition_update(content: bytes) -> Update:
    """A Measure, StructureDefinition or CodeSystem as it is sent: found by its canonical URL and version."""
    resource = _without_id(content)
    url, version = resource["url"], resource["version"]
    return Update(
        key=f"{url}|{version}",
        condition=f"url={quote(written(url), safe='')}&version={quote(written(version), safe='')}",
        resource=resource,
    )


def transaction(entries: Sequence[Update], references: References) -> dict[str, Any]:
    """A transaction Bundle: first the organisations of `unknown_reporters`, then the entries.

    Raises:
        ValueError: two entries have the same condition; servers store one of them and drop the other in silence.
    """
    if len({entry.path for entry in entries}) < len(entries):
        raise ValueError("two resources of one transaction have the same condition")
    unknown = unknown_reporters(entries, references)
    within = {**references, **{reporter: _urn(reporter) for reporter in unknown}}
    organisations = [
        {
            "fullUrl": _urn(reporter),
            "resource": reporter.organisation,
            "request": {"method": "POST", "url": "Organization", "ifNoneExist": reporter.condition},
        }
        for reporter in unknown
    ]
    ours = [
        {
            "fullUrl": f"urn:uuid:{uuid5(NAMESPACE_URL, entry.path)}",
            "resource": entry.referring(within),
            "request": {"method": "PUT", "url": entry.path},
        }
        for entry in entries
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": organisations + ours}


def unknown_reporters(entries: Sequence[Update], references: References) -> list[ReporterIdentifier]:
    """The reporters of the entries that `references` does not tell, in the order in which `transaction` writes them."""
    reporters = {entry.reporter for entry in entries if entry.reporter is not None}
    return sorted(reporters - set(references), key=lambda reporter: (reporter.system, reporter.value))


def _urn(reporter: ReporterIdentifier) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'Organization?{reporter.condition}')}"


def _without_id(content: bytes) -> dict[str, Any]:
    return {name: value for name, value in orjson.loads(content).items() if name != "id"}


def _token(system: str, value: str) -> str:
    return quote(written_token(system, value), safe="")
