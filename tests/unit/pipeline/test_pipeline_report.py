"""An evaluation becomes an audience's reports, in the store and as files, once."""

import re
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError, UserError
from hi_fhir.core.files import commit_json, read_json, sha256_file
from hi_fhir.core.progress import Silent
from hi_fhir.disclosure.counts import ExactCounts, ReleasedCell
from hi_fhir.disclosure.policies import POLICIES, Policy
from hi_fhir.disclosure.published import Published
from hi_fhir.disclosure.release import ReleasedCounts
from hi_fhir.disclosure.release import release as decide
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import (
    COUNTS_FILE,
    MANIFEST,
    read_evaluation,
)
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.reports.cells import ReportCells
from hi_fhir.reports.checks import InvalidResourceError
from hi_fhir.reports.evaluated import evaluated_measures
from hi_fhir.reports.measure_report import MeasureReports, ReportSettings
from hi_fhir.reports.reporters import reporters
from hi_fhir.store import ledger
from hi_fhir.store.cells import report_cells
from hi_fhir.store.memberships import DayMembership, memberships_on
from hi_fhir.store.models import Release, ReportRow
from hi_fhir.store.session import Store
from hi_fhir.terminology.catalogue import load
from tests.support.evaluations import AREAS, write_evaluation
from tests.support.reported import AT, change_evaluation, contents, release, rows


def test_each_practice_has_a_folder_of_its_own_with_its_own_reports_alone(
    config: Config, store: Store, evaluation: Path
) -> None:
    manifest = release(config, store, evaluation, "practice")
    files = contents(config.data_dir / "runs" / "1" / "reports" / "practice")
    assert sorted(files) == [f"ods-a9900{number}/ethnicity-recorded.json" for number in range(1, 6)]
    for path, one in zip(manifest.paths, manifest.reports, strict=True):
        resource = read_json(Path(path))
        assert resource["reporter"]["identifier"]["value"] == one.reporter
        assert resource["id"] == one.id
    texts = files["ods-a99001/ethnicity-recorded.json"].decode()
    assert not [code for code in ("A99002", "A99003", "A99004") if code in texts]


class _Finished(Silent):
    """Keeps what each step ended with."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def finish(self, summary: str) -> None:
        self.told.append(summary)


def test_which_share_of_counts_is_held_back_beside_small_ones_is_told(
    config: Config, store: Store, evaluation: Path
) -> None:
    progress = _Finished()
    manifest = report(RunContext(config, AT, progress, opened=store), evaluation, "icb", config.data_dir / "runs" / "1")
    with store.read() as session:
        rows = [row for one in manifest.reports for row in report_cells(session, one.identifier, one.version)]
    assert "suppressed" in {ReleasedCell(*row).state for row in rows}
    assert 0 < manifest.held_back < 1
    count = len(manifest.reports)
    assert progress.told[1:] == [
        f"{count} reports for the icb audience; {manifest.held_back:.1%} of counts held back beside small ones"
    ]
    assert release(config, store, evaluation, "practice").held_back == 0


def test_what_a_release_was_attacked_with_is_told(config: Config, store: Store, evaluation: Path) -> None:
    progress = _Finished()
    context = RunContext(replace(config, release_check=20), AT, progress, opened=store)
    manifest = report(context, evaluation, "icb", config.data_dir / "runs" / "1")
    attack = manifest.attack
    assert attack is not None
    assert (attack.seen, attack.by_several, attack.known_before) == (0, 20, 0)
    assert progress.told[0] == f"{attack.masked:,} small counts attacked, 20 of them with several sums at once"
    assert release(config, store, evaluation, "public").attack.seen == len(manifest.reports)
    assert release(config, store, evaluation, "practice").attack is None


def test_files_are_what_the_store_holds(config: Config, store: Store, evaluation: Path) -> None:
    manifest = release(config, store, evaluation)
    with store.read() as session:
        for one in manifest.reports:
            kept = ledger.report_version(session, one.identifier)
            assert kept
            assert kept.content == Path(one.path).read_bytes()
            assert (kept.version, kept.sha256, kept.audience) == (one.version, one.sha256, "icb")
        assert [ledger.measure_version(session, id_) is not None for id_ in manifest.measures] == [True]
        assert all(ledger.organisation_version(session, id_) for id_ in manifest.organisations)


def test_a_release_tells_the_store_which_practice_belongs_where_on_its_reference_date(
    config: Config, store: Store, evaluation: Path
) -> None:
    release(config, store, evaluation, "practice")

    with store.read() as session:
        told = memberships_on(session, read_evaluation(evaluation).as_of)
    assert told == [DayMembership(area.practice_id, area.pcn_id, area.icb_id) for area in sorted(AREAS)]


def test_nothing_is_decided_about_populations_that_a_measure_does_not_define(
    config: Config, store: Store, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No report has a cell of them, so nothing would be hidden by one that is held back."""
    decided: list[ExactCounts] = []

    def reading(counts: ExactCounts, policy: Policy, published: Published) -> ReleasedCounts:
        decided.append(counts)
        return decide(counts, policy, published)

    monkeypatch.setattr("hi_fhir.pipeline.giving.release", reading)
    release(config, store, evaluation)
    [counts] = decided
    told = ("initial_population", "denominator", "numerator", "undetermined")
    assert {tuple(people) for people in counts.groups.values()} == {told}


def test_a_report_is_what_its_cells_in_the_store_make_of_it(config: Config, store: Store, evaluation: Path) -> None:
    manifest = release(config, store, evaluation)
    read = read_evaluation(evaluation)
    settings = ReportSettings(config.identifier_system, config.canonical_base)
    reports = MeasureReports(settings, read, POLICIES["icb"])
    [evaluated] = evaluated_measures(read.measures)
    reporting = {one.code: one for one in reporters(read.areas, "icb")}
    with store.read() as session:
        for one in manifest.reports:
            rows = (ReleasedCell(*row) for row in report_cells(session, one.identifier, one.version))
            cells = ReportCells.of_rows(rows)
            [derived] = reports.derive([evaluated], [cells])
            rebuilt = reports.build(evaluated, reporting[one.reporter], cells, derived).content
            assert rebuilt == Path(one.path).read_bytes()


def test_a_run_leaves_exactly_its_own_files(config: Config, store: Store, evaluation: Path) -> None:
    manifest = release(config, store, evaluation)
    stray = Path(manifest.paths[0]).parent.parent / "ods-z99999" / "old.json"
    stray.parent.mkdir()
    stray.write_text("{}")
    Path(manifest.paths[0]).write_text("cut off")
    release(config, store, evaluation)
    assert not stray.parent.exists()
    assert len(contents(config.data_dir / "runs" / "1")) == 9
    assert read_json(Path(manifest.paths[0]))["resourceType"] == "MeasureReport"


def test_what_publishing_must_know_of_code_lists_is_said(config: Config, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "evaluations" / "demo"
    write_evaluation(folder, measures=["smoking-status-recorded"], state="demonstration")
    assert all(one.is_demonstration for one in release(config, store, folder).reports)


def test_counts_that_were_changed_are_refused(config: Config, store: Store, evaluation: Path) -> None:
    _rewrite_counts(evaluation, repin=False)
    with pytest.raises(UserError, match="its counts were changed"):
        release(config, store, evaluation)


def test_a_measure_that_was_defined_anew_is_refused(config: Config, store: Store, evaluation: Path) -> None:
    manifest = read_json(evaluation / MANIFEST)
    manifest["measures"][0]["version"] = "1999.1"
    commit_json(evaluation / MANIFEST, manifest)
    with pytest.raises(UserError, match=r"ethnicity-recorded version 1999\.1, which is now"):
        release(config, store, evaluation)


def test_a_measure_that_was_changed_under_its_version_is_refused_by_name(
    config: Config, store: Store, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (measure,) = registry.load(["ethnicity-recorded"])
    changed = replace(measure, numerator=~measure.numerator)
    there = {measure.id: registry.Defined(changed, registry.SHIPPED)}
    monkeypatch.setattr("hi_fhir.reports.evaluated.registry.defined", lambda overlays: there)

    with pytest.raises(UserError, match=r"ethnicity-recorded version \S+ was changed after .* Run: hi-fhir evaluate"):
        release(config, store, evaluation)
    assert rows(store, ReportRow) == 0


@pytest.mark.parametrize(("version", "refused"), [(None, True), ("another", False)])
def test_a_mapping_that_says_something_else_is_refused_unless_it_has_another_version(
    config: Config, store: Store, evaluation: Path, tmp_path: Path, version: str | None, refused: bool
) -> None:
    shipped = load().mapping_files["units"].read_text(encoding="utf-8")
    overlay = tmp_path / "overlay" / "mappings"
    overlay.mkdir(parents=True)
    others = re.sub(r"(# version: ).*", rf"\g<1>{version}", shipped) if version else shipped
    (overlay / "units.csv").write_text(others.rpartition("\n")[0].rpartition("\n")[0] + "\n", encoding="utf-8")
    overlaid = replace(config, overlays=(overlay.parent,))

    if refused:
        with pytest.raises(UserError, match=r"its version was not: mappings/units version .* Run: hi-fhir evaluate"):
            release(overlaid, store, evaluation)
    else:
        assert len(release(overlaid, store, evaluation).reports) == 9


def test_an_invalid_report_stops_the_release_and_nothing_is_kept(
    config: Config, store: Store, evaluation: Path
) -> None:
    change_evaluation(evaluation, software=" ")
    with pytest.raises(InvalidResourceError):
        release(config, store, evaluation)
    assert (rows(store, ReportRow), rows(store, Release)) == (0, 0)
    assert not (config.data_dir / "runs").exists()


def test_nobody_registered_stops_the_release(config: Config, store: Store, evaluation: Path) -> None:
    change_evaluation(evaluation, areas=[])
    with pytest.raises(GateError, match="nobody is registered"):
        release(config, store, evaluation)


def _rewrite_counts(evaluation: Path, *, repin: bool) -> None:
    table = pq.read_table(evaluation / COUNTS_FILE)
    doubled = table.set_column(5, table.schema.field("count"), pc.multiply(table["count"], 2))
    pq.write_table(doubled, evaluation / COUNTS_FILE)
    if repin:
        change_evaluation(evaluation, tables={COUNTS_FILE: sha256_file(evaluation / COUNTS_FILE)})
