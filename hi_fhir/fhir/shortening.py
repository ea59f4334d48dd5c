"""Resources of which a part was asked for. Source: FHIR R4 search.html, _summary and _elements."""

from collections.abc import Sequence
from typing import Any

import orjson

SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_ALWAYS = ("resourceType", "id", "meta")


def shortened(content: bytes, elements: Sequence[str], summary: str | None) -> bytes:
    """The JSON of a resource, cut to what was asked for and marked as such. What it cannot be without stays."""
    from hi_fhir.fhir.resources import known_elements  # whose models take a while to load, and few ask for

    resource: dict[str, Any] = orjson.loads(content)
    of_type = known_elements(resource["resourceType"])
    kept = {*_ALWAYS, *of_type.mandatory, *elements}
    if summary == "true":
        kept |= of_type.summary
    elif summary == "text":
        kept.add("text")
    elif summary == "data":
        kept = {*resource} - {"text"}
    meta = resource.get("meta", {})
    cut = {name: value for name, value in resource.items() if name.removeprefix("_") in kept}
    return orjson.dumps({**cut, "meta": {**meta, "tag": [*meta.get("tag", ()), SUBSETTED]}})
