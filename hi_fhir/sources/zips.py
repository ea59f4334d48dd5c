"""Zips kept open between two files of them: to open one is to read the list of all that it holds."""

import threading
import zipfile
from pathlib import Path
from typing import IO

_MOST_OPEN = 4


class OpenZips:
    """The zips that were read last, for any thread. What is being read stays readable when its zip is let go."""

    def __init__(self) -> None:
        self._open: dict[Path, zipfile.ZipFile] = {}
        self._lock = threading.Lock()

    def open(self, path: Path, number: int) -> tuple[IO[bytes], int]:
        """Member `number` of the zip at `path` as a stream, and the bytes that it is packed in.

        Raises:
            zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError: it cannot be read.
        """
        with self._lock:
            packed = self._open.pop(path, None) or zipfile.ZipFile(path)
            self._open[path] = packed
            if len(self._open) > _MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
            member = packed.infolist()[number]
            return packed.open(member), member.compress_size

    def close(self) -> None:
        for packed in self._open.values():
            packed.close()
        self._open.clear()
