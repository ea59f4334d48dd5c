"""`Measure/$data-requirements`: what records a measure is worked out from, for who is to send or ask for them."""

from collections.abc import Mapping

import orjson
from flask import Blueprint, Response, request
from sqlalchemy import Connection

from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.store import search as store
from hi_fhir.store.criteria import CanonicalMatch, MeasureCriteria, Reader
from hi_fhir.store.pages import AskedPage
from hi_fhir.store.session import Store
from hi_fhir.web.operations import named_period, operation_parameters
from hi_fhir.web.readers import ReaderOf
from hi_fhir.web.responses import fhir_response

NAME = "data-requirements"


class RequirementViews:
    def __init__(self, store_: Store, reader_of: ReaderOf, requirements: MeasureRequirements) -> None:
        self._store = store_
        self._reader_of = reader_of
        self._requirements = requirements

    def add_to(self, blueprint: Blueprint) -> None:
        """The routes, below the FHIR base."""
        for rule, endpoint in ((f"/Measure/${NAME}", "required"), (f"/Measure/<id_>/${NAME}", "required_of_one")):
            blueprint.add_url_rule(rule, endpoint, self.required, methods=["GET", "POST"])

    def required(self, id_: str | None = None) -> Response:
        reader = self._reader_of(request)
        asked = dict(operation_parameters())
        period = named_period(asked)
        with self._store.connect() as connection:
            found = self._found(connection, reader, id_, asked)
        if found is None:
            raise FhirError(404, "there is no such Measure.")
        measure = orjson.loads(found.content)
        try:
            library = self._requirements.library(measure["url"], measure["version"], period)
        except (ValueError, OverflowError) as error:
            raise FhirError(400, "the measure looks at days that are not to be had of that period.") from error
        if library is None:
            raise FhirError(
                422,
                "the Measure's version is not the one that is worked out here now, so that its requirements are not "
                "known; its Library says what it counted.",
                code="not-supported",
            )
        return fhir_response((orjson.dumps(library),))

    def _found(
        self, connection: Connection, reader: Reader, id_: str | None, asked: Mapping[str, str]
    ) -> store.StoredVersion | None:
        if id_ is not None:
            return store.read_measure(connection, reader, id_)
        url, _, version = asked.get("measure", "").partition("|")
        if not url:
            raise FhirError(400, "say which measure, by its canonical URL.", code="required")
        criteria = MeasureCriteria(urls=((CanonicalMatch(url, version or None),),))
        return next(iter(store.search_measures(connection, reader, criteria, AskedPage(1)).resources), None)
