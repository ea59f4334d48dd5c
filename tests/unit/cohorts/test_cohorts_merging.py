"""What links between patients come to: one person of all that are linked, and one of them who speaks for it."""

from itertools import pairwise

import pytest

from hi_fhir.cohorts.merging import DANGLING, LOOP, MERGED, SEVERAL, merges

ALL = dict.fromkeys("abcd", True)


@pytest.mark.parametrize(
    ("edges", "there", "survivors", "found"),
    [
        ([], ALL, {}, {}),
        ([("b", "a")], ALL, {"b": "a"}, {}),
        ([("b", "a"), ("b", "a")], ALL, {"b": "a"}, {}),
        ([("a", "b"), ("b", "c")], ALL, {"a": "c", "b": "c"}, {}),
        ([("a", "x"), ("x", "c")], ALL, {"a": "c"}, {}),
        ([("a", "c"), ("b", "c")], ALL, {"a": "c", "b": "c"}, {}),
        ([("a", "b"), ("b", "a")], ALL, {"b": "a"}, {LOOP: 2}),
        ([("a", "b"), ("b", "a")], ALL | {"a": False}, {"a": "b"}, {LOOP: 2}),
        ([("a", "b"), ("b", "a"), ("b", "c")], ALL, {"a": "c", "b": "c"}, {}),
        ([("a", "a")], ALL, {}, {LOOP: 1}),
        ([("a", "x")], ALL, {}, {DANGLING: 1}),
        ([("a", "x"), ("b", "x")], ALL | {"a": False}, {"a": "b"}, {DANGLING: 2}),
        ([("x", "a")], ALL, {}, {}),
        ([("x", "y")], ALL, {}, {}),
        ([("a", "b"), ("a", "c")], ALL | {"b": False}, {"a": "c", "b": "c"}, {SEVERAL: 2}),
        ([("b", "a"), ("d", "c")], ALL, {"b": "a", "d": "c"}, {}),
    ],
    ids=[
        "none", "pair", "said by both", "chain", "chain over one that is gone", "two into one", "circle",
        "circle with one active", "circle with a way out", "itself", "survivor is gone", "two whose survivor is gone",
        "the replaced one is gone", "nobody is there", "two survivors", "two pairs",
    ],
)  # fmt: skip
def test_links_make_one_person(edges, there, survivors, found):
    result = merges(edges, there)
    assert result.survivors == survivors
    assert {kind: count for kind, count in result.found.items() if count} == found | (
        {MERGED: len(survivors)} if survivors else {}
    )


def test_a_long_chain_is_followed_to_its_end():
    ids = [f"{number:05}" for number in range(20_000)]
    result = merges(pairwise(ids), dict.fromkeys(ids, True))
    assert set(result.survivors.values()) == {ids[-1]}
    assert len(result.survivors) == len(ids) - 1
