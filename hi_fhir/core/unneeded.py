"""What libraries would import for whoever might use it: pandas, which pyarrow looks for as it makes its first array.

It takes a third of a CPU-second in every process, and nothing here uses it.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_UNNEEDED = "pandas"


class _NotThere(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname.partition(".")[0] == _UNNEEDED:
            raise ModuleNotFoundError(f"No module named {fullname!r}: hi_fhir does without it", name=fullname)
        return None


def do_without_pandas() -> None:
    """From now on this process has no pandas: for processes that are hi_fhir's own, not for who imports it."""
    if _UNNEEDED not in sys.modules and not any(isinstance(finder, _NotThere) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NotThere())
