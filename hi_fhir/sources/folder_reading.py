"""One file of a folder as a stream: unpacked within bounds, and held against the file that was listed."""

import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath

import msgspec

from hi_fhir.core.errors import UserError
from hi_fhir.sources.packed import PackedBounds, PackedError, is_gzip, unpacked
from hi_fhir.sources.zips import OpenZips

_BLOCK = 1 << 20
_HEAD = 1 << 20


class FolderFile(msgspec.Struct, frozen=True):
    """One file, or one within a zip, by its path within the folder.

    member, name: its number and name within the zip. number: its place in the order of names, from 1, by which errors
    call it, since a name may tell whose it is. kind, type: what it holds, and of which type. length: bytes of it. size,
    modified_ns, inode: of the file on disk, so that a changed one is not taken for the same.
    """

    path: str
    member: int | None
    name: str
    number: int
    kind: str
    type: str
    length: int
    size: int
    modified_ns: int
    inode: int

    @property
    def place(self) -> PurePosixPath:
        """Where it lies, a zip being taken for a folder."""
        return PurePosixPath(self.path, self.name.lstrip("/"))


class Folder:
    """A source's folder; use it in a `with`. limit: bytes that one file of it may come to when unpacked."""

    def __init__(self, source: str, root: Path, limit: int) -> None:
        self.source, self.root, self.limit = source, root, limit
        self._zips = OpenZips()

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        self._zips.close()

    def error(self, file: FolderFile, said: str) -> UserError:
        return UserError(f"source {self.source}: file number {file.number}, in order of names, {said}")

    def blocks(self, file: FolderFile, offset: int = 0) -> Generator[bytes, None, None]:
        """What a file holds from `offset` on, unpacked.

        Raises:
            UserError: it is damaged, over a bound, cannot be read, or is another file than was listed.
        """
        try:
            self._check_same(file)
            for block in self._unpacked(file):
                if len(block) > offset:
                    yield block[offset:] if offset else block
                offset = max(offset - len(block), 0)
            self._check_same(file)
        except PackedError as error:
            to_do = "Copy it again." if error.is_cut else "If it is sound, unpack it yourself."
            raise self.error(file, f"{error}. {to_do}") from error
        except (zipfile.BadZipFile, EOFError) as error:
            raise self.error(file, "is cut short or damaged. Copy it again.") from error
        except (RuntimeError, NotImplementedError) as error:  # zipfile: locked by a password, or packed in another way
            raise self.error(file, "is locked or packed in a way that cannot be read. Unpack it yourself.") from error
        except OSError as error:
            told = f"cannot be read: {error.strerror}. Fix its permissions, or copy it again."
            raise self.error(file, told) from error

    def head(self, file: FolderFile) -> tuple[bytes, bool]:
        """How a file begins, of up to about a block, and whether that is all of it."""
        found = b""
        with closing(self.blocks(file)) as blocks:
            for block in blocks:
                found += block
                if len(found) > _HEAD:
                    return found[:_HEAD], False
        return found, True

    def _unpacked(self, file: FolderFile) -> Iterator[bytes]:
        blocks = self._plain(file) if file.member is None else self._member(file, file.member)
        first = next(blocks, b"")
        yield from unpacked(chain([first], blocks), self.limit) if is_gzip(first) else chain([first], blocks)

    def _plain(self, file: FolderFile) -> Iterator[bytes]:
        with (self.root / file.path).open("rb", buffering=0) as stream:
            yield from iter(partial(stream.read, _BLOCK), b"")

    def _member(self, file: FolderFile, number: int) -> Iterator[bytes]:
        bounds = PackedBounds(self.limit)
        stream, packed = self._zips.open(self.root / file.path, number)
        with stream:
            for block in iter(partial(stream.read, _BLOCK), b""):
                bounds.add(len(block), packed)
                yield block

    def _check_same(self, file: FolderFile) -> None:
        status = (self.root / file.path).stat()
        if (status.st_size, status.st_mtime_ns, status.st_ino) != (file.size, file.modified_ns, file.inode):
            raise self.error(file, "was changed while it was read. Run it again once nothing writes to the folder.")
