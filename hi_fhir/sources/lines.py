"""Lines cut from a stream without holding more of it than a block."""

from collections.abc import Iterable, Iterator

_LONG = 8 << 20


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that end in a newline; one is put after a last line that has none.

    A line of more than 8 MiB comes in several pieces, of which only the last one ends in a newline.
    """
    rest, cut = b"", False
    for block in blocks:
        end = block.rfind(b"\n")
        if end >= 0:
            yield rest + block[: end + 1]
            rest, cut = block[end + 1 :], False
        elif len(rest) + len(block) > _LONG:
            yield rest + block
            rest, cut = b"", True
        else:
            rest += block
    if rest or cut:
        yield rest + b"\n"
