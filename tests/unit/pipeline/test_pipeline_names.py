"""Whatever decides a pull, a snapshot or an evaluation is in its id: each part alone makes another one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from hi_fhir.cohorts import registration
from hi_fhir.cohorts.imports import import_organisations
from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.measures import registry
from hi_fhir.measures.model import Measure
from hi_fhir.pipeline import evaluation_job as evaluating
from hi_fhir.pipeline import pull as pulling
from hi_fhir.pipeline.context import RunContext
from hi_fhir.tables import snapshot
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.snapshot import SnapshotManifest, read_snapshot
from hi_fhir.terminology.answers import Answers
from hi_fhir.terminology.catalogue import Terminology, load
from hi_fhir.terminology.code_systems import CodeSystems
from hi_fhir.terminology.codings import Coding
from tests.support.landing import config_in
from tests.support.tables import SnapshotBuilder

PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
MEASURES = registry.load(["severe-mental-illness-six-checks"])
TERMINOLOGY = load()
SMOKING = "smoking-status"

Change = Callable[["Inputs"], "Inputs"]


class Inputs(msgspec.Struct, frozen=True):
    """What an evaluation is made from, to be changed one by one."""

    config: Config
    folder: Path
    measures: tuple[Measure, ...] = MEASURES
    period: Period = PERIOD
    as_of: date | None = date(2025, 3, 31)
    terminology: Terminology = TERMINOLOGY

    def but(self, **changes: Any) -> "Inputs":
        return msgspec.structs.replace(self, **changes)


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    return Inputs(config_in(tmp_path), SnapshotBuilder().write(tmp_path / "snapshots"))


def hashed(environment: pytest.MonkeyPatch, inputs: Inputs) -> dict[str, Any]:
    """What the id of an evaluation is a hash of."""
    seen: list[dict[str, Any]] = []
    with environment.context() as patched:
        patched.setattr(evaluating, "content_name", lambda content: seen.append(content) or "name")
        evaluating.job_of(
            inputs.config, (inputs.folder,), inputs.measures, inputs.period, inputs.as_of, inputs.terminology
        )
    return seen[0]


def name(inputs: Inputs) -> str:
    return evaluating.job_of(
        inputs.config, (inputs.folder,), inputs.measures, inputs.period, inputs.as_of, inputs.terminology
    ).folder.name


def with_snapshot(**changes: Any) -> Change:
    def change(inputs: Inputs) -> Inputs:
        manifest = msgspec.structs.replace(read_snapshot(inputs.folder), **changes)
        snapshot.FORMAT.commit(inputs.folder / snapshot.MANIFEST, manifest)
        return inputs

    return change


def with_value_set(**changes: Any) -> Change:
    """A value set as it might be in memory, its file being the same: so that one part alone changes."""

    def change(inputs: Inputs) -> Inputs:
        sets = TERMINOLOGY.value_sets
        changed = {**sets, SMOKING: replace(sets[SMOKING], **changes)}
        return inputs.but(terminology=replace(TERMINOLOGY, value_sets=changed))

    return change


def with_mapping_file(inputs: Inputs) -> Inputs:
    """Another row in a file whose head, and so version, is the same."""
    file = TERMINOLOGY.mapping_files["imd-2025"]
    other = inputs.folder.parent / file.name
    other.write_bytes(file.read_bytes() + b"E01999999,1\n")
    return inputs.but(terminology=replace(TERMINOLOGY, mapping_files={**TERMINOLOGY.mapping_files, "imd-2025": other}))


def with_organisations(inputs: Inputs) -> Inputs:
    file = inputs.folder.parent / "organisations.csv"
    file.write_text("practice,pcn,icb,valid_from,valid_to\nA00001,U00001,QZ1,,\n", encoding="utf-8")
    import_organisations(file, inputs.config.data_dir / "imports")
    return inputs


def with_setting(**changes: Any) -> Change:
    return lambda inputs: inputs.but(config=replace(inputs.config, **changes))


def with_definition(inputs: Inputs) -> Inputs:
    return inputs.but(measures=tuple(replace(one, title="Another title") for one in inputs.measures))


CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "snapshots": with_snapshot(practice="A00009"),
        "period": lambda inputs: inputs.but(period=Period(date(2024, 4, 2), PERIOD.end)),
        "as_of": lambda inputs: inputs.but(as_of=date(2025, 3, 30)),
        "measures": with_definition,
        "value_sets": with_value_set(codes=frozenset({"http://snomed.info/sct|77176002"})),
        "analytes": with_value_set(analyte="glucose"),
        "versions": with_value_set(version="another"),
        "mappings": with_mapping_file,
        "imports": with_organisations,
        "opt_out": with_setting(opt_out_policy="applied-upstream"),
        "imd_year": with_setting(imd_year=2019),
        "quarantine_limit": with_setting(quarantine_limit=0.5),
    }
)
"""By the part of the hash that it changes, and no other."""

OURS: Mapping[str, tuple[Any, str]] = MappingProxyType(
    {"rules": (registration, "VERSION"), "software": (evaluating, "EVALUATION_VERSION")}
)
"""Parts that only we change, as module and name of the number."""

SOFTWARE = ("__version__", "EVALUATION_VERSION", "SCHEMA_VERSION")


def test_every_part_of_an_evaluations_id_has_a_change_of_its_own(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(hashed(monkeypatch, inputs)) == {*CHANGES, *OURS}


@pytest.mark.parametrize("part", CHANGES)
def test_each_input_of_an_evaluation_changes_its_part_alone_and_so_the_id(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    before, id_ = hashed(monkeypatch, inputs), name(inputs)

    changed = CHANGES[part](inputs)

    after = hashed(monkeypatch, changed)
    assert [key for key in before if before[key] != after[key]] == [part]
    assert name(changed) != id_


@pytest.mark.parametrize("part", OURS)
def test_each_version_of_ours_changes_the_id(inputs: Inputs, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    before = hashed(monkeypatch, inputs)
    module, number = OURS[part]
    monkeypatch.setattr(module, number, "another")

    after = hashed(monkeypatch, inputs)
    assert [key for key in before if before[key] != after[key]] == [part]


@pytest.mark.parametrize("ours", SOFTWARE)
def test_each_version_of_the_software_is_in_it(inputs: Inputs, monkeypatch: pytest.MonkeyPatch, ours: str) -> None:
    before = hashed(monkeypatch, inputs)["software"]
    monkeypatch.setattr(evaluating, ours, 99)
    if ours == "SCHEMA_VERSION":  # tables of another are refused
        with_snapshot(schema_version=99)(inputs)

    after = hashed(monkeypatch, inputs)["software"]
    assert 99 not in before
    assert [old for old, new in zip(before, after, strict=True) if new == 99] == [before[SOFTWARE.index(ours)]]


@pytest.mark.parametrize("told", [one for one in SnapshotManifest.__struct_fields__ if one not in ("id", "pulls")])
def test_all_that_a_snapshot_tells_is_in_it_but_which_pull_it_came_by(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    [content] = hashed(monkeypatch, inputs)["snapshots"]

    assert (told in content) == (told != "parents")
    assert {"id", "pulls"}.isdisjoint(content)


@pytest.mark.parametrize("named", [{"workers": 2}, {"memory_mb": 512}, {"tries": 1}, {"publish_batch": 7}])
def test_what_decides_no_number_is_not_in_it(inputs: Inputs, named: dict[str, int]) -> None:
    assert name(with_setting(**named)(inputs)) == name(inputs)


SNAPSHOT: Mapping[str, Any] = MappingProxyType(
    {
        "pull": "p",
        "data_date": "2025-04-02",
        "practice": "A00001",
        "key_id": "00",
        "line_limit": 16,
        "bases": (),
        "answers": Answers({Coding("urn:example", "no"): "denied"}),
        "systems": CodeSystems({"sct": "http://snomed.info/sct"}),
    }
)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("pull", "q"),
        ("data_date", None),
        ("practice", None),
        ("key_id", "01"),
        ("line_limit", 8),
        ("bases", ("http://example.invalid/fhir",)),
        ("answers", Answers({})),
        ("systems", CodeSystems({})),
    ],
)
def test_each_input_of_a_snapshot_changes_its_id(part: str, other: Any) -> None:
    assert snapshot.snapshot_name(**{**SNAPSHOT, part: other}) != snapshot.snapshot_name(**SNAPSHOT)


@pytest.mark.parametrize("ours", ["KERNEL_VERSION", "SCHEMA_VERSION"])
def test_each_version_of_the_tables_changes_the_id_of_a_snapshot(monkeypatch: pytest.MonkeyPatch, ours: str) -> None:
    before = snapshot.snapshot_name(**SNAPSHOT)
    monkeypatch.setattr(snapshot, ours, 99)

    assert snapshot.snapshot_name(**SNAPSHOT) != before


def test_every_input_of_a_snapshots_id_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(snapshot, "content_name", lambda content: seen.append(content) or "name")
    snapshot.snapshot_name(**SNAPSHOT)

    assert {"pulls" if part == "pull" else part for part in SNAPSHOT} | {"kernel", "parents"} == set(seen[0])


ELM = SourceSettings(name="elm", address="http://example.invalid/fhir")
ASKED = Scope(types={"Patient": None, "Observation": ("s|1",)})


def pull_name(config: Config, source: SourceSettings = ELM, scope: Scope = ASKED, sequence: int = 1) -> str:
    clock = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))
    return pulling._begin(RunContext(config, clock), source, scope, None, sequence).id


def test_each_input_of_a_pull_changes_its_id(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    names = [
        pull_name(config),
        pull_name(config, sequence=2),
        pull_name(config, replace(ELM, name="oak")),
        pull_name(config, replace(ELM, address="http://example.invalid/other")),
        pull_name(config, replace(ELM, address="folder")),
        pull_name(replace(config, pull_method="export")),
        pull_name(config, scope=Scope(types={"Patient": None})),
        pull_name(config, scope=Scope(types={"Patient": None, "Observation": ("s|2",)})),
        pull_name(config, scope=Scope(types=ASKED.types, since="2025-01-01")),
    ]

    assert len(set(names)) == len(names)
    assert pull_name(replace(config, tries=1, workers=2)) == names[0]
