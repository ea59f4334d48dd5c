"""What an answer says of the thing that its question names: that it is not, that there is none of it, or nothing."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.data_files import find_files, read_data_file
from hi_fhir.terminology.systems import LOINC, SNOMED

DENIED, NONE, ABSENT = "denied", "none", "absent"
"""It is not so, or was not done; there is none of it; nothing is known of it."""

_FOLDER = "terminology/answers"
_AS_WRITTEN = "urn:hi-fhir:answer-as-written"
_UNDERSTOOD = frozenset({SNOMED, LOINC})


class Answers(msgspec.Struct, frozen=True):
    """kinds: an answer to DENIED, NONE or ABSENT; words have a system of their own."""

    kinds: dict[Coding, str]

    def of_code(self, system: str | None, code: str) -> str | None:
        """What a coded answer says; None: something else."""
        return self.kinds.get(Coding(system or "", code))

    def of_words(self, text: str) -> str | None:
        """What a few words say, whatever their case and the point after them; None: something else."""
        return self.kinds.get(Coding(_AS_WRITTEN, text.strip().rstrip(".").lower()))

    def of_concept(self, codings: Sequence[tuple[str | None, str | None, str | None]], text: str | None) -> str | None:
        """What an answer of codings (system, code and display of each) and a text says; ABSENT where it is empty.

        The first coding that is listed decides. Words decide only where no coding is of a system that is understood:
        a local code for "no" is told by them, and "no" beside the code of a lifelong non-smoker is no denial.
        """
        coded = [(system, code) for system, code, _ in codings if code]
        listed = next((kind for system, code in coded if (kind := self.of_code(system, code))), None)
        if listed or any(system in _UNDERSTOOD for system, _ in coded):
            return listed
        words = next((one for one in (text, *(display for _, _, display in codings)) if one), None)
        if words:
            return self.of_words(words)
        return None if coded else ABSENT


def load_answers(overlays: Sequence[Path] = ()) -> Answers:
    """The answers that are shipped, with files of the overlays in place of those of the same name.

    Raises:
        TerminologyError: a file does not read, or says something else than the three words.
    """
    kinds: dict[Coding, str] = {}
    for path in find_files(_FOLDER, overlays).values():
        file = read_data_file(path)
        file.require("system", "code", "says")
        for number, row in enumerate(file.rows, len(file.head) + 2):
            if row["says"] not in (DENIED, NONE, ABSENT):
                raise TerminologyError(f"{path} line {number}: write {DENIED}, {NONE} or {ABSENT} in column says.")
            kinds[Coding(row["system"], row["code"])] = row["says"]
    return Answers(kinds)
