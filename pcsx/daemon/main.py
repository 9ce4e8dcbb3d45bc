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
    "panic_file": "a file for `pcsx panic`, where a crash kernel can read it; by default none",
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
        state.identity()
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
        return run_brain(settings, state, heart_end, supervisor, notify)

    return supervise(heart, brain, panic_file=settings.panic_file)


def say_panic(path: str | None, config: str | None, *, force: bool) -> tuple[int, int]:
    """Tell the others that this machine's kernel has panicked; return how many of how many ways.

    Raises `Failed` where this is no crash kernel, unless *force*, and where nothing was left.
    """
    from pcsx.daemon.io import panic
    from pcsx.errors import Failed

    path = path or load_settings(config, {}).panic_file
    if not path:
        raise Failed(
            "nothing was left for a crash kernel: the setting panic_file names no file",
            'In pcsx.toml: panic_file = "/var/lib/pcsx/panic", then restart the daemon.',
        )
    if not force and not os.path.exists(panic.CRASHED):
        raise Failed(
            f"this is no crash kernel ({panic.CRASHED} is not there): the others would take this "
            "node out and fence it, though it runs",
            "Nothing was sent. --force sends it all the same.",
        )
    try:
        lines = panic.read(path)
    except panic.Unreadable as error:
        raise Failed(str(error), "The daemon writes it once it is connected to others.") from None
    return panic.send(lines), len(lines)


def run_brain(
    settings: Settings,
    state: State,
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
    from pcsx.pe.state import state_of

    gc.collect()
    gc.freeze()
    sys.setswitchinterval(0.0005)
    _worker, planner = fork_worker(state_of)
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
        # Read in each life: it may have changed in the last.
        Me(settings.name, settings.address, settings.port, state.identity(), __version__),
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


# --- the witness ----------------------------------------------------------------------------------

WITNESS_STATE = "/var/lib/pcsx-witness"
WITNESS_PORT = 5451
TOKEN_TTL_MS = 3_600_000
TTL_MAX_MS = 7 * 86_400_000


def witness_parser() -> argparse.ArgumentParser:
    """Return the parser of what `pcsx witness` is given."""
    parser = argparse.ArgumentParser(
        prog="pcsx witness",
        description="Vote in clusters of two (or any even number of) nodes from a machine outside "
        "of them, so that one half may go on. One daemon serves any number of clusters.",
        epilog="Example: pcsx witness, then pcsx witness token, and on a node of the cluster: "
        "pcsx quorum witness add TOKEN. Exit statuses: 0 done, 1 not done, 2 wrong settings, "
        "64 a wrong command line.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "do", nargs="?", default="run", choices=("run", "token", "status", "forget"),
        help="run the daemon in the foreground (the default); token: print what admits one "
        "cluster, once; status: show the clusters; forget: give a cluster's seat up, while the "
        "daemon is stopped",
    )  # fmt: skip
    parser.add_argument("cluster", nargs="?", default="", help="forget: the cluster, by its UUID")
    where = f"where identity and seats are kept, {WITNESS_STATE} by default"
    parser.add_argument("--state-dir", metavar="DIR", default=WITNESS_STATE, help=where)
    address = "the address to listen on, and the one that a token names; by default all of them"
    parser.add_argument("--address", metavar="ADDRESS", default="", help=address)
    port = f"the TCP port, {WITNESS_PORT} by default"
    parser.add_argument("--port", metavar="N", type=int, default=WITNESS_PORT, help=port)
    parser.add_argument("--for", metavar="TIME", dest="ttl", default="1h", help="a token's time")
    parser.add_argument("--json", action="store_true", help="status and token as JSON")
    return parser


def witness_main(arguments: list[str]) -> int:
    """Run the witness, or do what else was asked of it; return the exit status."""
    try:
        given = witness_parser().parse_args(arguments)
    except SystemExit as done:
        return 0 if not done.code else 64
    try:
        return _witness(given)
    except PcsxError as error:
        sys.stderr.write(f"Error: {error}\n" + (f"  {error.hint}\n" if error.hint else ""))
        return EXIT_SETTINGS if given.do == "run" else 1
    except OSError as error:
        sys.stderr.write(f"Error: {error.filename or given.address}: {error.strerror or error}\n")
        return EXIT_SETTINGS if given.do == "run" else 1


def _witness(given: argparse.Namespace) -> int:
    import json

    from pcsx.daemon.io import witness
    from pcsx.errors import Failed
    from pcsx.values import parse_duration_ms

    if not 0 < given.port < 65536:
        raise Failed(f"{given.port} is no port", "It is 1 to 65535.")
    if given.do == "run":
        settings = witness.WitnessSettings(given.state_dir, given.address, given.port)
        return asyncio.run(witness.WitnessDaemon(settings).run())
    files = witness.Files(given.state_dir)
    identity = files.path / "identity.key"
    if not identity.exists():
        hint = "Start it first (pcsx witness), or name its place with --state-dir."
        raise Failed(f"no witness has run with its state in {given.state_dir}", hint)
    match given.do:
        case "token":
            ttl_ms = parse_duration_ms(given.ttl)
            if ttl_ms is None or not 1000 <= ttl_ms <= TTL_MAX_MS:
                raise Failed(f"{given.ttl!r} is no time for a token", "1s to 7 days, like 1h.")
            hints = _witness_hints(given.address, given.port)
            text = witness.new_token(files, identity.read_bytes(), hints, ttl_ms // 1000)
            print(json.dumps({"token": text, "addresses": hints}) if given.json else text)
        case "status":
            rows = witness.described(files)
            if given.json:
                print(json.dumps({"clusters": rows}))
            for row in () if given.json else rows:
                last = f"term {row['term']}, voted for {row['voted_for'] or 'nobody'}"
                print(f"{row['cluster']} ({row['uuid']}): {' '.join(row['nodes'])}; {last}")
            if not rows and not given.json:
                print("No cluster has a seat here.")
        case "forget":
            lock = State(given.state_dir)
            if given.cluster not in files.seats():
                raise Failed(f"no cluster {given.cluster!r} has a seat here", "See: status.")
            files.forget(given.cluster)
            del lock
    return 0


def _witness_hints(address: str, port: int) -> tuple[str, ...]:
    """Return `HOST PORT` of this machine, for a token: where nodes find the witness."""
    if address:
        return (f"{address} {port}",)
    found = []
    for family, probe in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # No packet leaves: it only asks by which address this machine reaches others.
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            try:
                sock.connect((probe, 9))
                found.append(f"{sock.getsockname()[0]} {port}")
            except OSError:
                continue
    if not found:
        from pcsx.errors import Failed

        raise Failed("this machine has no address that others reach", "Give one: --address.")
    return tuple(found)
