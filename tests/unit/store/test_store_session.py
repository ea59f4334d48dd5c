"""The store is made, migrated and shared between processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, inspect, select, text

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.files import canonical_json
from hi_fhir.pipeline.context import RunContext
from hi_fhir.reports.reporters import Reporter, organisation_resource
from hi_fhir.store import account_models, client_models, subscription_models  # noqa: F401  which put their tables beside the others
from hi_fhir.store.cells import report_cells
from hi_fhir.store.criteria import Reader, ReportCriteria
from hi_fhir.store.ledger import report_version
from hi_fhir.store.memberships import memberships_on
from hi_fhir.store.migrating import migrate, migrate_back
from hi_fhir.store.migrations.kept_reports import cells_of, covered_by
from hi_fhir.store.models import PUBLIC, Base, MeasureRow, Release, ReportRow
from hi_fhir.store.numbering import next_numbers
from hi_fhir.store.pages import AskedPage
from hi_fhir.store.search import search_reports
from hi_fhir.store.session import Store, look_at, open_store
from tests.support.postgres import Postgres
from tests.support.reporting import released_reports

AT = datetime(2025, 4, 2, 12, tzinfo=UTC)
EARLIER_RELEASE = """
    INSERT INTO release (id, audience, organisation, recorded_at, evaluation_id, policy_id, policy_version, published)
    VALUES (1, 'icb', 'U99001', '2025-04-02 12:00:00', 'e1', 'icb-primary', '1', 'digest')
"""
EARLIER_REPORT = """
    INSERT INTO report (audience, organisation, recorded_at, resource_id, version, content, sha256, release_id,
        identifier_system, identifier, measure_url, measure_version, reporter_id, reporter_system, status,
        period_start, period_end, as_of, data_date)
    VALUES ('icb', 'U99001', '2025-04-02 12:00:00', 'mr-old', 1, :content, 'sha', 1, 'urn:example', 'old',
        'https://example.invalid/Measure/m', '1', 'ods-u99001', 'urn:ods', 'complete',
        '2024-04-01', '2025-03-31', '2025-03-31', '2025-04-02')
"""
EARLIER_ORGANISATION = """
    INSERT INTO organisation (audience, organisation, recorded_at, resource_id, version, content, sha256,
        identifier_system)
    VALUES ('public', 'U99001', '2025-04-02 12:00:00', 'ods-u99001', 1, :content, 'sha', 'urn:ods')
"""
EARLIER_NETWORK = canonical_json(organisation_resource(Reporter("pcn", "U99001", "Riverside", ("A99001",))))


@pytest.fixture
def store(unmigrated_url: str) -> Iterator[Store]:
    opened = open_store(unmigrated_url)
    yield opened
    opened.close()


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "new" / "hi_fhir.sqlite")
    yield opened
    opened.close()


def a_measure(id_: str) -> MeasureRow:
    return MeasureRow(
        audience=PUBLIC,
        organisation=None,
        recorded_at=AT,
        resource_id=id_,
        version=1,
        content=b"{}",
        sha256="0",
        url="https://example.invalid/Measure/m",
        measure_version="1",
        status="active",
    )


def measures(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(MeasureRow)) or 0


def differences(connection: Connection) -> list[object]:
    """Between the schema that is there and what the models say."""
    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def test_an_empty_database_is_migrated_to_what_the_models_say(store: Store) -> None:
    with store.engine.connect() as connection:
        assert differences(connection) == []


def test_text_is_in_the_order_of_its_bytes(store: Store) -> None:
    with store.write() as session:
        session.add_all(map(a_measure, ("b", "B", "a", "ä", "-", "Z")))
    with store.read() as session:
        found = session.scalars(select(MeasureRow.resource_id).order_by(MeasureRow.resource_id)).all()
    assert found == ["-", "B", "Z", "a", "b", "ä"]


def make_earlier(url: str, content: bytes) -> None:
    """A store of the first schema with one report of a network."""
    with look_at(url) as before, before.write() as session:
        connection = session.connection()
        migrate(connection, "0001")
        connection.execute(text(EARLIER_RELEASE))
        connection.execute(text(EARLIER_REPORT), {"content": content})
        connection.execute(text(EARLIER_ORGANISATION), {"content": EARLIER_NETWORK})


@pytest.fixture
def earlier_url(unmigrated_url: str, tmp_path: Path) -> str:
    (tmp_path / "new").mkdir()
    return unmigrated_url


def test_what_an_earlier_store_released_is_there_after_its_migration(earlier_url: str) -> None:
    content = canonical_json(released_reports("icb").reports["U99001"])
    make_earlier(earlier_url, content)

    store = open_store(earlier_url)
    with store.read() as session:
        kept = report_version(session, "old")
        assert kept
        assert (kept.version, kept.content) == (1, content)
        assert set(report_cells(session, "old", 1)) == set(cells_of(content))
        assert session.scalars(select(Release.data_dates)).all() == [None]
        assert session.scalars(select(ReportRow.number)).all() == [1]
        [shown] = search_reports(session.connection(), Reader("icb"), ReportCriteria(), AskedPage(9)).resources
        assert shown.id == "mr-old"
        covered = memberships_on(session, date(2025, 3, 31))
        assert [(one.practice, one.pcn, one.icb) for one in covered] == [
            (code, "U99001", None) for code in covered_by(content)
        ]
        for reader, found in ((Reader("icb", {"U99001"}), 1), (Reader("icb", {"U99002"}), 0)):
            assert search_reports(session.connection(), reader, ReportCriteria(), AskedPage(9)).total == found
    with store.write() as session:
        assert next_numbers(session, "report", 1) == range(2, 3)
    store.close()


@pytest.mark.parametrize("revision", ["0007", "0006", "0005", "0004", "0003", "0002", "0001"])
def test_a_migration_can_be_undone_and_done_again_without_loss(earlier_url: str, revision: str) -> None:
    content = canonical_json(released_reports("icb").reports["U99001"])
    make_earlier(earlier_url, content)
    store = open_store(earlier_url)

    with store.write() as session:
        migrate_back(session.connection(), revision)
        assert session.connection().scalar(text("SELECT version_num FROM alembic_version")) == revision
        if revision < "0003":
            assert session.connection().scalar(text("SELECT content FROM report")) == content
        migrate(session.connection())

    with store.engine.connect() as connection:
        assert differences(connection) == []
    with store.read() as session:
        kept = report_version(session, "old")
        assert kept
        assert kept.content == content
        assert set(report_cells(session, "old", 1)) == set(cells_of(content))
    store.close()


def test_a_store_can_be_taken_down_to_nothing(store: Store) -> None:
    with store.write() as session:
        migrate_back(session.connection(), "base")
    with store.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}


OF_NOBODY = ("cell_name", "cell_state", "numbering", "failed_log_in")


def test_every_table_has_audience_and_organisation_or_is_part_of_what_has() -> None:
    for table in Base.metadata.tables.values():
        columns = set(table.columns.keys())
        is_part = columns & {"report_id", "client_row_id", "account_row_id"} or table.name in OF_NOBODY
        assert is_part or ({"audience", "recorded_at"} <= columns and columns & {"organisation", "organisations"})


def test_the_file_is_its_owners_alone(file_store: Store) -> None:
    assert file_store.engine.url.database
    file = Path(file_store.engine.url.database)
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_an_error_within_a_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError):
        _fail_within(store)
    assert measures(store) == 0


def test_an_instant_comes_back_in_utc(store: Store) -> None:
    with store.write() as session:
        session.add(a_measure("m"))
    with store.read() as session:
        assert session.scalars(select(MeasureRow.recorded_at)).one() == AT


def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    with store.write() as session:
        session.add(a_measure("m"))
        session.flush()
        assert measures(store) == 0
    assert measures(store) == 1


def test_several_may_open_a_new_store_and_write_at_once(unmigrated_url: str) -> None:
    """Threads here stand for processes: what locks is an open file or a connection, so it keeps either apart."""
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(lambda name: _write(unmigrated_url, name), "abcd"))
    store = open_store(unmigrated_url)
    assert measures(store) == 12
    store.close()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "no url", "x://h:port/d"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="SQLite"):
        open_store(url)


def test_a_server_that_is_not_there_is_named_without_who_asks_and_their_password() -> None:
    with pytest.raises(ConfigError, match=r"database reports on 127.0.0.1:9 cannot be used\. .*refused") as caught:
        open_store("postgresql://elm:pass-word@127.0.0.1:9/reports")
    assert "pass-word" not in str(caught.value)


@pytest.mark.real
def test_a_server_that_lets_nobody_in_is_named_without_the_password(postgres: Postgres) -> None:
    url = postgres.empty()
    with pytest.raises(ConfigError, match="password authentication failed") as caught:
        open_store(url.replace("p%40ss", "other"))
    assert "other" not in str(caught.value)


@pytest.mark.real
def test_a_server_that_was_started_anew_is_connected_to_anew(postgres: Postgres) -> None:
    store = open_store(postgres.migrated())
    assert measures(store) == 0
    postgres.stop()
    postgres.resume()
    assert measures(store) == 0
    store.close()


def _fail_within(store: Store) -> None:
    with store.write() as session:
        session.add(a_measure("m"))
        session.flush()
        raise RuntimeError


def _write(url: str, name: str) -> None:
    store = open_store(url)
    for number in range(3):
        with store.write() as session:
            session.add(a_measure(f"{name}-{number}"))
    store.close()


def test_the_store_that_a_setting_names_is_what_commands_open(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "data", store_url=f"sqlite:///{tmp_path / 'other disk' / 'reports.sqlite'}")
    store = RunContext(config).store
    store.close()

    assert (tmp_path / "other disk" / "reports.sqlite").stat().st_mode & 0o077 == 0
    assert not (tmp_path / "data").exists()
