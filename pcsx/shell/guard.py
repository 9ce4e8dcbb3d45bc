"""The outermost frame of one invocation: errors become a message and a status, bugs a report.

The program and every line of its prompt run inside it.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

import click

from pcsx.errors import PcsxError, Usage
from pcsx.shell.run import Run

BUG: Final = 70
"""The exit status of a fault of our own."""


def run_words(root: click.Group, argv: Sequence[str]) -> int:
    """Run the command of *root* that *argv* spells, and return its exit status."""
    this = Run(argv)

    def work(one: Run) -> None:
        ended = root.main(list(one.argv), "pcsx", standalone_mode=False, obj=one)
        if type(ended) is int:  # a command that raised `Exit`, which click does not let through
            one.exit_status = ended

    return guarded(this, work)


def guarded(this: Run, work: Callable[[Run], object]) -> int:
    """Do *work* for *this* and return its exit status; errors are told, and ours are reported."""
    try:
        work(this)
    except PcsxError as error:
        if this.flag("idempotent"):
            return this.finish(settle(this, error, work))
        return this.finish(error)
    except click.ClickException as error:
        return this.finish(Usage(error.format_message()))
    except (click.Abort, KeyboardInterrupt):
        this.finish(None)
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except Exception as bug:  # the outermost frame of the shell: a person sees one line, not this
        return report_bug(bug, this)
    return this.finish(None)


def settle(this: Run, error: PcsxError, work: Callable[[Run], object]) -> PcsxError | None:
    """Return *error*, or None where all that was asked for is so already."""
    from pcsx.shell.idempotence import settled

    def again(twin: Run) -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            work(twin)

    try:
        return settled(this, error, again)
    except PcsxError as other:
        return other


def report_bug(bug: Exception, this: Run) -> int:
    """Say in one line that we are wrong, keep the details in a file, and return the status."""
    import tempfile
    import traceback

    if this.flag("debug"):
        traceback.print_exception(bug)
    with tempfile.NamedTemporaryFile(
        "w", prefix="pcsx-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as report:
        traceback.print_exception(bug, file=report)
    this.bug(f"internal error ({type(bug).__name__}); please report it with {report.name}")
    return BUG
