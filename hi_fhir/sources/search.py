"""A FHIR server read by paged search, in many independent slices side by side."""

from collections.abc import Iterator
from functools import partial

import msgspec

from hi_fhir.fhir.client import FhirClient
from hi_fhir.fhir.conformance import Capability, read_capability
from hi_fhir.fhir.retrying import response_date
from hi_fhir.fhir.settings import source_client
from hi_fhir.fhir.signed import own_auth
from hi_fhir.sources.paging import check_counts, land_parts, parts_of, server_counts
from hi_fhir.sources.pulls import Pull, PullManifest
from hi_fhir.sources.searches import CODE_PARAMETERS, TypeSearch, searches_by_code, whole_type
from hi_fhir.sources.slicing import check_people, plan_slices, told_not_offered
from hi_fhir.tables.bases import base_key
from hi_fhir.tables.dates import london_day

METHOD = "search"


class SearchPlan(msgspec.Struct, frozen=True):
    """data_date: the London day of the server's first answer. not_offered: types that cannot be searched, and why.

    base: the key of the base that the server says it has.
    """

    data_date: str | None
    searches: tuple[TypeSearch, ...]
    not_offered: dict[str, str]
    base: str | None = None


def land(pull: Pull) -> PullManifest:
    """Land everything in the pull's scope by search.

    Raises:
        SourceError: the server failed for longer than it is tried, or does not search as it was asked to.
        GateError: what arrived is not what the server said there is.
    """
    with FhirClient(
        source_client(pull.config, pull.source, own_auth(pull.config, pull.source, pull.clock)),
        pull.clock,
        pull.stop.wait,
    ) as client:
        plan = pull.plan(SearchPlan, partial(_make_plan, pull, client))
        parts = parts_of(pull, plan.searches)
        counts = server_counts(plan.searches)
        known = [count for count in counts.values() if count is not None]
        pull.progress.start("pull", sum(known) if len(known) == len(counts) else None, "records")
        land_parts(pull, client, parts)
        check_counts(pull, client, parts)
    lanes = [part.lane for part in parts]
    pull.progress.finish(
        f"{sum(lane.landed for lane in lanes)} records in {len(parts)} slices{told_not_offered(plan.not_offered)}"
    )
    counts = {**dict.fromkeys(plan.not_offered), **counts}
    return pull.manifest(lanes, plan.data_date, counts, plan.not_offered, bases=(plan.base,))


def _make_plan(pull: Pull, client: FhirClient) -> SearchPlan:
    """What to search for, with the server's counts as they are now."""
    capability, response = read_capability(client)
    asked = response_date(response.headers)
    lacking = {type_: why for type_ in pull.scope.types if (why := capability.unsearched(type_))}
    check_people(client, lacking)
    types = [type_ for type_ in pull.scope.types if type_ not in lacking]
    searches = [search for type_ in types for search in _searches(pull, type_, capability)]
    planned = plan_slices(pull, client, searches, asked or pull.clock.now())
    return SearchPlan(
        data_date=london_day(asked).isoformat() if asked else None,
        searches=planned.searches,
        not_offered={**lacking, **planned.refused},
        base=base_key(capability.url or ""),
    )


def _searches(pull: Pull, type_: str, capability: Capability) -> Iterator[TypeSearch]:
    """By code only where the server is sure to find every code that is asked for."""
    codings = pull.scope.codings(type_)
    by_code = capability.has_parameter(type_, CODE_PARAMETERS.get(type_, ""))
    if codings is None or not by_code or type_ in pull.source.whole_types:
        yield whole_type(type_)
    else:
        yield from searches_by_code(type_, codings)
