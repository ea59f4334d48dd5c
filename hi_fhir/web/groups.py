"""Groups of people as the service has them: one for each report that the reader may have, made from that report.

So no size is told that was not released to the reader, and a Group has the versions of its report.
"""

from dataclasses import replace

import orjson
from sqlalchemy import Connection

from hi_fhir.core.files import canonical_json, content_name
from hi_fhir.core.gzipped import gzipped
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.reports.artifacts.groups import group_resource
from hi_fhir.searches import group_criteria
from hi_fhir.store import search as store
from hi_fhir.store.criteria import Reader
from hi_fhir.store.pages import AskedPage
from hi_fhir.store.versions import AskedVersions, measure_named, report_versions
from hi_fhir.web.served import Served

_SHA256 = 64


def _find(connection: Connection, reader: Reader, search: ParsedSearch, page: AskedPage) -> store.SearchPage:
    found = store.search_reports(connection, reader, group_criteria(search), page)
    return replace(found, resources=[_group(connection, one) for one in found.resources])


def _read(connection: Connection, reader: Reader, id_: str) -> store.StoredVersion | None:
    found = store.read_report(connection, reader, id_)
    return None if found is None else _group(connection, found)


def _versions(connection: Connection, reader: Reader, id_: str, asked: AskedVersions) -> list[store.StoredVersion]:
    return [_group(connection, one) for one in report_versions(connection, reader, id_, asked)]


def _group(connection: Connection, stored: store.StoredVersion) -> store.StoredVersion:
    report = orjson.loads(stored.content)
    url, _, version = report["measure"].partition("|")
    measure = measure_named(connection, url, version)
    resource = group_resource(report, orjson.loads(measure.content) if measure else None)
    return replace(stored, file=gzipped(canonical_json(resource)), sha256=content_name(resource, _SHA256))


_PARAMETERS = tuple(one for one in PARAMETERS["Group"] if one.name in ("_id", "managing-entity"))
SERVED_GROUP = Served(_PARAMETERS, _find, _read, _versions)
