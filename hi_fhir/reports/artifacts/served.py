"""All that the service has of our own beside reports: what they name, and what they are made by."""

from collections.abc import Sequence

from hi_fhir.measures.model import Measure
from hi_fhir.reports.artifacts.code_systems import map_code_systems
from hi_fhir.reports.artifacts.concept_maps import concept_map_resources
from hi_fhir.reports.artifacts.libraries import library_resource
from hi_fhir.reports.artifacts.naming import Json
from hi_fhir.reports.artifacts.operations import operation_resources
from hi_fhir.reports.artifacts.value_sets import value_set_resources
from hi_fhir.reports.definitions import definitions
from hi_fhir.terminology.catalogue import Terminology


def served_artifacts(base: str, measures: Sequence[Measure], terminology: Terminology) -> list[Json]:
    """In the same order always. base: of the deployment's canonical URLs."""
    return [
        *definitions(base, measures),
        *(library_resource(base, measure, terminology) for measure in measures),
        *map_code_systems(terminology),
        *value_set_resources(base, terminology),
        *concept_map_resources(base, terminology),
        *operation_resources(base),
    ]
