"""Content that is kept as gzip is what it was, and so are answers that are put together from it."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hi_fhir.core.gzipped import Part, Rest, gzipped, inflated, joined, joined_as_gzip

CONTENTS = st.binary(min_size=1, max_size=300) | st.builds(
    lambda part, times: part * times, st.binary(min_size=1, max_size=20), st.integers(1, 30_000)
)
PARTS = st.lists(st.binary(max_size=100) | CONTENTS | CONTENTS.map(lambda content: Rest(gzipped(content))), max_size=6)


@given(CONTENTS)
def test_what_is_kept_is_gzip_that_any_tool_reads(content: bytes) -> None:
    assert gzip.decompress(gzipped(content)) == inflated(gzipped(content)) == content


@given(CONTENTS)
def test_the_rest_of_a_content_is_all_but_its_first_byte(content: bytes) -> None:
    assert Rest(gzipped(content)).inflated() == content[1:]


@given(PARTS)
def test_parts_put_together_are_one_member_with_what_they_are_in_a_row(parts: list[Part]) -> None:
    member = zlib.decompressobj(31)  # a gzip member, whose checksum and size are checked

    assert member.decompress(joined_as_gzip(parts)) == joined(parts)
    assert (member.eof, member.unused_data) == (True, b"")


@pytest.mark.parametrize("size", [65_535, 65_536, 262_144, 262_145, 700_000])
def test_parts_that_fill_a_block_or_more_are_whole(size: int) -> None:
    long = bytes(number % 251 for number in range(size))
    parts = [b"{", long, Rest(gzipped(long)), b"}"]

    assert gzip.decompress(joined_as_gzip(parts)) == b"{" + long + long[1:] + b"}"
