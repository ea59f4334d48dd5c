"""What the process logs goes to stderr, with nothing in it that steers a terminal or begins a line of its own."""

import logging

from hi_fhir.core.shown import shown, shown_lines


class ShownFormatter(logging.Formatter):
    """One line for what happened, whatever others put into it, and the lines of a traceback below."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return shown(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802 - the library's name
        return shown_lines(super().formatException(ei))  # type: ignore[arg-type]  # as the library calls it


def log_to_stderr() -> None:
    """From now on, for all loggers of the process that have no handler of their own."""
    handler = logging.StreamHandler()
    handler.setFormatter(ShownFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
