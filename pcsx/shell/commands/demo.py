"""`pcsx demo`: three daemons on loopback, and what happens when the one that matters dies."""

from __future__ import annotations

import signal
import sys
from typing import Any

import click

from pcsx.errors import Finding, Refused
from pcsx.protocol import PROFILES

MAX_NODES = 9


@click.command("demo", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--nodes", default=3, show_default=True, help="How many nodes, 3 to 9.")
@click.option(
    "--profile", default="standard", show_default=True, help="How patient: standard or fast."
)
@click.option("--json", "as_json", is_flag=True, help="One object a line; the last is a summary.")
@click.option("--keep", is_flag=True, help="Leave the cluster up, and say how to talk to it.")
def command(nodes: int, profile: str, as_json: bool, keep: bool) -> None:
    """Show a whole cluster surviving the loss of a node, in about 20 seconds, without root.

    Three real daemons start on loopback addresses in a temporary directory, form a cluster, and run
    a small web service in a group, and a clone. A client asks the service all the while. Then every
    process of the node that runs it is killed. You see how the others notice, agree, fence it and
    take over, and how it comes back. Ctrl-C at any moment leaves nothing behind.

    \b
    Example:
        pcsx demo --profile fast
    """
    from pcsx.shell.demo.play import Play, Wanted

    findings = []
    if not 3 <= nodes <= MAX_NODES:
        text = f"{nodes} nodes cannot be shown: a demonstration has 3 to {MAX_NODES}"
        findings.append(Finding.error("demo-nodes", str(nodes), text))
    if profile not in PROFILES:
        text = f"there is no profile {profile!r}"
        hint = f"Profiles: {', '.join(PROFILES)}."
        findings.append(Finding.error("profile", profile, text, hint=hint))
    if findings:
        raise Refused(findings)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    play = Play(Wanted(nodes, profile, as_json))
    kept = False
    try:
        play.run()
        kept = keep
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if kept:
            play.probe.end()
        else:
            play.close()
    if kept:
        node = play.nodes.nodes[0]
        out = sys.stderr if as_json else sys.stdout
        out.write(
            f"\nThe cluster stays up, in {play.nodes.place}. Talk to it:\n"
            f"  export PCSX_SOCKET={node.socket}\n  pcsx status\n"
            f"End it:\n  kill {' '.join(str(n.daemon.pid) for n in play.nodes.nodes if n.daemon)}"
            f" && rm -r {play.nodes.place}\n"
        )


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt
