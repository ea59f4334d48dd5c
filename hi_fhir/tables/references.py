"""A reference in any of its spellings as the one key that it stands for: the id on the source.

Relative (`Patient/1`), versioned (`Patient/1/_history/2`) and, under a base of the source, absolute references
(`https://host/fhir/Patient/1`) are the same id. Under any other base they name a resource of another server, whatever
its id. `urn:uuid:...` names the resource by its id, since a line of NDJSON has no Bundle.
"""

import re
from collections import Counter
from collections.abc import Collection
from urllib.parse import unquote

from hi_fhir.fhir.references import ID, TYPE_AND_ID
from hi_fhir.tables.bases import base_key, host_of
from hi_fhir.tables.refused import RefusedError

OTHERS = "others"
MOST_HOSTS = 100
"""Hosts of other servers that are counted one by one; what comes after them is counted together, as OTHERS."""

_LITERAL = re.compile(rf"(?:((?i:https?)://[^?#]*)/)?{TYPE_AND_ID}", re.ASCII)
_CONDITION = re.compile(r"([A-Z][A-Za-z]+)\?identifier=([^&|\\]+?)(?:\||%7[Cc])([^&|\\]+)", re.ASCII)
URN = re.compile(rf"(?i:urn:(?:uuid|oid)):({ID})", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}", re.ASCII)


def same_id(id_: str) -> str:
    """The id in the one spelling that it is compared by: a UUID is the same in any letter case, no other id is."""
    if len(id_) != 36 or (lowered := id_.lower()) == id_:
        return id_
    return lowered if _UUID.fullmatch(id_) else id_


def read_condition(text: str) -> tuple[str, str, str] | None:
    """Type, system and value of a conditional reference (`Patient?identifier=system|value`); None: it is none.

    Source: FHIR R4, Bundle, conditional references.
    """
    found = _CONDITION.fullmatch(text)
    return (found[1], unquote(found[2]), unquote(found[3])) if found else None


class References:
    """Reads the references of one source. own: the keys of its bases.

    elsewhere: references to other servers, by host and the type of resource that they name, as often as they were read.
    """

    def __init__(self, own: Collection[str]) -> None:
        self.elsewhere: Counter[tuple[str, str]] = Counter()
        self._own = own
        self._is_own: dict[str, bool] = {}

    def patient(self, text: str | None, path: str) -> str:
        """The id of the Patient that `text` refers to.

        Raises:
            RefusedError: there is none, it is contained, on another server or not a Patient, or it cannot be read.
        """
        if not text:
            raise RefusedError("no-subject", path)
        if text.startswith("#"):
            raise RefusedError("contained-subject", path)
        literal = _LITERAL.fullmatch(text)
        if literal is None:
            if urn := URN.fullmatch(text):
                return same_id(urn[1])
            raise RefusedError("unreadable-subject", path)
        if literal[2] != "Patient":
            raise RefusedError("subject-not-a-patient", path)
        if not self._is_here(literal):
            raise RefusedError("another-server", path)
        return same_id(literal[3])

    def organization(self, text: str | None) -> str | None:
        """The id of the Organization that `text` refers to; None where it refers to none that the source could have."""
        if not text:
            return None
        literal = _LITERAL.fullmatch(text)
        if literal is None:
            urn = URN.fullmatch(text)
            return same_id(urn[1]) if urn else None
        if literal[2] != "Organization" or not self._is_here(literal):
            return None
        return same_id(literal[3])

    def record(self, text: str | None, type_: str) -> tuple[str, str] | None:
        """Type and id of the record that `text` refers to; None where it refers to none that the source could have.

        type_: of what `urn:...` names, which does not say itself.
        """
        if not text:
            return None
        literal = _LITERAL.fullmatch(text)
        if literal is None:
            urn = URN.fullmatch(text)
            return (type_, same_id(urn[1])) if urn else None
        return (literal[2], same_id(literal[3])) if self._is_here(literal) else None

    def _is_here(self, literal: re.Match[str]) -> bool:
        """Whether the resource is the source's own; one that is not is counted."""
        base = literal[1]
        if base is None:
            return True
        is_own = self._is_own.get(base)
        if is_own is None:
            is_own = base_key(base) in self._own
            if len(self._is_own) < MOST_HOSTS:
                self._is_own[base] = is_own
        if not is_own:
            host = host_of(base)
            known = (host, literal[2]) in self.elsewhere or len(self.elsewhere) < MOST_HOSTS
            self.elsewhere[host if known else OTHERS, literal[2]] += 1
        return is_own


def by_host(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Counts by host and type, as manifests have them."""
    found: dict[str, dict[str, int]] = {}
    for (host, type_), count in sorted(counts.items()):
        found.setdefault(host, {})[type_] = count
    return found
