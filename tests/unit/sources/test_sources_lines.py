"""Lines of a stream: what is a record among them and what is not."""

import pytest

from hi_fhir.sources.lines import record_pieces


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b" \n", b"\t\n", b" \t\r\n"])
@pytest.mark.parametrize("before", [b"", b"{}\n"])
def test_a_blank_line_is_no_record_wherever_it_stands(before: bytes, blank: bytes) -> None:
    stream = before + blank + b"{}\n"
    [piece] = record_pieces([stream])

    assert (piece.lines, piece.records, piece.size) == (before + b"{}\n", 1 + len(before) // 3, len(stream))
