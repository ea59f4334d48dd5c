"""The cells of reports from before cells were kept are what those reports say."""

import pytest

from hi_fhir.core.files import canonical_json
from hi_fhir.store.migrations.kept_reports import cells_of
from tests.support.reporting import released_reports


@pytest.mark.parametrize("audience", ["practice", "pcn", "icb", "public"])
@pytest.mark.parametrize("state", ["full", "partial", "missing"])
@pytest.mark.parametrize("people", [0, 9, 90])
def test_the_json_of_a_report_gives_the_cells_that_it_was_made_from(audience: str, state: str, people: int) -> None:
    released = released_reports(audience, state=state, people=people)
    for reporter, report in released.reports.items():
        found = list(cells_of(canonical_json(report)))
        assert len(set(found)) == len(found)
        assert set(found) == set(released.cells[reporter])


def test_what_is_no_report_of_ours_has_no_cells() -> None:
    assert list(cells_of(b"{}")) == []
