"""Tables of public bug reports about hidden small counts, as MeasureReports, and what can be worked out of each."""

from pathlib import Path
from typing import Any

import pytest

from hi_fhir.attack.attacking import attack
from hi_fhir.attack.reading.measure_reports import read_measure_reports
from hi_fhir.core.progress import Silent
from tests.support.foreign_reports import by, counted, report, write

TOTAL_AND_THE_OTHER = [
    report(
        counted(initial_population=180),
        by("age", under=counted(initial_population=None), over=counted(initial_population=177)),
    )
]
HIDDEN_ARE_FEW = [
    report(
        counted(initial_population=103),
        by(
            "sex",
            f=counted(initial_population=None),
            m=counted(initial_population=100),
            u=counted(initial_population=None),
        ),
    )
]
TOTAL_OF_WHAT_IS_SHOWN = [
    report(
        counted(initial_population=150),
        by(
            "sex",
            f=counted(initial_population=None),
            m=counted(initial_population=100),
            u=counted(initial_population=50),
        ),
    )
]
SHARE_OF_A_MASKED_COUNT = [report(counted(0.0625, denominator=32, numerator=None))]
SMALL_TOLD_AS_ZERO = [
    report(
        counted(numerator=20, denominator=100),
        by("sex", f=counted(numerator=17, denominator=50), m=counted(numerator=0, denominator=50)),
    )
]
TWO_THAT_COME_TO_TWO = [
    report(
        counted(initial_population=15),
        by(
            "band",
            a=counted(initial_population=10),
            b=counted(initial_population=3),
            c=counted(initial_population=None),
            d=counted(initial_population=None),
        ),
    )
]


@pytest.mark.parametrize(
    ("reports", "found", "contradicted"),
    [
        pytest.param(TOTAL_AND_THE_OTHER, {"under": (3, 3)}, 0, id="gtsummary 1691: the whole less the other stratum"),
        pytest.param(
            HIDDEN_ARE_FEW, {"f": (1, 2), "u": (1, 2)}, 0, id="ehrql 1666: all that is hidden is three people"
        ),
        pytest.param(TOTAL_OF_WHAT_IS_SHOWN, {}, 1, id="ACRO 137: the whole is that of what is shown"),
        pytest.param(SHARE_OF_A_MASKED_COUNT, {"all": (2, 2)}, 0, id="survminer 815: a share of a masked count"),
        pytest.param(
            TWO_THAT_COME_TO_TWO, {"c": (1, 1), "d": (1, 1)}, 0, id="sdcTools/UserSupport 194: two that come to two"
        ),
        pytest.param(SMALL_TOLD_AS_ZERO, {}, 2, id="cohort-extractor 504: small counts told as 0"),
    ],
)
def test_what_each_table_gives_away(
    reports: list[dict[str, Any]], found: dict[str, tuple[int, int]], contradicted: int, tmp_path: Path
) -> None:
    findings = attack(read_measure_reports(write(tmp_path / "told.ndjson", *reports), 7), Silent())
    assert {one.name.stratum: (one.low, one.high) for one in findings.recovered} == found
    assert findings.contradicted == contradicted
