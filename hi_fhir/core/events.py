"""What happens in a run, for whoever watches many of them: one JSON object a line.

An event has ids of runs, sources and measures, counts and durations; never a value from a record, an address or the
text of a message. Nothing is written unless `write_events` was asked to.
"""

import contextvars
import inspect
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import orjson

from hi_fhir.core.errors import ConfigError

P = ParamSpec("P")
T = TypeVar("T")

_LOG = logging.getLogger("hi_fhir.events")
_ABOUT: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("about", default={})  # noqa: B039 - never changed in place


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        event = {"at": at, "event": record.getMessage(), **getattr(record, "fields", {})}
        return orjson.dumps(event).decode()


@contextmanager
def write_events(where: str | None) -> Iterator[None]:
    """Append each event of the block to the file `where`, or to stderr for `-`; nowhere for None.

    Raises:
        ConfigError: the file cannot be written.
    """
    if not where:
        yield
        return
    try:
        handler: logging.Handler = (
            logging.StreamHandler(sys.stderr) if where == "-" else logging.FileHandler(Path(where), encoding="utf-8")
        )
    except OSError as error:
        raise ConfigError(f"log file {where} cannot be written: {error.strerror}. Name another.") from error
    handler.setFormatter(_Json())
    _LOG.addHandler(handler)
    _LOG.setLevel(logging.INFO)
    _LOG.propagate = False
    try:
        yield
    finally:
        _LOG.removeHandler(handler)
        _LOG.setLevel(logging.NOTSET)
        _LOG.propagate = True
        handler.close()


def event(name: str, **fields: Any) -> None:
    """Something happened. fields: ids, counts and durations; those of `about` go with them."""
    _LOG.info(name, extra={"fields": {**_ABOUT.get(), **fields}})


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Every event of the block has these ids."""
    token = _ABOUT.set({**_ABOUT.get(), **ids})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def step(name: str, told: Callable[[T], Mapping[str, Any]]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """An event at the begin and end of each call of a verb, about its `source` if it has one. told: of its result."""

    def decorate(verb: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(verb)

        @wraps(verb)
        def logged(*args: P.args, **kwargs: P.kwargs) -> T:
            source = signature.bind(*args, **kwargs).arguments.get("source")
            began = time.monotonic()
            with about(step=name, **({"source": source.name} if source is not None else {})):
                event("step-began")
                try:
                    result = verb(*args, **kwargs)
                except BaseException as error:
                    event("step-failed", error=type(error).__name__, seconds=_since(began))
                    raise
                event("step-ended", seconds=_since(began), **told(result))
            return result

        return logged

    return decorate


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
