"""What is worked out of the same once: many tests release the same made-up counts, and only some are about deciding."""

import hashlib
import pickle
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def worked_out_once(work: Callable[P, R]) -> Callable[P, R]:
    """The same answer to the same arguments, told by all that they hold. An error is worked out anew each time."""
    known: dict[bytes, Any] = {}

    @wraps(work)
    def answer(*args: P.args, **named: P.kwargs) -> R:
        asked = hashlib.sha256(pickle.dumps((args, named))).digest()
        if asked not in known:
            known[asked] = work(*args, **named)
        return known[asked]

    return answer
