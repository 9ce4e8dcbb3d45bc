"""`pcsx sam`: run a program under watch."""

from __future__ import annotations

import click

from pcsx.errors import Failed, Usage

_POLICIES = ("quit", "restart")


@click.command(
    "sam",
    context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True},
)
@click.option("--recovery", default="quit", show_default=True, help="quit or restart.")
@click.option("--quorum", is_flag=True, help="Start it only with quorum; its loss is a failure.")
@click.option("--store", is_flag=True, help="Show its state in the store, at runtime.process.PID.")
@click.option("--health", default=0.0, metavar="S", help="It must say that it is well each S s.")
@click.option("--warn", default=5.0, show_default=True, help="Seconds from SIGTERM to SIGKILL.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def command(
    recovery: str, quorum: bool, store: bool, health: float, warn: float, words: tuple[str, ...]
) -> None:
    """Run a program, and begin it again where it fails or does not say that it is well.

    The program finds its instance's number in PCSX_SAM_INSTANCE, and in PCSX_SAM_DATA (as
    hexadecimal) what the last instance left; to PCSX_SAM_FD it writes the lines `healthy` and
    `keep HEX`. In Python that is pcsx.client.Instance. It is warned by SIGTERM and ended by
    SIGKILL. The exit status is the last instance's, 1 where it was ended for its health or for
    lack of quorum.

    \b
    Example:
        pcsx sam --recovery restart --quorum -- /usr/local/bin/worker --fast
    """
    from pcsx.shell.sam import Policy
    from pcsx.shell.watchman import Watchman

    if not words:
        raise Usage("pcsx sam [OPTIONS] -- COMMAND...")
    if recovery not in _POLICIES:
        raise Failed(f"there is no recovery {recovery!r}", f"It is {' or '.join(_POLICIES)}.")
    if health < 0 or warn < 0:
        raise Failed("seconds cannot be negative")
    policy = Policy(recovery == "restart", quorum, int(health * 1000), int(warn * 1000))
    status = Watchman(list(words), policy, shows=store).run()
    raise click.exceptions.Exit(status)
