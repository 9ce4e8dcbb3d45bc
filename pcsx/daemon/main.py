"""From settings to a supervisor, a heart and a brain: `pcsx daemon`.

Exit statuses: 0 after an orderly leave; 2 a fault in the settings or the place; 64 a wrong command
line; 70 a broken invariant and 71 three ends within a minute, after which nothing starts again;
72 an operation that cannot be killed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import socket
import sys
from dataclasses import fields
from pathlib import Path

from pcsx import __version__
from pcsx.agents import Host
from pcsx.daemon.io.heart import HeartSettings, run_heart
from pcsx.daemon.io.state import State
from pcsx.daemon.io.supervisor import Groups, supervise
from pcsx.daemon.settings import Settings, read_settings
from pcsx.errors import PcsxError

EXIT_SETTINGS = 2
DEFAULT_CONFIG = "/etc/pcsx/pcsx.toml"
UNTIMED = "PCSX_TEST_WATCHDOG"
"""In the environment of a test: the watchdog is a pipe, which knows no timeout."""

_HELP = {
    "name": "this node's name; by default the host's name up to its first dot",
    "state_dir": "where identity, keys and the log are kept",
    "run_dir": "where the local socket and the agents' state are",
    "socket": "the local socket; by default pcsx.sock in the run directory",
    "address": "the address that the lobby listens on; by default all of them",
    "port": "the UDP and TCP port of the first link, 5450 by default",
    "bootstrap_key": "the file of 32 random bytes that lets a founder adopt this node",
    "watchdog": "a watchdog device to pet; by default none",
    "watchdog_timeout": "seconds without petting after which it resets the machine, 10 by default",
    "discovery": "announce the lobby by mDNS and look for others (yes or no)",
    "group": "the group whose members may open the local socket",
    "realtime": "ask for real time and locked memory for the heart (yes or no)",
    "agents_root": "where the OCF agents are, /usr/lib/ocf by default",
}


def parse_options(arguments: list[str]) -> tuple[str | None, dict[str, str]]:
    """Return the settings' file that was named, if any, and the options given."""
    parser = argparse.ArgumentParser(
        prog="pcsx daemon",
        description="Run the cluster daemon in the foreground. Without a cluster it waits in the "
        "lobby until `pcsx cluster setup` on one node makes one. Every option is a key of "
        f"{DEFAULT_CONFIG} too, and PCSX_NAME and the like in the environment.",
        epilog="Example: pcsx daemon --name n1 --state-dir /tmp/n1 --run-dir /tmp/n1 "
        "--address 127.0.0.1. Exit statuses: 0 left in good order, 2 wrong settings, 70 a bug, "
        "71 three ends within a minute, 72 an operation that cannot be killed.",
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help=f"settings, by default {DEFAULT_CONFIG}")
    for setting in fields(Settings):
        flag = "--" + setting.name.replace("_", "-")
        parser.add_argument(flag, metavar="VALUE", help=_HELP[setting.name])
    known = vars(parser.parse_args(arguments))
    return known.pop("config"), {name: text for name, text in known.items() if text is not None}


def load_settings(config: str | None, options: dict[str, str]) -> Settings:
    """Return the settings of the file (which must be there if it was named), and all above it."""
    text = None
    try:
        text = Path(config or DEFAULT_CONFIG).read_text()
    except OSError as error:
        if config is not None:
            from pcsx.errors import Failed

            raise Failed(f"{config}: {error.strerror}") from error
    return read_settings(text, os.environ, options, hostname=socket.gethostname())


def main(arguments: list[str]) -> int:
    """Run the daemon until it is told to stop; return its exit status."""
    if not __debug__:
        sys.stderr.write("Error: the daemon needs its assertions: do not run it with python -O\n")
        return EXIT_SETTINGS
    try:
        config, options = parse_options(arguments)
    except SystemExit as done:
        return 0 if not done.code else 64
    try:
        settings = load_settings(config, options)
        os.makedirs(settings.run_dir, mode=0o755, exist_ok=True)
        state = State(settings.state_dir)
        identity = state.identity()
    except PcsxError as error:
        sys.stderr.write(f"Error: {error}\n" + (f"  {error.hint}\n" if error.hint else ""))
        return EXIT_SETTINGS
    except OSError as error:
        sys.stderr.write(f"Error: {error.filename}: {error.strerror}\n")
        return EXIT_SETTINGS
    notify = os.environ.pop("NOTIFY_SOCKET", "")

    def heart(brain: socket.socket, supervisor: socket.socket) -> int:
        return run_heart(
            brain,
            supervisor,
            HeartSettings(
                settings.realtime,
                settings.watchdog,
                settings.watchdog_timeout,
                watchdog_untimed=UNTIMED in os.environ,
            ),
        )

    def brain(heart_end: socket.socket, supervisor: socket.socket) -> int:
        return run_brain(settings, state, identity, heart_end, supervisor, notify)

    return supervise(heart, brain)


def run_brain(
    settings: Settings,
    state: State,
    identity: bytes,
    heart: socket.socket,
    supervisor: socket.socket,
    notify: str,
) -> int:
    """Be the brain: enter the cluster on this disk, or wait in the lobby."""
    # The supervisor and the heart stay small: what only the brain needs is loaded here.
    from pcsx.daemon.io.worker import fork_worker
    from pcsx.daemon.io.world import World, log
    from pcsx.daemon.node import Node
    from pcsx.daemon.setup import Me
    from pcsx.pe.schedule import schedule
    from pcsx.pe.state import state_of

    gc.collect()
    gc.freeze()
    sys.setswitchinterval(0.0005)
    _worker, planner = fork_worker(schedule, state_of)
    if notify:
        os.environ["NOTIFY_SOCKET"] = notify
    groups = Groups(supervisor)
    world = World(settings, state, heart, planner, group_begins=groups.begin, group_ends=groups.end)
    state.forget_unbegun()
    cluster = state.cluster()
    stopped = bool(cluster) and state.is_stopped(cluster)
    try:
        life = state.open(cluster) if cluster and not stopped else None
        away = state.last_config(cluster) if stopped else None
    except (OSError, ValueError, KeyError) as error:
        log("main", f"the state in {settings.state_dir} cannot be read: {error}")
        return EXIT_SETTINGS
    node = Node(
        Me(settings.name, settings.address, settings.port, identity, __version__),
        host=_host(settings),
        random=random.Random(os.urandom(16)),
        entropy=os.urandom,
        life=life,
        away=away,
        discovery=settings.discovery,
    )
    try:
        return asyncio.run(world.run(node, cluster if life is not None else ""))
    except OSError as error:
        # Only what is opened at the start ends here: the local socket, the lobby's port.
        log("main", f"{error}")
        return EXIT_SETTINGS


def _host(settings: Settings) -> Host:
    temporary = os.path.join(settings.run_dir, "agents")
    os.makedirs(temporary, exist_ok=True)
    tools = os.path.join(settings.run_dir, "compat")
    from pcsx.daemon.io import compat  # late, as all that only the brain needs

    compat.install(tools)
    alone = os.geteuid() == 0 and settings.run_dir == Settings().run_dir
    return Host(
        node=settings.name,
        ocf_root=settings.agents_root,
        run_dir=settings.run_dir,
        rsc_tmp="/run/resource-agents" if alone else temporary,
        var_run="" if alone else temporary,
        compat_dir=tools,
        extra=(("PCSX_SOCKET", os.path.abspath(settings.socket_path)),),
    )
