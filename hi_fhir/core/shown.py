"""Text of others made fit to be shown: what steers a terminal, or turns the text around, is written as an escape."""

import re

_UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # controls, the escapes of terminals among them
    "\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # direction, and what has no width
    "\ud800-\udfff\U000e0000-\U000e0fff"  # halves of characters, and tags
)
_ALL = re.compile(f"[{_UNSEEN}]")
_BUT_NEWLINES = re.compile(f"(?!\n)[{_UNSEEN}]")


def shown(text: str) -> str:
    """One line, whatever stands in it."""
    return _ALL.sub(_escape, text)


def shown_lines(text: str) -> str:
    """The same for text whose newlines are ours."""
    return _BUT_NEWLINES.sub(_escape, text)


def shown_json(document: str) -> str:
    """A JSON document that says the same: in one, such marks stand nowhere but in strings."""
    return _BUT_NEWLINES.sub(_json_escape, document)


def _escape(mark: re.Match[str]) -> str:
    number = ord(mark[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _json_escape(mark: re.Match[str]) -> str:
    units = mark[0].encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
