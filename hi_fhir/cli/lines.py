"""Lines that a command prints. Apart from the tables, whose library takes a while to be imported."""

import click

from hi_fhir.core.shown import shown_lines


def say(text: str, *, err: bool = False) -> None:
    """Lines on stdout or stderr. What a server or a file called itself in them is shown, and steers no terminal."""
    click.echo(shown_lines(text), err=err)


def warn(text: str) -> None:
    """A line on stderr about something that works for now."""
    say(f"Warning: {text}", err=True)
