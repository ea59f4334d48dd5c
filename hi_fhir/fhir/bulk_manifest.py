"""The manifest of an export: what files it has, and when it was taken; as a server answers it or a folder has it.

Source: FHIR Bulk Data Access 3.0.0, of which 2.0.0 is a part. Servers leave out fields that it requires, and write
numbers as text, so all are optional here and read as what they mean.
"""

from collections.abc import Mapping
from typing import Any

import msgspec


class ExportFile(msgspec.Struct, frozen=True):
    """One file of an export. count: of its resources, where the server says."""

    type: str = ""
    url: str = ""
    count: int | None = None


class _Link(msgspec.Struct, frozen=True):
    relation: str = ""
    url: str = ""


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """What an export has to offer."""

    transaction_time: str | None = None
    request: str | None = None
    requires_access_token: bool | None = None
    output: list[ExportFile] | None = None
    deleted: list[ExportFile] | None = None
    error: list[ExportFile] | None = None
    link: list[_Link] | None = None

    @property
    def with_token(self) -> bool:
        """Whether files are asked for with the token: not where the server says that none is needed."""
        return self.requires_access_token is not False


def is_manifest(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an export's manifest: it has files, or says of which instant it is."""
    return "output" in content or "transactionTime" in content


def manifest_of(content: Mapping[str, Any]) -> Manifest:
    """The manifest that a JSON object is. Files of messages are `error` before version 3 and `outcome` from then on.

    Raises:
        ValueError: a part of it cannot be what it is to be; the message says which.
    """
    token = content.get("requiresAccessToken")
    return Manifest(
        transaction_time=_text(content.get("transactionTime")) or None,
        request=_text(content.get("request")) or None,
        requires_access_token={"true": True, "false": False}.get(str(token).strip().lower()),
        output=_files(content, "output"),
        deleted=_files(content, "deleted"),
        error=[*_files(content, "error"), *_files(content, "outcome")],
        link=[
            _Link(str(link.get("relation", "")), str(link.get("url", "")))
            for link in _list(content, "link")
            if isinstance(link, dict)
        ],
    )


def _files(content: Mapping[str, Any], part: str) -> list[ExportFile]:
    found = []
    for file in _list(content, part):
        if not isinstance(file, dict) or not isinstance(file.get("url"), str):
            raise ValueError(f"names a file without an address in its {part}")
        found.append(ExportFile(_text(file.get("type")), file["url"], _count(file.get("count"))))
    return found


def _list(content: Mapping[str, Any], part: str) -> list[Any]:
    """The elements of a list that may be null or not there; null elements say nothing."""
    found = content.get(part)
    if found is not None and not isinstance(found, list):
        raise ValueError(f"has something else than a list in its {part}")
    return [element for element in found or () if element is not None]


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    """A whole number from 0 on, also where it is written as text or with a fraction of 0; else none was told."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except ValueError:
        return None
    return int(number) if number >= 0 and number.is_integer() else None
