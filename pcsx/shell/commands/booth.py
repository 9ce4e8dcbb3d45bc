"""`pcsx booth`: the files of the ticket manager booth, and its resources.

booth itself grants tickets between sites; what it decides it tells by `crm_ticket`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pcsx.cib.document import Cib
from pcsx.cib.edit import read
from pcsx.cib.edit.delete import delete
from pcsx.errors import Failed, Finding, NoCluster, Refused
from pcsx.shell import args, elsewhere
from pcsx.shell.booth_conf import BoothConf, peer_findings, ticket_findings
from pcsx.shell.commands import ticket as by_hand
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

command = Level(
    "booth",
    """Write the files of the ticket manager booth, and have the cluster run it.

    \b
    Example: two sites and one that only votes
        pcsx booth setup sites 192.0.2.1 198.51.100.1 arbitrators 203.0.113.1
        pcsx booth ticket add sales expire=600
        pcsx booth create ip 192.0.2.1
    """,
    default="config",
)
DIRECTORY: Final = "/etc/booth"
FILES: Final = ("booth-conf", "booth-key", "name")
KEY_BYTES: Final = 64


def _paths(run: Run) -> tuple[Path, Path, str]:
    """Return the paths of configuration and key, and the path of the key as it is written."""
    conf, key = run.option("booth-conf"), run.option("booth-key")
    if bool(conf) != bool(key):
        one, other = ("booth-conf", "booth-key") if conf else ("booth-key", "booth-conf")
        raise wrong_words(f"When --{one} is specified, --{other} must be specified as well")
    name = run.option("name", "booth")
    if not name or "/" in name or name.startswith("."):
        raise wrong_words(f"booth name '{name}' is no name for a file")
    base = Path(DIRECTORY)
    return (
        Path(conf) if conf else base / f"{name}.conf",
        Path(key) if key else base / f"{name}.key",
        key or str(base / f"{name}.key"),
    )


def _read(run: Run) -> BoothConf:
    path = _paths(run)[0]
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Failed(
            f"cannot read the booth configuration {path}: {reason}",
            "pcsx booth setup sites ADDRESS ADDRESS... writes one",
        ) from error
    return BoothConf.parsed(text, str(path))


def _write(run: Run, path: Path, data: bytes, *, mode: int) -> None:
    run.changed = True
    if run.flag("dry-run"):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(handle, "wb") as file:
            file.write(data)
        os.replace(fresh, path)
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror}") from error


@command.verb("setup", usage="sites ADDRESS ADDRESS... [arbitrators ADDRESS...]", options=FILES)
def setup(run: Run, words: list[str]) -> None:
    """Write a new configuration and key for booth; an odd number of peers decides.

    \b
    Example:
        pcsx booth setup sites 192.0.2.1 198.51.100.1 arbitrators 203.0.113.1
    """
    parts = args.sections(words, ("sites", "arbitrators"))
    if not words or args.flat(parts.get("")):
        raise args.misused(run.usage)
    sites, others = args.flat(parts.get("sites")), args.flat(parts.get("arbitrators"))
    run.judge(peer_findings(sites, others))
    conf, key, written = _paths(run)
    present = [path for path in (conf, key) if path.exists()]
    run.judge(
        Finding.error("booth-exists", str(path), f"{path} already exists", force="booth-exists")
        for path in present
    )
    made = BoothConf(
        [
            ("authfile", written),
            *(("site", one) for one in sites),
            *(("arbitrator", one) for one in others),
        ]
    )
    _write(run, key, os.urandom(KEY_BYTES), mode=0o600)
    _write(run, conf, made.text().encode(), mode=0o644)
    run.note(f"Written: {conf} and {key}. Every site and arbitrator needs both.", code="note")


@command.verb("config", usage="", options=FILES)
def config(run: Run, words: list[str]) -> None:
    """Show the configuration of booth on this node.

    \b
    Example:
        pcsx booth config
    """
    if words:
        raise Failed(
            "the configuration of another node is not fetched", f"ssh {words[0]} pcsx booth config"
        )
    found = _read(run)
    run.give(
        {
            "sites": found.values("site"),
            "arbitrators": found.values("arbitrator"),
            "tickets": {name: dict(options) for name, options in found.tickets.items()},
        }
    )
    run.say(found.text().rstrip("\n"))


@command.verb("destroy", usage="", options=FILES)
def destroy(run: Run, words: list[str]) -> None:
    """Remove the files of booth from this node, unless the cluster runs it.

    \b
    Example:
        pcsx booth destroy
    """
    if words:
        raise args.misused(run.usage)
    conf, key, _ = _paths(run)
    if _is_run(run, conf):
        raise Failed("booth is a resource of the cluster still", "pcsx booth delete")
    gone = [path for path in (conf, key) if path.exists()]
    run.changed = bool(gone)
    for path in gone if not run.flag("dry-run") else ():
        try:
            path.unlink()
        except OSError as error:
            raise Failed(f"cannot remove {path}: {error.strerror}") from error


TICKET = Level("ticket", "Add tickets to booth's configuration, and take them out.")
command.add_command(TICKET)


@TICKET.verb("add", usage="TICKET [NAME=VALUE]...", options=FILES)
def add_ticket(run: Run, words: list[str]) -> None:
    """Add a ticket to booth's configuration.

    \b
    Example:
        pcsx booth ticket add sales expire=600 timeout=10
    """
    if not words:
        raise args.misused(run.usage)
    name, options = words[0], args.pairs(words[1:])
    run.judge(ticket_findings(name, options))
    found = _read(run)
    if name in found.tickets:
        text = f"booth ticket name '{name}' already exists in configuration"
        raise Refused([Finding.error("booth-ticket", name, text)])
    found.tickets[name] = list(options.items())
    _write(run, _paths(run)[0], found.text().encode(), mode=0o644)


@TICKET.verb("delete", "remove", usage="TICKET", options=FILES)
def delete_ticket(run: Run, words: list[str]) -> None:
    """Take a ticket out of booth's configuration.

    \b
    Example:
        pcsx booth ticket delete sales
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    found = _read(run)
    if words[0] not in found.tickets:
        text = f"booth ticket name '{words[0]}' does not exist"
        raise Refused([Finding.error("booth-ticket", words[0], text)])
    del found.tickets[words[0]]
    _write(run, _paths(run)[0], found.text().encode(), mode=0o644)


for _verb in ("standby", "unstandby", "cleanup"):
    TICKET.add_command(by_hand.command.commands[_verb], _verb)


def _is_run(run: Run, conf: Path) -> bool:
    try:
        return bool(_services(run.cib(), str(conf)))
    except NoCluster:
        return False  # an arbitrator is in none


def _services(cib: Cib, conf: str) -> list[str]:
    """Return the resources that run booth with the configuration *conf*."""
    return [
        id
        for id, agent in read.agents_everywhere(cib)
        if agent.rpartition(":")[2] == "booth-site"
        and read.parameters(cib, id).get("config", f"{DIRECTORY}/booth.conf") == conf
    ]


@command.verb("create", usage="ip ADDRESS", options=("name",))
def create(run: Run, words: list[str]) -> None:
    """Have the cluster run booth on an address: one group of two resources.

    \b
    Example:
        pcsx booth create ip 192.0.2.1
    """
    from pcsx.shell.commands.resource.create import create as create_resource
    from pcsx.shell.idempotence import OnPaper

    if len(words) != 2 or words[0] != "ip":
        raise args.misused(run.usage)
    conf = str(_paths(run)[0])
    name = run.option("name", "booth")
    _read(run)
    if _services(run.cib(), conf):
        raise Failed(f"booth instance '{name}' is already created as cluster resource")
    paper = Run(run.argv, source=OnPaper(run.source, run.cib()))
    paper.take({name: value for name, value in run.given.items() if name in ("force", "json")})
    for id, agent, pair in (
        (f"booth-{name}-ip", "ocf:heartbeat:IPaddr2", f"ip={words[1]}"),
        (f"booth-{name}-service", "ocf:pacemaker:booth-site", f"config={conf}"),
    ):
        paper.take({"group": f"booth-{name}-group"})
        create_resource(paper, [id, agent, pair])
    run.findings += paper.findings
    made = paper.cib()
    run.change(lambda _: made)


@command.verb("delete", "remove", usage="", options=("name",))
def delete_resources(run: Run, words: list[str]) -> None:
    """Delete the resources that run booth.

    \b
    Example:
        pcsx booth delete
    """
    if words:
        raise args.misused(run.usage)
    name = run.option("name", "booth")
    services = _services(run.cib(), str(_paths(run)[0]))
    if not services:
        raise Failed(f"booth instance '{name}' not found in cib")
    together = {one: one for one in services}
    for group, members in read.groups(run.cib()).items():
        if set(members) & together.keys() and len(members) == 2:
            together |= {group: group}
            services = [group, *(one for one in services if one not in members)]

    def change(base: Cib) -> Cib:
        for id in services:
            deleted = delete(base, id)
            base = deleted.cib
            for text in deleted.told:
                run.note(text, code="removed", subject=id)
        return base

    run.change(change)


_COPY: Final = "files are not copied between nodes"
_ITSELF: Final = "booth decides that with its peers"
elsewhere.register(
    command,
    {
        "status": ("booth tells its own state", "booth status; booth peers; booth list"),
        "restart": ("booth's resources are restarted as any other", "pcsx resource restart ID"),
        "pull": (_COPY, f"scp NODE:{DIRECTORY}/booth.* {DIRECTORY}/"),
        "sync": (_COPY, f"scp {DIRECTORY}/booth.* NODE:{DIRECTORY}/"),
        "ticket grant": (_ITSELF, "booth grant -s SITE TICKET; by hand: pcsx ticket grant TICKET"),
        "ticket revoke": (
            _ITSELF, "booth revoke -s SITE TICKET; by hand: pcsx ticket revoke TICKET",
        ),
        **{
            verb: ("an arbitrator is a service of its machine", f"systemctl {verb} booth@booth")
            for verb in ("enable", "disable", "start", "stop")
        },
    },
)  # fmt: skip
