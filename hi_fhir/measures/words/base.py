"""What every word of a definition is: a frozen value that says who is meant, and how words are joined by logic."""

from dataclasses import dataclass

from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures.words.given import checked


@checked
@dataclass(frozen=True)
class Word:
    """A statement about one person that is true, false or, where what it needs is not known, null."""

    def __and__(self, other: "Word") -> "And":
        return And(_flat(And, self, other))

    def __or__(self, other: "Word") -> "Or":
        return Or(_flat(Or, self, other))

    def __invert__(self) -> "Not":
        return Not(self)


@dataclass(frozen=True)
class And(Word):
    """Every part; false where one is false, else null where one is null."""

    parts: tuple[Word, ...]


@dataclass(frozen=True)
class Or(Word):
    """Any part; true where one is true, else null where one is null."""

    parts: tuple[Word, ...]


@dataclass(frozen=True)
class Not(Word):
    """The opposite; null where the part is null."""

    part: Word


@dataclass(frozen=True)
class AtLeastOf(Word):
    """So many of the parts are true; null where that turns on parts that are null."""

    count: int
    parts: tuple[Word, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.count <= len(self.parts):
            raise DefinitionError(f"at_least_of: {self.count} of {len(self.parts)} words cannot be asked for.")


@checked
def at_least_of(count: int, *words: Word) -> AtLeastOf:
    """So many of several words are true, whichever: in how many groups somebody is, how many checks were done."""
    return AtLeastOf(count, words)


def _flat(kind: type[And] | type[Or], *words: Word) -> tuple[Word, ...]:
    parts: list[Word] = []
    for word in words:
        parts += word.parts if isinstance(word, kind) else (word,)
    return tuple(parts)
