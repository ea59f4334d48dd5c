"""Whose request is answered next: callers take turns, so that who asks for much waits for itself alone."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class CallerTurns(Generic[T]):
    """What waits, of each caller in its order. It stands in for a deque, and has no lock of its own."""

    def __init__(self, caller_of: Callable[[T], Hashable]) -> None:
        self._caller_of = caller_of
        self._waiting: OrderedDict[Hashable, deque[T]] = OrderedDict()  # whose turn is next first
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, one: T) -> None:
        self._waiting.setdefault(self._caller_of(one), deque()).append(one)
        self._size += 1

    def popleft(self) -> T:
        caller, own = self._waiting.popitem(last=False)
        one = own.popleft()
        if own:
            self._waiting[caller] = own
        self._size -= 1
        return one
