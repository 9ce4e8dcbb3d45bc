"""corosync.conf as `pcs cluster setup` writes it: the options that may be set, and the file.

A configuration is a tree of sections with keys; what pcs's words mean in it is a table. pcsx has no
use for the file itself: it is for those who keep Corosync under it, and for comparing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from pcsx.errors import Finding
from pcsx.lean import dataclass
from pcsx.shell.args import listed

Values = Mapping[str, str]

KNET: Final = "knet"
TRANSPORTS: Final = ("knet", "udp", "udpu")
MAX_LINKS: Final = 8
NODE_OPTIONS: Final = ("addr",)


@dataclass(slots=True)
class Section:
    """A section: its name, its keys in order, and the sections in it."""

    name: str
    keys: list[tuple[str, str]] = field(default_factory=list)
    inside: list[Section] = field(default_factory=list)

    def text(self, depth: int = 0) -> str:
        """Return the section as the file has it."""
        pad = "    " * depth
        lines = [f"{pad}{self.name} {{\n"]
        lines += [f"{pad}    {key}: {value}\n" for key, value in self.keys]
        for number, section in enumerate(self.inside):
            if number or self.keys:
                lines.append("\n")
            lines.append(section.text(depth + 1))
        lines.append(f"{pad}}}\n")
        return "".join(lines)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of pcs: its key in the file, and what its value may be."""

    key: str
    kind: str = "number"
    choices: tuple[str, ...] = ()

    def fault(self, value: str) -> str:
        """Return what the value should be, or nothing where it is fine."""
        match self.kind:
            case "number" if not (value.isascii() and value.isdigit()):
                return "a non-negative integer"
            case "positive" if not (value.isascii() and value.isdigit() and int(value) > 0):
                return "a positive integer"
            case "port" if not (value.isdigit() and 1 <= int(value) <= 65535):
                return "a port number (1..65535)"
            case "range" if not (
                value.isdigit() and int(self.choices[0]) <= int(value) <= int(self.choices[1])
            ):
                return f"{self.choices[0]}..{self.choices[1]}"
            case "choice" if value not in self.choices:
                return listed(self.choices)
            case "ip" if not _is_ip(value):
                return "an IP address"
            case "text" if not value:
                return "a name, e.g. zlib, lz4 or bzip2"
        return ""


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _number(key: str) -> Option:
    return Option(key)


def _choice(key: str, *choices: str) -> Option:
    return Option(key, "choice", choices)


_IP_VERSION: Final = _choice("ip_version", "ipv4", "ipv6", "ipv4-6", "ipv6-4")

TRANSPORT: Final[Mapping[str, Mapping[str, Option]]] = {
    "knet": {
        "ip_version": _IP_VERSION,
        "knet_pmtud_interval": _number("knet_pmtud_interval"),
        "link_mode": _choice("link_mode", "active", "passive", "rr"),
    },
    "udp": {"ip_version": _IP_VERSION, "netmtu": Option("netmtu", "positive")},
    "udpu": {"ip_version": _IP_VERSION, "netmtu": Option("netmtu", "positive")},
}
KNET_LINK: Final[Mapping[str, Option]] = {
    "link_priority": Option("knet_link_priority", "range", ("0", "255")),
    "linknumber": Option("linknumber", "range", ("0", "7")),
    "mcastport": Option("mcastport", "port"),
    "ping_interval": _number("knet_ping_interval"),
    "ping_precision": _number("knet_ping_precision"),
    "ping_timeout": _number("knet_ping_timeout"),
    "pong_count": _number("knet_pong_count"),
    "transport": _choice("knet_transport", "sctp", "udp"),
}
UDP_LINK: Final[Mapping[str, Option]] = {
    "bindnetaddr": Option("bindnetaddr", "ip"),
    "broadcast": _choice("broadcast", "0", "1"),
    "mcastaddr": Option("mcastaddr", "ip"),
    "mcastport": Option("mcastport", "port"),
    "ttl": Option("ttl", "range", ("0", "255")),
}
COMPRESSION: Final[Mapping[str, Option]] = {
    "level": _number("knet_compression_level"),
    "model": Option("knet_compression_model", "text"),
    "threshold": _number("knet_compression_threshold"),
}
CRYPTO: Final[Mapping[str, Option]] = {
    "cipher": _choice("crypto_cipher", "none", "aes256", "aes192", "aes128"),
    "hash": _choice("crypto_hash", "none", "md5", "sha1", "sha256", "sha384", "sha512"),
    "model": _choice("crypto_model", "nss", "openssl"),
}
TOTEM: Final[Mapping[str, Option]] = {
    "block_unlisted_ips": _choice("block_unlisted_ips", "yes", "no"),
    **{
        name: _number(name)
        for name in (
            "consensus", "downcheck", "fail_recv_const", "heartbeat_failures_allowed", "hold",
            "join", "max_messages", "max_network_delay", "merge", "miss_count_const", "send_join",
            "seqno_unchanged_const", "token", "token_coefficient", "token_retransmit",
            "token_retransmits_before_loss_const", "window_size",
        )
    },
}  # fmt: skip
QUORUM: Final[Mapping[str, Option]] = {
    "auto_tie_breaker": _choice("auto_tie_breaker", "0", "1"),
    "last_man_standing": _choice("last_man_standing", "0", "1"),
    "last_man_standing_window": Option("last_man_standing_window", "positive"),
    "wait_for_all": _choice("wait_for_all", "0", "1"),
}


@dataclass(frozen=True, slots=True)
class Setup:
    """What was asked for: nodes with their addresses, and options by group."""

    name: str
    nodes: Sequence[tuple[str, Sequence[str]]]
    transport: str = KNET
    transport_options: Values = field(default_factory=dict)
    links: Sequence[Values] = ()
    compression: Values = field(default_factory=dict)
    crypto: Values = field(default_factory=dict)
    totem: Values = field(default_factory=dict)
    quorum: Values = field(default_factory=dict)


def faults(setup: Setup) -> Iterator[Finding]:
    """Tell all that is wrong with *setup*."""
    yield from _name_faults(setup.name)
    yield from _node_faults(setup)
    if setup.transport not in TRANSPORTS:
        yield Finding.error(
            "corosync-transport", setup.transport,
            f"'{setup.transport}' is not a valid transport value, use {listed(TRANSPORTS)}",
        )  # fmt: skip
        return
    yield from option_faults(
        setup.transport_options, TRANSPORT[setup.transport], f"{setup.transport} transport"
    )
    yield from _link_faults(setup)
    if setup.transport == KNET:
        yield from option_faults(setup.compression, COMPRESSION, "compression")
        yield from option_faults(setup.crypto, CRYPTO, "crypto")
        yield from _crypto_faults(setup.crypto)
    elif setup.compression or setup.crypto:
        for word, values in (("compression", setup.compression), ("crypto", setup.crypto)):
            if values:
                yield Finding.error(
                    "corosync-transport", word,
                    f"Cannot configure {word} for transport '{setup.transport}', it is only "
                    "available for transport 'knet'",
                )  # fmt: skip
    yield from option_faults(setup.totem, TOTEM, "totem")
    yield from option_faults(setup.quorum, QUORUM, "quorum")
    window = "last_man_standing_window"
    if window in setup.quorum and setup.quorum.get("last_man_standing", "0") != "1":
        yield Finding.error(
            "corosync-option", window,
            f"If quorum option '{window}' is enabled, quorum option 'last_man_standing' must be "
            "enabled as well",
        )  # fmt: skip


def option_faults(
    values: Values, known: Mapping[str, Option], what: str, *, removable: bool = False
) -> Iterator[Finding]:
    """Tell what is wrong with *values*, of which the options are *known*."""
    for name in sorted(set(values) - set(known)):
        yield Finding.error(
            "corosync-option", name,
            f"invalid {what} option '{name}', allowed options are: {listed(sorted(known))}",
        )  # fmt: skip
    for name, value in values.items():
        if removable and value == "":
            continue
        if re.search(r"[{}\n\r]", value):
            yield Finding.error(
                "corosync-option", name,
                f"{what} option '{name}' cannot hold braces or line ends",
            )  # fmt: skip
            continue
        wanted = known[name].fault(value) if name in known else ""
        if wanted:
            yield Finding.error(
                "corosync-option", name, f"'{value}' is not a valid {name} value, use {wanted}"
            )


def _name_faults(name: str) -> Iterator[Finding]:
    if not name:
        yield Finding.error("cluster-name", name, "The name of the cluster cannot be empty")
    elif re.search(r"[{}\n\r]", name):
        yield Finding.error(
            "cluster-name", name, "The name of the cluster cannot hold braces or line ends"
        )
    elif not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
        yield Finding.error(
            "cluster-name-gfs2", name,
            f"Chosen cluster name '{name}' will prevent mounting GFS2 volumes in the cluster, use "
            "at most 32 of a-z A-Z 0-9 _- characters; you may safely override this if you do not "
            "intend to use GFS2",
            force="cluster-name-gfs2",
        )  # fmt: skip


def _node_faults(setup: Setup) -> Iterator[Finding]:
    if not setup.nodes:
        yield Finding.error("corosync-nodes", setup.name, "At least one node must be specified")
    names = [name for name, _ in setup.nodes]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Finding.error("node-twice", name, f"Node name '{name}' defined multiple times")
    for name, addresses in setup.nodes:
        if not name:
            yield Finding.error("node-name", name, "A node name cannot be empty")
        for address in addresses:
            if not address or re.search(r"[\s{}]", address):
                yield Finding.error(
                    "node-address", address, f"Node address '{address}' is not valid"
                )
    everything = [address for _, addresses in setup.nodes for address in addresses]
    twice = sorted({address for address in everything if everything.count(address) > 1})
    if twice:
        yield Finding.error(
            "node-address", twice[0],
            f"Node addresses must be unique, duplicate addresses: {listed(twice)}",
        )  # fmt: skip
    counts = {len(addresses) for _, addresses in setup.nodes}
    if len(counts) > 1:
        told = "; ".join(
            f"node '{name}' has {len(found)} address{'' if len(found) == 1 else 'es'}"
            for name, found in setup.nodes
        )
        yield Finding.error(
            "node-address", setup.name,
            f"All nodes must have the same number of addresses; {told}",
        )  # fmt: skip
    yield from _family_faults(setup)
    limit = MAX_LINKS if setup.transport == KNET else 1
    for name, addresses in setup.nodes:
        if not 1 <= len(addresses) <= limit:
            yield Finding.error(
                "node-address", name,
                f"At least 1 and at most {limit} address{'' if limit == 1 else 'es'} must be "
                f"specified for a node when using transport '{setup.transport}', "
                f"{len(addresses)} specified for node '{name}'",
            )  # fmt: skip


def _version(address: str) -> int:
    """Return 4 or 6, or 0 for a name."""
    return ipaddress.ip_address(address).version if _is_ip(address) else 0


def _family_faults(setup: Setup) -> Iterator[Finding]:
    """Tell of links that mix IPv4 and IPv6, or use what `ip_version` excludes."""
    only = {"ipv4": 4, "ipv6": 6}.get(setup.transport_options.get("ip_version", ""), 0)
    mixed = []
    for number in range(max((len(found) for _, found in setup.nodes), default=0)):
        addresses = [found[number] for _, found in setup.nodes if number < len(found)]
        if len({_version(address) for address in addresses} - {0}) > 1:
            mixed.append(str(number))
        for address in addresses:
            if only and _version(address) not in (0, only):
                yield Finding.error(
                    "node-address", address,
                    f"Address '{address}' cannot be used in link '{number}' because the link uses "
                    f"IPv{only} addresses",
                )  # fmt: skip
    if mixed:
        yield Finding.error(
            "node-address", mixed[0],
            "Using both IPv4 and IPv6 on one link is not allowed; please, use either IPv4 or IPv6 "
            f"on link(s): {listed(mixed)}",
        )  # fmt: skip


def names_of(setup: Setup) -> list[str]:
    """Return the addresses that are names, and must be resolved by every node."""
    found = [address for _, addresses in setup.nodes for address in addresses]
    return sorted({address for address in found if address and not _is_ip(address)})


def _link_faults(setup: Setup) -> Iterator[Finding]:
    known = KNET_LINK if setup.transport == KNET else UDP_LINK
    count = max((len(addresses) for _, addresses in setup.nodes), default=0)
    for link in setup.links:
        yield from option_faults(link, known, "link")
        for one, other in (("ping_interval", "ping_timeout"), ("ping_timeout", "ping_interval")):
            if setup.transport == KNET and one in link and other not in link:
                yield Finding.error(
                    "corosync-links", one,
                    f"If link option '{one}' is specified, link option '{other}' must be specified "
                    "as well",
                )  # fmt: skip
    if len(setup.links) > max(count, 1):
        yield Finding.error(
            "corosync-links", setup.name,
            f"Cannot set options of {len(setup.links)} links, the nodes have {count} addresses",
        )  # fmt: skip
    numbers = [number for number, _ in numbered(setup.links)]
    for number in dict.fromkeys(n for n in numbers if numbers.count(n) > 1):
        yield Finding.error(
            "corosync-links", number, f"The same link number '{number}' is used more than once"
        )
    for number in numbers:
        if number.isdigit() and int(number) >= max(count, 1):
            yield Finding.error(
                "corosync-links", number,
                f"Cannot set options of link '{number}', the nodes have {count} addresses",
            )  # fmt: skip
    for link in setup.links:
        if setup.transport == KNET:
            break
        if link.get("broadcast") == "1" and "mcastaddr" in link:
            yield Finding.error(
                "corosync-links", "mcastaddr",
                "If link option 'broadcast' is enabled, link option 'mcastaddr' cannot be set",
            )  # fmt: skip


def _crypto_faults(crypto: Values) -> Iterator[Finding]:
    cipher = crypto.get("cipher", "aes256" if "hash" not in crypto else "none")
    secret = crypto.get("hash", "sha256" if "cipher" not in crypto else "none")
    if "cipher" not in crypto and "hash" not in crypto:
        return
    if cipher != "none" and secret == "none":
        yield Finding.error(
            "corosync-crypto", "hash",
            "If crypto option 'cipher' is enabled, crypto option 'hash' must be enabled as well",
        )  # fmt: skip


def numbered(links: Sequence[Values]) -> list[tuple[str, Values]]:
    """Return each link with its number: its own, or the first that is free."""
    taken = {link["linknumber"] for link in links if "linknumber" in link}
    found = []
    free = (str(number) for number in range(len(links) + MAX_LINKS) if str(number) not in taken)
    for link in links:
        found.append((link["linknumber"] if "linknumber" in link else next(free), link))
    return found


def render(setup: Setup, uuid: str = "") -> str:
    """Return the file for *setup*, which has no faults."""
    totem = Section("totem", [("version", "2"), ("cluster_name", setup.name)])
    if uuid:
        totem.keys.append(("cluster_uuid", uuid))
    totem.keys.append(("transport", setup.transport))
    totem.keys += _keys(setup.transport_options, TRANSPORT[setup.transport])
    totem.keys += _keys(setup.compression, COMPRESSION)
    totem.keys += _keys(setup.totem, TOTEM)
    totem.keys += _keys(_whole_crypto(setup), CRYPTO)
    known = KNET_LINK if setup.transport == KNET else UDP_LINK
    for number, link in sorted(numbered(setup.links), key=lambda pair: int(pair[0])):
        if setup.transport != KNET and link.get("broadcast") == "0":
            link = {key: value for key, value in link.items() if key != "broadcast"}
        keys = _keys({**link, "linknumber": number}, {**known, "linknumber": _number("linknumber")})
        if setup.transport != KNET:
            keys = [(k, {"0": "no", "1": "yes"}[v] if k == "broadcast" else v) for k, v in keys]
        totem.inside.append(Section("interface", sorted(keys)))
    nodelist = Section("nodelist")
    for id, (name, addresses) in enumerate(setup.nodes, 1):
        keys = [(f"ring{number}_addr", address) for number, address in enumerate(addresses)]
        nodelist.inside.append(Section("node", [*keys, ("name", name), ("nodeid", str(id))]))
    quorum = Section("quorum", [("provider", "corosync_votequorum")])
    quorum.keys += _keys(setup.quorum, QUORUM)
    if len(setup.nodes) == 2 and setup.quorum.get("auto_tie_breaker", "0") != "1":
        quorum.keys.append(("two_node", "1"))
    logging = Section(
        "logging",
        [
            ("to_logfile", "yes"),
            ("logfile", "/var/log/corosync/corosync.log"),
            ("to_syslog", "yes"),
            ("timestamp", "on"),
        ],
    )
    return "\n".join(section.text() for section in (totem, nodelist, quorum, logging))


def _whole_crypto(setup: Setup) -> Values:
    if setup.transport != KNET:
        return {}
    return setup.crypto or {"cipher": "aes256", "hash": "sha256"}


def _keys(values: Values, known: Mapping[str, Option]) -> list[tuple[str, str]]:
    return [(known[name].key, value) for name, value in sorted(values.items())]


def parse(text: str) -> Section:
    """Return the sections of *text*, inside one without a name."""
    root = Section("")
    stack = [root]
    for line in text.splitlines():
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        if word.endswith("{"):
            made = Section(word[:-1].strip())
            stack[-1].inside.append(made)
            stack.append(made)
        elif word == "}":
            if len(stack) > 1:
                stack.pop()
        else:
            key, _, value = word.partition(":")
            stack[-1].keys.append((key.strip(), value.strip()))
    return root
