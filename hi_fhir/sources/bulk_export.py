"""A FHIR server read by Bulk Data export: of the whole system, of all patients, or of a group."""

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from urllib.parse import quote, urlsplit

import msgspec

from hi_fhir.core.errors import ConfigError, GateError, SourceError
from hi_fhir.fhir import bulk
from hi_fhir.fhir.bulk_manifest import Manifest
from hi_fhir.fhir.client import FhirClient
from hi_fhir.fhir.conformance import Capability, read_capability
from hi_fhir.fhir.retrying import response_date
from hi_fhir.fhir.settings import source_client
from hi_fhir.fhir.signed import own_auth
from hi_fhir.sources.export_files import UNKNOWN_TYPE, FileLane, land_files, lanes_of
from hi_fhir.sources.export_job import ExportJob
from hi_fhir.sources.pages import Distinct
from hi_fhir.sources.paging import check_count, check_counts, land_parts, parts_of, server_counts
from hi_fhir.sources.pulls import Pull, PullManifest
from hi_fhir.sources.searches import TypeSearch, code_search, filters, whole_type
from hi_fhir.sources.slicing import Counter, check_people, plan_slices, told_not_offered
from hi_fhir.tables.bases import base_key, export_base
from hi_fhir.tables.dates import day_of_instant, london_day

METHOD = "export"

_GROUP = "export-group:"
_PATIENTS = "/Patient"
_OUTSIDE_PATIENT = frozenset({"Organization"})  # of the types that are read, those not in the Patient compartment
_LONGEST_FILTERS = 4_000  # characters, of the 8,000 or so that servers take in an address


class ExportPlan(msgspec.Struct, frozen=True):
    """level, types, filters: what is exported; searches: what such an export leaves out.

    wholes: searches that find what the export is to hold, with the server's counts of them, where there are any.
    data_date: the London day of the server's first answer, for an export that does not say when it was made.
    base: the key of the base that the server says it has.
    """

    level: str
    types: tuple[str, ...]
    filters: tuple[str, ...]
    wholes: tuple[TypeSearch, ...]
    searches: tuple[TypeSearch, ...]
    not_offered: dict[str, str]
    data_date: str | None
    base: str | None = None


def land(pull: Pull) -> PullManifest:
    """Land everything in the pull's scope by export, and by search what an export of patients leaves out.

    Raises:
        ConfigError: `pull_method` is not an export.
        SourceError: the server failed for longer than it is tried, or the export failed.
        GateError: what arrived is not what the server said there is, or parts of the export failed.
    """
    level = _level(pull.method)
    with FhirClient(
        source_client(pull.config, pull.source, own_auth(pull.config, pull.source, pull.clock)),
        pull.clock,
        pull.stop.wait,
    ) as client:
        plan = pull.plan(ExportPlan, partial(_make_plan, pull, client, level))
        pull.progress.start("pull", None, "records")
        parts = parts_of(pull, plan.searches)
        land_parts(pull, client, parts)
        check_counts(pull, client, parts)
        manifest, lanes = _land_export(pull, client, plan)
        counts = _file_counts(manifest)
        _check(pull, lanes, counts)
        _check_wholes(pull, client, plan, lanes)
    every = [*(part.lane for part in parts), *(lane.lane for lane in lanes)]
    messages = sum(lane.at.tally.outcomes for lane in every)
    told = f", {messages} messages of the server" if messages else ""
    told += told_not_offered(plan.not_offered)
    pull.progress.finish(f"{sum(lane.landed for lane in every)} records in {len(manifest.output or ())} files{told}")
    known = {type_: count for type_, count in counts.items() if count is not None}
    said = {**dict.fromkeys(plan.types), **server_counts((*plan.wholes, *plan.searches)), **known}
    day = day_of_instant(manifest.transaction_time) or plan.data_date
    bases = (plan.base, base_key(export_base(manifest.request or "") or ""))
    return pull.manifest(every, day, {**dict.fromkeys(plan.not_offered), **said}, plan.not_offered, bases=bases)


def _level(method: str) -> str:
    if method == METHOD:
        return ""
    if method == "export-patient":
        return _PATIENTS
    group = method.removeprefix(_GROUP)
    if not group or group == method:
        raise ConfigError(f"pull_method {method!r} is not search, export, export-patient or {_GROUP}ID.")
    return f"/Group/{quote(group, safe='')}"


def _make_plan(pull: Pull, client: FhirClient, level: str) -> ExportPlan:
    capability, response = read_capability(client)
    asked = response_date(response.headers)
    lacking = {type_: why for type_ in pull.scope.types if (why := capability.missing(type_))}
    check_people(client, lacking)
    offered = [type_ for type_ in pull.scope.types if type_ not in lacking]
    types = [type_ for type_ in offered if not level or type_ not in _OUTSIDE_PATIENT]
    others = [whole_type(type_) for type_ in offered if type_ not in types]
    planned = plan_slices(pull, client, others, asked or pull.clock.now())
    filters_ = _filters(pull, types, capability)
    return ExportPlan(
        level=level,
        types=tuple(types),
        filters=tuple(filters_.values()),
        wholes=tuple(_counted(client, search) for search in _wholes(pull, level, types, filters_)),
        searches=planned.searches,
        not_offered={**lacking, **planned.refused},
        data_date=london_day(asked).isoformat() if asked else None,
        base=base_key(capability.url or ""),
    )


def _filters(pull: Pull, types: Sequence[str], capability: Capability) -> dict[str, str]:
    """A filter for each type that is asked for by code, the shortest first, as long as they fit in an address."""
    written = {}
    for type_ in types:
        codings = pull.scope.codings(type_)
        if codings is None or type_ in pull.source.whole_types:
            continue
        search = code_search(type_, codings)
        if search.parameter and capability.has_parameter(type_, search.parameter):
            [(name, value)] = filters(search, search.slices[0])
            written[type_] = bulk.type_filter(type_, name, value)
    ordered = sorted(written.items(), key=lambda item: len(item[1]))
    lengths = accumulate(len(quote(text, safe="")) for _, text in ordered)
    return {type_: text for (type_, text), length in zip(ordered, lengths, strict=True) if length <= _LONGEST_FILTERS}


def _wholes(pull: Pull, level: str, types: Sequence[str], filtered: Container[str]) -> Iterator[TypeSearch]:
    """Searches for just what the export is to hold, where there are any.

    An export of patients leaves out what is about none of them, which no count does; who is in a group is not known.
    """
    for type_ in types:
        codings = pull.scope.codings(type_)
        if not level:
            yield code_search(type_, codings) if codings is not None and type_ in filtered else whole_type(type_)
        elif level == _PATIENTS and type_ == "Patient":
            yield whole_type(type_)


def _counted(client: FhirClient, search: TypeSearch) -> TypeSearch:
    """The search with the server's count. A server that can only export says none, whatever it answers instead."""
    try:
        return Counter(client).counted(search)
    except SourceError:
        return search


def _land_export(pull: Pull, client: FhirClient, plan: ExportPlan) -> tuple[Manifest, list[FileLane]]:
    """Land all files. Where links expire the manifest is fetched again; if that does not help, a new export begins.

    A manifest whose files are not those of the one before is begun with from its start, and is only fetched again after
    that if more files than ever could be landed: so there is an end to it.
    """
    job = ExportJob(pull, client, plan)
    manifest, landed = job.manifest(), -1
    pull.progress.start("pull", _total(manifest), "records")
    while refused := land_files(pull, client, manifest, lanes := lanes_of(pull, manifest)):
        before, landed = landed, sum(lane.done for lane in lanes)
        renewed = job.renewed() if landed > before else None
        if renewed is None or not _same_files(renewed, manifest):
            for lane in lanes:  # before the new manifest is kept: what is landed is not of its files
                lane.lane.reset()
        if renewed is None:
            job.forget()
            if landed == before == 0:
                _check_forbidden(refused)
            renewed, landed = job.manifest(), -1
        job.keep(renewed)
        manifest = renewed
    return manifest, lanes


def _check_forbidden(refused: Iterable[SourceError]) -> None:
    """Raise a refusal by status 403: of links that never worked it does not say that they expired."""
    for error in refused:
        if error.kind == "forbidden":
            raise error


def _same_files(one: Manifest, other: Manifest) -> bool:
    """Whether two manifests are of one export and name its files in the same order, however their links are signed."""

    def content(manifest: Manifest) -> list[list[tuple[str, str, int | None]]]:
        parts = (manifest.output, manifest.deleted, manifest.error)
        return [[(file.type, urlsplit(file.url).path, file.count) for file in part or ()] for part in parts]

    return one.transaction_time == other.transaction_time and content(one) == content(other)


def _file_counts(manifest: Manifest) -> dict[str, int | None]:
    """Records by type that the manifest says its files have; None where it does not say for all of them."""
    counts: dict[str, int | None] = {}
    for file in manifest.output or ():
        before = counts.get(file.type, 0)
        counts[file.type] = None if before is None or file.count is None else before + file.count
    return counts


def _total(manifest: Manifest) -> int | None:
    counts = list(_file_counts(manifest).values())
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _check(pull: Pull, lanes: Sequence[FileLane], counts: dict[str, int | None]) -> None:
    tolerance = pull.config.count_tolerance
    pull.check_failed([lane.lane for lane in lanes], "Its log says why; pull_method = search is another way in.")
    for type_, expected in counts.items():
        came = sum(lane.lane.landed for lane in lanes if lane.lane.type == type_)
        if expected is not None and abs(came - expected) > tolerance * expected:
            raise GateError(
                f"source {pull.source.name}: the export's manifest tells of {expected} {type_}, {came} came. Pull "
                "again; if it goes on, the server's count is wrong, which count_tolerance can allow for."
            )


def _check_wholes(pull: Pull, client: FhirClient, plan: ExportPlan, lanes: Sequence[FileLane]) -> None:
    """Hold what the export holds against what the server counted at the start, if it says what its files are of.

    Of a type that was asked for by code more may come: servers need not heed a filter.
    """
    if any(lane.lane.type == UNKNOWN_TYPE for lane in lanes):
        return
    for search in plan.wholes:
        if search.count is None:
            continue
        distinct = Distinct()
        for lane in lanes:
            if lane.lane.type == search.type:
                distinct.add_lines(lane.lane.lines())
        came = distinct.count()
        if search.parameter is None or came < search.count:
            check_count(pull, client, [search], search.count, came)
