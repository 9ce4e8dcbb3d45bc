"""What a founder asks before anything is written: names, addresses, and what each node has."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from pcsx.daemon.setup.told import VERSION, Me
from pcsx.errors import Finding
from pcsx.lean import dataclass
from pcsx.protocol import ClusterSetup
from pcsx.ring.config import MAX_NODES, PROFILES, Address
from pcsx.ring.join import public_of
from pcsx.values import Now

SKEW_WARN_MS: Final = 1_000
SKEW_REFUSE_MS: Final = 60_000
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62})")


def check_request(request: ClusterSetup, me: Me) -> Iterator[Finding]:
    """Yield every fault of *request* that can be seen without asking anybody."""
    if not _NAME.fullmatch(request.name):
        yield Finding.error(
            "cluster-name", request.name, f"{request.name!r} is not a cluster's name",
            hint="A name has up to 63 letters, digits, dots, dashes and underscores.",
        )  # fmt: skip
    if request.profile not in PROFILES:
        yield Finding.error(
            "profile", request.profile, f"there is no profile {request.profile!r}",
            hint=f"Profiles: {', '.join(PROFILES)}.",
        )  # fmt: skip
    if not request.nodes:
        yield Finding.error("no-nodes", request.name, "a cluster needs at least one node")
    if len(request.nodes) > MAX_NODES:
        text = f"{len(request.nodes)} nodes are more than {MAX_NODES}"
        yield Finding.error("too-many-nodes", request.name, text)
    seen: dict[str, str] = {}
    names: set[str] = set()
    for node in request.nodes:
        if not _NAME.fullmatch(node.name):
            yield Finding.error(
                "node-name", node.name, f"{node.name!r} is not a node's name",
                hint="A name has up to 63 letters, digits, dots, dashes and underscores.",
            )  # fmt: skip
        if node.name in names:
            yield Finding.error("node-twice", node.name, f"node {node.name} is named twice")
        names.add(node.name)
        for address in node.addresses:
            if address in seen:
                text = f"{address} is the address of both {seen[address]} and {node.name}"
                yield Finding.error("address-twice", address, text)
            seen[address] = node.name
            if split_address(address, me.port) is None:
                yield Finding.error(
                    "address", address, f"{address!r} is not an address of {node.name}",
                    hint="Write HOST, HOST:PORT or [IPV6]:PORT.",
                )  # fmt: skip
    if request.nodes and me.name not in names:
        yield Finding.error(
            "not-among-them", me.name, f"this node, {me.name}, is not among the nodes named",
            hint=f"Run it on one of them, or name {me.name} too.",
        )  # fmt: skip


def split_address(text: str, port: int) -> tuple[str, int] | None:
    """Return (host, port) of `HOST`, `HOST:PORT`, `[V6]:PORT` or a bare IPv6, or None."""
    if match := re.fullmatch(r"\[([0-9A-Fa-f:.%a-z]+)\](?::(\d{1,5}))?", text):
        host, number = match[1], match[2]
    elif text.count(":") > 1:
        host, number = text, None
    else:
        host, _, rest = text.partition(":")
        number = rest or None
        if text.endswith(":"):
            return None
    if number is not None and (not number.isdigit() or not 0 < int(number) < 65536):
        return None
    if not host or re.search(r"[\s/=,]", host):
        return None
    return host, int(number) if number else port


def is_numeric(host: str) -> bool:
    """Return whether *host* is an address already, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def check_addresses(peers: dict[str, list[Address]]) -> Iterator[Finding]:
    """Yield what is wrong with the addresses found: loopback for some, the same for two."""
    loopback = {
        name: address.host
        for name, addresses in peers.items()
        for address in addresses
        if ipaddress.ip_address(address.host).is_loopback
    }
    if loopback and len(loopback) < len(peers):
        for name, host in sorted(loopback.items()):
            yield Finding.error(
                "loopback", name,
                f"{name} is {host} here, a loopback address that other nodes cannot reach",
                hint=f"Give its address, as in {name}=192.0.2.1, or mend /etc/hosts.",
            )  # fmt: skip
    taken: dict[Address, str] = {}
    for name, addresses in peers.items():
        for address in addresses:
            if address in taken:
                text = f"{name} and {taken[address]} are both {address.host} port {address.port}"
                yield Finding.error("address-twice", name, text)
            taken[address] = name
    counts = {len(addresses) for addresses in peers.values()}
    if len(counts) > 1:
        text = "the nodes have different numbers of addresses"
        yield Finding.error("links", "nodes", text, hint="Give one address a link for every node.")


def check_surveys(surveys: dict[str, Survey], now: Now) -> Iterator[Finding]:
    """Yield what the nodes' own words say against a cluster of them."""
    keys: dict[str, str] = {}
    for name, survey in surveys.items():
        if survey.cluster:
            yield Finding.error(
                "in-a-cluster", name, f"{name} is in a cluster already: {survey.cluster}",
                hint=f"On {name}: pcsx cluster destroy, if that cluster is to go.",
            )  # fmt: skip
        if survey.name != name:
            yield Finding.error(
                "other-name", name, f"the daemon found for {name} calls itself {survey.name}",
                hint="Name it so, or set name in its pcsx.toml.",
            )  # fmt: skip
        if survey.protocol != VERSION:
            text = f"{name} runs pcsx {survey.version}, which does not talk to this one"
            yield Finding.error("version", name, text, hint="Install the same version everywhere.")
        if survey.key in keys:
            text = f"{name} has the identity of {keys[survey.key]}: one is a copy of the other"
            hint = f"On {name}: remove identity.key from its state directory and restart pcsx."
            yield Finding.error("cloned", name, text, hint=hint)
        keys[survey.key] = name
        skew_ms = abs(survey.wall_ms - survey.asked_ms)
        if skew_ms > SKEW_REFUSE_MS:
            yield Finding.error(
                "clock", name, f"the clock of {name} is {skew_ms / 1000:.0f} s from this one's",
                hint="Run a time service on all nodes, or add --force.", force="CLOCK",
            )  # fmt: skip
        elif skew_ms > SKEW_WARN_MS:
            text = f"the clock of {name} is {skew_ms / 1000:.1f} s from this one's"
            yield Finding.warning("clock", name, text, hint="Run a time service on all nodes.")


@dataclass(frozen=True, slots=True)
class Survey:
    """What a node says of itself; *asked_ms* is our wall clock when we asked."""

    name: str
    version: str
    protocol: int
    cluster: str
    key: str
    wall_ms: int
    asked_ms: int


def survey_of(me: Me, cluster: str, wall: datetime) -> dict[str, Any]:
    """Return what this node answers to a survey."""
    return {
        "name": me.name,
        "version": me.version,
        "protocol": VERSION,
        "cluster": cluster,
        "key": public_of(me.identity).hex(),
        "wall_ms": int(wall.timestamp() * 1000),
    }
