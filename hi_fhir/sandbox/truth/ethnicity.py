"""One ethnicity for a person, by the rule `ethnicity`."""

from collections.abc import Sequence
from datetime import date

from hi_fhir.sandbox.people.codes import FINER, LETTERS
from hi_fhir.sandbox.people.model import Code
from hi_fhir.sandbox.truth.evidence import Statement

NOT_STATED, REFUSED, NOT_KNOWN, NOT_RECORDED = "not-stated", "refused", "not-known", "not-recorded"
GROUPS_2021 = {
    **dict.fromkeys("ABC", "white"),
    **dict.fromkeys("DEFG", "mixed"),
    **dict.fromkeys("HJKLR", "asian"),
    **dict.fromkeys("MNP", "black"),
    "S": "other",
}
"""Five groups of the census of 2021, where Chinese (R) is Asian."""

_ANY_OTHER = frozenset("CGLPS")
_EARLIEST = date.min


def ethnicity_of(extension: Code | None, statements: Sequence[Statement]) -> str:
    """A letter of the 16 categories of 2001, or not-stated, refused, not-known or not-recorded.

    extension: of the patient record that speaks for the person. statements: of all of the person's records, up to the
    reference date.
    """
    in_extension = extension.says if extension else None
    if in_extension in LETTERS:
        return str(in_extension)
    stated = [(one.day or _EARLIEST, one.says) for one in statements if one.says in LETTERS]
    if stated:
        latest = max(day for day, _ in stated)
        categories = {says for day, says in stated if day == latest}
        return categories.pop() if len(categories) == 1 else NOT_KNOWN
    unsaid = [(one.day or _EARLIEST, one.says) for one in statements]
    if in_extension:
        unsaid.append((_EARLIEST, in_extension))
    if not unsaid:
        return NOT_RECORDED
    latest = max(day for day, _ in unsaid)
    return REFUSED if REFUSED in {says for day, says in unsaid if day == latest} else NOT_STATED


def is_specific(extension: Code | None, ethnicity: str) -> bool:
    """Whether the ethnicity that `ethnicity_of` gives is a category, and not one of any other of a kind.

    extension: of the patient record that speaks for the person; records have no code that is finer than its letter.
    """
    if ethnicity not in LETTERS:
        return False
    decides = extension if extension and extension.says in LETTERS else None
    return ethnicity not in _ANY_OTHER or bool(decides and FINER.intersection(decides.codings))


def agreement(extensions: Sequence[Code | None], statements: Sequence[Statement]) -> bool | None:
    """Whether the sources that state a category state one; None where fewer than two do.

    extensions: one source each. statements: one source together, of which the latest day counts.
    """
    sources = [{one.says} for one in extensions if one and one.says in LETTERS]
    stated = [(one.day or _EARLIEST, one.says) for one in statements if one.says in LETTERS]
    if stated:
        latest = max(day for day, _ in stated)
        sources.append({says for day, says in stated if day == latest})
    return None if len(sources) < 2 else len(set[str | None]().union(*sources)) == 1
