"""A code and the system that it is of: the one value by which codes go from data files to scopes and tables."""

from typing import NamedTuple


class Coding(NamedTuple):
    """system: by its one name; "" for none."""

    system: str
    code: str

    def __str__(self) -> str:
        """`system|code`, as in a FHIR token search: how scopes and what names an evaluation have it on disk."""
        return f"{self.system}|{self.code}"

    @classmethod
    def read(cls, token: str) -> "Coding":
        """What `str` of it wrote: no name of a system has a bar in it."""
        system, _, code = token.partition("|")
        return cls(system, code)
