"""What every artifact of ours says of itself in the same way: its id, canonical URL, name, version and provenance."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from hi_fhir.measures.model import NOT_REVIEWED
from hi_fhir.measures.render.narrative import UNVERIFIED
from hi_fhir.terminology.data_files import ListState, is_unverified

Json = dict[str, Any]

_PLAIN = re.compile(r"[A-Za-z0-9.-]{1,64}")
_OTHER = re.compile(r"[^A-Za-z0-9.-]+")
_KEPT, _DIGITS = 50, 12  # letters of a name that is no id, and of its digest


def fhir_id(name: str) -> str:
    """The name of a file as the id of a resource: itself where it can be, else its plain letters and a digest."""
    if _PLAIN.fullmatch(name):
        return name
    return f"{_OTHER.sub('-', name)[:_KEPT]}-{hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]}"


def canonical(base: str, type_: str, name: str) -> str:
    """The canonical URL of an artifact. base: of the deployment's canonical URLs."""
    return f"{base}/{type_}/{fhir_id(name)}"


def headed(base: str, type_: str, name: str, head: Mapping[str, str]) -> Json:
    """The first elements of the resource of a data file. head: of that file."""
    return {
        "resourceType": type_,
        "id": fhir_id(name),
        "url": canonical(base, type_, name),
        "version": head["version"],
        "name": pascal(name),
        "title": head["title"],
        "status": "draft" if head["state"] == ListState.MISSING else "active",
        "experimental": head["reviewed_by"] == NOT_REVIEWED,
        "date": head["retrieved"],
        "description": _description(head),
        "copyright": head["licence"],
    }


def _description(head: Mapping[str, str]) -> str:
    reason = f": {head['reason']}" if head.get("reason") else ""
    doubt = f" {UNVERIFIED} Not seen in a source." if is_unverified(head) else ""
    review = f"Reviewed by: {head['reviewed_by']}; next review {head['next_review']}."
    return f"State {head['state']}{reason}. Source: {head['source']}. {review}{doubt}"


def pascal(name: str) -> str:
    """A name that programs take, as FHIR wants beside the title."""
    words = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", name))
    return words if words[:1].isalpha() else f"N{words}"
