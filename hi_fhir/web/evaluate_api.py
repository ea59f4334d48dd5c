"""`Measure/$evaluate-measure`: the report that was released for what is asked. Nothing is worked out for a caller.

What could be asked freely could be subtracted: another period or another group would give small numbers away. So it is
what was released, or a refusal; of its own single patients a practice is told who is behind what was released to it.
Source: FHIR R4 OperationDefinition Measure-evaluate-measure.
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import date

import msgspec
import orjson
from flask import Blueprint, Response, request
from sqlalchemy import Connection

from hi_fhir.core.audiences import Audience
from hi_fhir.core.clock import Clock
from hi_fhir.core.days import Period
from hi_fhir.core.errors import NotFoundError
from hi_fhir.core.gzipped import joined
from hi_fhir.fhir.rest.headers import CONTENT_TYPE
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.preferences import is_for_later
from hi_fhir.fhir.rest.values import ReferenceTo
from hi_fhir.pipeline.about_patients import AboutPatients, SeveralPatientsError
from hi_fhir.store import search as store
from hi_fhir.store.audit_events import AuditOutcome, AuditReason, keep_event
from hi_fhir.store.criteria import CanonicalMatch, DayMatch, Reader, ReportCriteria, ReporterMatch
from hi_fhir.store.pages import AskedPage
from hi_fhir.store.session import Store
from hi_fhir.web.auditing import noted
from hi_fhir.web.operations import named_period, operation_parameters
from hi_fhir.web.readers import ReaderOf, may_have_patients
from hi_fhir.web.responses import base_url
from hi_fhir.web.served import as_entry

NAME = "evaluate-measure"
DEFINITION = "http://hl7.org/fhir/OperationDefinition/Measure-evaluate-measure"
_POPULATION = ("population", "summary")
_INDIVIDUAL = ("subject", "individual", "patient")
_LISTS = ("subject-list", "patient-list")
_LONGEST = 4_000  # characters of the part of an address that says what was asked for
_MOST = 200  # reports of one measure and reporter that are looked through for a period


class EvaluateViews:
    def __init__(self, store_: Store, reader_of: ReaderOf, clock: Clock, patients: AboutPatients | None = None) -> None:
        """patients: whose reports practices may ask for, where that is offered."""
        self._clock = clock
        self._store = store_
        self._reader_of = reader_of
        self._patients = patients

    def add_to(self, blueprint: Blueprint) -> None:
        """The routes, below the FHIR base."""
        methods = ["GET", "POST"]
        blueprint.add_url_rule(f"/Measure/${NAME}", "evaluate", self.evaluate, methods=methods)
        blueprint.add_url_rule(f"/Measure/<id_>/${NAME}", "evaluate_one", self.evaluate, methods=methods)
        blueprint.add_url_rule(f"/${NAME}/<asked>", "evaluated", self.evaluated)

    def evaluate(self, id_: str | None = None) -> Response:
        """The report or, where the client would rather come for it (Prefer: respond-async), where that is."""
        reader, asked = self._reader_of(request), dict(operation_parameters())
        response = self._evaluated(reader, id_, asked)
        spelt = spelt_request(id_, asked)
        if not is_for_later(request.headers.get("Prefer", "")) or len(spelt) > _LONGEST:
            return response
        return Response(status=202, headers={"Content-Location": f"{base_url()}/${NAME}/{spelt}"})

    def evaluated(self, asked: str) -> Response:
        """What was asked for before, as the only entry of a Bundle. Nothing was kept: the address says what it was."""
        reader = self._reader_of(request)
        response = self._evaluated(reader, *_read(asked))
        bundle = {"resourceType": "Bundle", "type": "batch-response"}
        entry = {"resource": orjson.Fragment(response.get_data()), "response": {"status": "200 OK"}}
        response.set_data(orjson.dumps({**bundle, "entry": [entry]}))
        return response

    def _evaluated(self, reader: Reader, id_: str | None, asked: Mapping[str, str]) -> Response:
        patient = _patient(asked)
        type_ = asked.get("reportType", _INDIVIDUAL[0] if patient else _POPULATION[0])
        if type_ not in (*_POPULATION, *_INDIVIDUAL, *_LISTS):
            raise FhirError(400, "reportType is population, subject or subject-list.", code="value")
        if type_ in _POPULATION:
            return Response(self._released(reader, id_, asked), content_type=CONTENT_TYPE)
        told_of = self._told_of_patients(reader)
        if (patient is None) == (type_ in _INDIVIDUAL):
            raise FhirError(400, "subject is a Patient for reportType subject, and for no other.", code="value")
        named = {name: value for name, value in asked.items() if patient is None or name != "subject"}
        released = orjson.loads(self._released(reader, id_, named))
        if released["status"] != "complete":
            raise FhirError(404, "the report was withdrawn, and so is what it was made of.")
        try:
            found = told_of.individual(released, patient) if patient else told_of.subject_list(released)
        except NotFoundError as error:
            raise FhirError(404, str(error)) from error
        except SeveralPatientsError as error:
            raise FhirError(400, str(error), code="multiple-matches") from error
        with self._store.write() as session:  # before anything is told
            keep_event(session, noted(AuditOutcome.SHOWN, AuditReason.PERSON_LEVEL), self._clock.now())
        response = Response(orjson.dumps(found), content_type=CONTENT_TYPE)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _told_of_patients(self, reader: Reader) -> AboutPatients:
        """Raises FhirError: who asks is not a practice's own client that was registered for its patients."""
        if self._patients is None or reader.audience is not Audience.PRACTICE or not may_have_patients():
            raise FhirError(403, "reports about single patients, or lists of them, are not given.", code="forbidden")
        return self._patients

    def _released(self, reader: Reader, id_: str | None, asked: Mapping[str, str]) -> bytes:
        """The report that was released of what is asked for, as JSON."""
        period = named_period(asked)
        with self._store.connect() as connection:
            measure = self._measure(connection, reader, id_, asked)
            within = DayMatch("eq", period.start, period.end)
            criteria = ReportCriteria(measures=((measure,),), periods=((within,),), reporters=_reporters(asked))
            found = store.search_reports(connection, reader, criteria, AskedPage(_MOST, with_total=False))
        same = [one for one in found.resources if _period_of(one) == period]
        if not same:
            raise FhirError(
                403,
                "there is no released report of that measure, organisation and period; none is worked out here. "
                "Search MeasureReport for what there is.",
                code="forbidden",
            )
        if len(same) > 1:
            raise FhirError(400, f"{len(same)} organisations have one: name yours as subject.", code="multiple-matches")
        return joined(as_entry("MeasureReport", same[0]).parts)

    def _measure(
        self, connection: Connection, reader: Reader, id_: str | None, asked: Mapping[str, str]
    ) -> CanonicalMatch:
        if id_ is None:
            url, _, version = asked.get("measure", "").partition("|")
            if not url:
                raise FhirError(400, "say which measure, by its canonical URL.", code="required")
            return CanonicalMatch(url, version or None)
        stored = store.read_measure(connection, reader, id_)
        if stored is None:
            raise FhirError(404, "there is no such Measure.")
        return CanonicalMatch(orjson.loads(stored.content)["url"], None)


def spelt_request(id_: str | None, asked: Mapping[str, str]) -> str:
    """What was asked for, as the last part of an address."""
    return urlsafe_b64encode(orjson.dumps([id_, dict(asked)])).decode().rstrip("=")


def _read(spelt: str) -> tuple[str | None, dict[str, str]]:
    """Raises FhirError: 404, it is no such part of an address."""
    try:
        text = b64decode(spelt + "=" * (-len(spelt) % 4), altchars=b"-_", validate=True)
        id_, asked = msgspec.json.decode(text, type=tuple[str | None, dict[str, str]])
    except (ValueError, msgspec.DecodeError) as error:
        raise FhirError(404, "there is no such evaluation.") from error
    if any("\0" in value for value in (id_ or "", *asked.values())):
        raise FhirError(404, "there is no such evaluation.")
    return id_, asked


def _patient(asked: Mapping[str, str]) -> str | None:
    """The id of the Patient that is asked for as subject; None: none is."""
    type_, _, id_ = asked.get("subject", "").rpartition("/")
    return id_ if type_ == "Patient" and id_ else None


def _reporters(asked: Mapping[str, str]) -> tuple[tuple[ReporterMatch, ...], ...]:
    """The organisation that is asked for, as subject (R4) or reporter (R5)."""
    named = asked.get("subject", asked.get("reporter"))
    if named is None:
        return ()
    try:
        reference = ReferenceTo.read(named)
    except ValueError as error:
        raise FhirError(400, "subject is a reference to an Organization.", code="value") from error
    if reference.type not in (None, "Organization"):
        raise FhirError(403, "reports are about organisations alone.", code="forbidden")
    return ((ReporterMatch(reference.id, None),),)


def _period_of(stored: store.StoredVersion) -> Period:
    found = orjson.loads(stored.content)["period"]
    return Period(date.fromisoformat(found["start"]), date.fromisoformat(found["end"]))
