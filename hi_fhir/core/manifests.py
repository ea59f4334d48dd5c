"""Which format a manifest is written in, and what becomes of one that another version of hi_fhir has written.

The format stands in the file, as `format`; a file without it is of format 1, which had none. An older one is upgraded
step by step where each step is known, and else refused by name, with what makes the folder anew: a manifest is never
read as what it is not. docs/explanation/versions.md says when a number is raised.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import orjson

from hi_fhir.core.errors import ManifestError
from hi_fhir.core.files import commit_json, read_json

S = TypeVar("S", bound=msgspec.Struct)
P = TypeVar("P", bound=msgspec.Struct)

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""A manifest of one format as one of the next."""

_FORMAT = "format"
_UNNUMBERED = 1


@dataclass(frozen=True)
class Format(Generic[S]):
    """How one kind of manifest is written today.

    name: for messages. number: raised where a file of before would not be read as what it says. again: what makes it
    anew, a sentence. upgrades: by the number that each starts from.
    """

    name: str
    kind: type[S]
    number: int
    again: str
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)

    def commit(self, path: Path, manifest: S) -> None:
        commit_json(path, {_FORMAT: self.number, **msgspec.to_builtins(manifest)})

    def read(self, path: Path) -> S:
        """The manifest at `path`.

        Raises:
            ManifestError: it is of a format that this version does not read, or is not as it was written.
        """
        try:
            found = read_json(path)
        except orjson.JSONDecodeError as error:
            raise self._unlike(path, error) from error
        if not isinstance(found, dict):
            raise self._unlike(path, "no object")
        return self.convert(path, self._upgraded(path, found), self.kind)

    def convert(self, path: Path, content: Any, kind: type[P]) -> P:
        """What stands in a manifest that was read at `path`, or a part of it, as a struct.

        Raises:
            ManifestError: it is not as it was written.
        """
        try:
            return msgspec.convert(content, kind)
        except msgspec.ValidationError as error:
            raise self._unlike(path, error) from error

    def _upgraded(self, path: Path, content: dict[str, Any]) -> dict[str, Any]:
        number = content.get(_FORMAT, _UNNUMBERED)
        if not isinstance(number, int) or number > self.number:
            raise ManifestError(
                f"{path}: this {self.name} was written by a newer hi_fhir, in format {number}; this one reads up to "
                f"{self.number}. Use the newer one. Or: {self.again}"
            )
        for step in range(number, self.number):
            if step not in self.upgrades:
                raise ManifestError(
                    f"{path}: this {self.name} was written by an earlier hi_fhir, in format {number}, which does not "
                    f"tell all that format {self.number} does. {self.again}"
                )
            content = self.upgrades[step](content)
        return content

    def _unlike(self, path: Path, why: object) -> ManifestError:
        return ManifestError(f"{path}: this {self.name} is not as hi_fhir writes it: {why}. {self.again}")
