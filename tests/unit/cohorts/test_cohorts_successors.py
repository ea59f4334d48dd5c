"""Who follows whom, from a file of one's own and from those of ODS; a line that cannot be is named."""

from datetime import date
from pathlib import Path

import pytest

from hi_fhir.cohorts.imports import import_organisations
from hi_fhir.cohorts.successors import read_successors
from hi_fhir.core.errors import TerminologyError
from hi_fhir.core.successions import Succession

MERGED = date(2026, 4, 1)
TWO = [Succession("QA1", "QX1", MERGED), Succession("QB1", "QX1", MERGED)]
OWN = "predecessor,successor,valid_from\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "succ.csv"


def read(file: Path, text: str) -> list[Succession]:
    file.write_text(text, encoding="utf-8")
    return read_successors([file])


@pytest.mark.parametrize(
    "text",
    [
        f"{OWN}QA1,QX1,2026-04-01\nQB1,QX1,2026-04-01\n",
        "\ufeffValid_From , successor,PREDECESSOR,why\n20260401,qx1,qb1,merged\n\n2026-04-01, QX1 ,QA1,\n",
        '"QA1","QX1","R","20260401",""\n"QB1","QX1","R","20260401","F"\n',
        '"QA1","QX1","R","20260401"\n"QA1","QX1","O","20260401"\n"QB1","QX1","R","20260401"\n',
    ],
    ids=["own", "own in any order", "ODS", "ODS, said twice"],
)
def test_successors_are_read_from_either_layout(file: Path, text: str) -> None:
    assert read(file, text) == TWO


def test_files_are_read_together(file: Path, tmp_path: Path) -> None:
    file.write_text("QA1,QX1,R,20260401,\n", encoding="utf-8")
    earlier = tmp_path / "succarc.csv"
    earlier.write_text("QB1,QX1,R,20260401,\n", encoding="utf-8")
    assert read_successors([file, earlier]) == TWO


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        ("a,b,c\n1,2,3\n", "neither succ nor succarc of ODS"),
        (f"{OWN}QA1,QX1,2026-04-01\n\nQB1,,2026-04-01\n", "line 4: the successor '' is no ODS code"),
        (f"{OWN}Q/1,QX1,2026-04-01\n", "line 2: the predecessor 'Q/1' is no ODS code"),
        (f"{OWN}QA1\n", "line 2: the successor '' is no ODS code"),
        (f"{OWN}QA1,QX1,\n", "line 2: no day from which QX1 follows"),
        (f"{OWN}QA1,QX1,1 April\n", "line 2: '1 April' is not a day"),
        ("QA1,QX1,R,20260401,\nQB1,QX1,R,20260431,\n", "line 2: '20260431' is not a day"),
        (f"{OWN}QA1,qa1,2026-04-01\n", "line 2: QA1 follows itself"),
        (
            f"{OWN}QA1,QX1,2026-04-01\nQA1,QX1,2026-07-01\n",
            "line 3: QX1 follows QA1 from 2026-07-01, and from 2026-04-01",
        ),
        (f"{OWN}QA1,QB1,2026-04-01\nQC1,QD1,2026-04-01\nQB1,QA1,2027-04-01\n", "follow one another in a circle"),
    ],
)
def test_what_cannot_be_is_named(file: Path, text: str, told: str) -> None:
    with pytest.raises(TerminologyError) as error:
        read(file, text)
    assert told in str(error.value)
    assert str(file) in str(error.value)


def test_a_circle_is_told_with_its_lines(file: Path) -> None:
    with pytest.raises(TerminologyError, match=r"succ.csv line [24], succ.csv line [24]"):
        read(file, f"{OWN}QA1,QB1,2026-04-01\nQC1,QD1,2026-04-01\nQB1,QA1,2027-04-01\n")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b'"' + b"A" * 200_000 + b'",B,R,20260401\n'], ids=["bytes", "long"]
)
def test_a_file_that_is_no_csv_is_named(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for read_it in (lambda: read_successors([file]), lambda: import_organisations(file, file.parent / "imports")):
        with pytest.raises(TerminologyError, match="cannot be read as a CSV in UTF-8"):
            read_it()


def test_a_line_of_ods_is_named_by_its_place_in_the_file_whatever_is_empty_before_it(
    file: Path, tmp_path: Path
) -> None:
    heading = "Partner Organisation Code,Partner Name,,,PCN Code,PCN Name,,,"
    days = "Practice to PCN Relationship Start Date,Practice to PCN Relationship End Date"
    file.write_text(f"{heading}{days}\n\n\nA99001,Elm,,,U99001,River,,,soon,\n", encoding="utf-8")
    with pytest.raises(TerminologyError, match="line 4: 'soon' is not a day"):
        import_organisations(file, tmp_path / "imports")
