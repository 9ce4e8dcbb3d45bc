"""Requests about who is in the ring: tokens, newcomers, nodes that go, names, links, the key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pcsx.cib import Cib
from pcsx.cib.edit import nodes
from pcsx.cib.replica import Change, propose
from pcsx.daemon.effects import Effect
from pcsx.daemon.ledger import CibChange
from pcsx.daemon.member import Member, MemberEffect
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.daemon.requests.reading import addresses_of, bytes_of
from pcsx.daemon.setup import is_numeric, split_address
from pcsx.daemon.trust import TokenMade, TokenUsed
from pcsx.errors import Failed, NoQuorum, PcsxError
from pcsx.protocol import (
    ClusterDiscover,
    ClusterJoin,
    ClusterRename,
    ClusterToken,
    KeyRotate,
    KeyStatus,
    LinkChange,
    NodeAdmit,
    NodeKeyRotate,
    NodeRemove,
    NodeRename,
    TokenRecord,
)
from pcsx.ring import membership
from pcsx.ring.config import Address, RingConfig
from pcsx.ring.join import Token, digest_of, fingerprint, public_of
from pcsx.ring.port import Proposed
from pcsx.values import Now

TTL_MAX_S = 7 * 86400

Then = Callable[[Proposed, Now], list[MemberEffect]]


def token(desk: Desk, request: ClusterToken, now: Now) -> list[Outcome]:
    """Put a token on record; this node, whose address it has, will let the newcomer in."""
    member = desk.member
    if not 1 <= request.ttl_s <= TTL_MAX_S:
        raise Failed(f"a token is good for 1 s to {TTL_MAX_S // 86400} days")
    if not member.scene.quorum.quorate:
        raise NoQuorum("a token is put on record, which needs quorum")
    config = member.scene.config
    mine = config.node(member.me)
    made = Token(
        config.cluster,
        digest_of(mine.key),
        desk.node.entropy(16),
        tuple(f"{address.host} {address.port}" for address in mine.addresses),
    )
    until_s = int(now.wall.timestamp()) + request.ttl_s
    text = {"token": made.to_text(), "until_s": until_s, "node": str(mine.name)}

    def answer(told: dict[str, Any] | PcsxError, last: bool) -> list[Effect]:
        failed = isinstance(told, PcsxError) or "error" in told
        return desk.answer(told if failed else text, last)

    wish = TokenRecord(made.id.hex(), made.shared.hex(), until_s)
    return record(replace(desk, request=wish, answer=answer), wish, now)


def record(desk: Desk, request: TokenRecord, now: Now) -> list[Outcome]:
    """Put a token of some member on record, as the leader."""

    def here(member: Member) -> list[Outcome]:
        id, shared = bytes_of(request.id, "the token's id"), bytes_of(request.shared, "its secret")
        fact = TokenMade(id, shared, request.until_s, desk.user)

        def then(proposed: Proposed, _: Now) -> list[MemberEffect]:
            if not proposed.index:
                return list(desk.fail(NoQuorum(f"not on record: {proposed.refusal}")))
            return list(desk.ok({"until_s": request.until_s}))

        return list(member.proposals.decide(fact, now, then))

    return desk.on_leader(here, now)


def join(desk: Desk, request: ClusterJoin, now: Now) -> list[Outcome]:
    """Join a cluster by a token."""
    return desk.node.join(request, desk.answer, now)


def admit(desk: Desk, request: NodeAdmit, now: Now) -> list[Outcome]:
    """Let a newcomer in, as the leader: a node that learns, its name in the document, and done."""

    def here(member: Member) -> list[Outcome]:
        id, key = bytes_of(request.token, "the token's id"), bytes_of(request.key, "the key", 32)
        if member.ledger.trust.shared_of(id, now.wall.timestamp()) is None:
            raise Failed("the token was used, or its time is over", "pcsx cluster token, again.")
        addresses = addresses_of(request.addresses)
        used = [*member.ledger.admitted, *member.ledger.over]

        def edit(config: RingConfig) -> RingConfig:
            if config.named(request.name) is not None:
                return config
            return membership.with_newcomer(
                config, name=request.name, addresses=addresses, key=key, used=used
            )

        config = membership.with_newcomer(
            member.machine.voters.newest, name=request.name, addresses=addresses, key=key, used=used
        )
        node = config.named(request.name)
        assert node is not None

        def used_up(proposed: Proposed, _: Now) -> list[MemberEffect]:
            if not proposed.index:
                return list(desk.fail(NoQuorum(f"not let in: {proposed.refusal}")))
            return list(desk.ok({"node": request.name}))

        def then(proposed: Proposed, later: Now) -> list[MemberEffect]:
            if not proposed.index:
                return list(desk.fail(NoQuorum(f"not let in: {proposed.refusal}")))
            effects = _change(
                member, lambda cib: nodes.with_core_node(cib, str(node.id), request.name), later
            )
            return [*effects, *member.proposals.decide(TokenUsed(id, request.name), later, used_up)]

        return list(member.proposals.edit(edit, now, then))

    return desk.on_leader(here, now)


def remove(desk: Desk, request: NodeRemove, now: Now) -> list[Outcome]:
    """Take a node out, as the leader: from the ring, from the document, and from the key."""

    def here(member: Member) -> list[Outcome]:
        scene = member.scene
        config = member.machine.voters.newest
        membership.without_node(config, request.node)
        node = config.named(request.node)
        assert node is not None
        if node.id in scene.members:
            hint = f"pcsx cluster stop {request.node}, or: pcsx cluster node remove does both."
            raise Failed(f"{request.node} is in the ring", hint)
        if not request.force and not scene.is_clean_down(node.id):
            raise Failed(
                f"nobody knows whether {request.node} still runs anything",
                f"pcsx stonith fence {request.node}, or once it is off for certain: "
                f"pcsx stonith confirm {request.node}; --force takes it out all the same.",
            )

        def edit(config: RingConfig) -> RingConfig:
            known = config.named(request.node)
            return config if known is None else membership.without_node(config, request.node)

        def then(proposed: Proposed, later: Now) -> list[MemberEffect]:
            if not proposed.index:
                return list(desk.fail(NoQuorum(f"not removed: {proposed.refusal}")))
            effects = _change(member, lambda cib: nodes.without_core_node(cib, request.node), later)
            if not member.ledger.trust.pending:
                key = desk.node.entropy(32)
                effects += member.keys.rotate(key, f"{request.node} was removed", later)
            return [*effects, *desk.ok({"removed": request.node})]

        return list(member.proposals.edit(edit, now, then))

    return desk.on_leader(here, now)


def rename(desk: Desk, request: NodeRename, now: Now) -> list[Outcome]:
    """Give a stopped node another name."""

    def here(member: Member) -> list[Outcome]:
        node = member.scene.config.named(request.node)
        if node is not None and node.id in member.scene.members:
            hint = f"pcsx cluster stop {request.node} first; its name in pcsx.toml changes too."
            raise Failed(f"{request.node} is in the ring under that name", hint)
        then = _done(desk, {"renamed": request.to}, member, (request.node, request.to))
        edit = _checked(member, lambda config: membership.renamed(config, request.node, request.to))
        return list(member.proposals.edit(edit, now, then))

    return desk.on_leader(here, now)


def rename_cluster(desk: Desk, request: ClusterRename, now: Now) -> list[Outcome]:
    """Give the cluster another name."""

    def here(member: Member) -> list[Outcome]:
        edit = _checked(member, lambda config: membership.with_name(config, request.to))
        return list(member.proposals.edit(edit, now, _done(desk, {"renamed": request.to})))

    return desk.on_leader(here, now)


def link(desk: Desk, request: LinkChange, now: Now) -> list[Outcome]:
    """Add, move or take away a link, at run time."""

    def here(member: Member) -> list[Outcome]:
        port = member.scene.config.node(member.me).addresses[0].port
        addresses: dict[str, Address] = {}
        for name, text in request.addresses:
            split = split_address(text, port)
            if split is None or not is_numeric(split[0]):
                raise Failed(f"{text!r} is no numeric address of {name}", "HOST or HOST:PORT.")
            addresses[name] = Address(*split)

        def change(config: RingConfig) -> RingConfig:
            number = request.link
            if request.action == "add":
                config = membership.with_link(config, addresses)
                number = len(config.nodes[0].addresses) - 1
            elif request.action == "remove":
                return membership.without_link(config, number)
            elif addresses:
                config = membership.with_link_moved(config, number, addresses)
            if request.priority >= 0:
                config = membership.with_priority(config, number, request.priority)
            return config

        if request.action not in ("add", "update", "remove"):
            raise Failed(f"a link is added, updated or removed, not {request.action}")
        edit = _checked(member, change)
        return list(member.proposals.edit(edit, now, _done(desk, {"links": request.action})))

    return desk.on_leader(here, now)


def rotate(desk: Desk, _request: KeyRotate, now: Now) -> list[Outcome]:
    """Begin to use another key of the cluster."""

    def here(member: Member) -> list[Outcome]:
        if member.ledger.trust.pending or member.ledger.trust.overlaps:
            raise Failed("the key is being changed already", "pcsx cluster authkey status")
        began = member.keys.rotate(desk.node.entropy(32), f"asked by {desk.user}", now)
        return [*began, *desk.ok({"rotating": True})]

    return desk.on_leader(here, now)


def rotate_own(desk: Desk, request: NodeKeyRotate, now: Now) -> list[Outcome]:
    """Begin to change the own key of a node; answer once the configuration has it."""

    def here(member: Member) -> list[Outcome]:
        if not member.scene.leader or not member.scene.quorum.quorate:
            raise NoQuorum("nobody leads this partition, so no key can be decided")
        if member.keys.rekeying.coming:
            raise Failed(f"the key of {member.scene.name} is being changed already")
        away = [node for node in member.scene.config.nodes if node.id not in member.scene.members]
        if away:
            names = ", ".join(str(node.name) for node in away)
            raise Failed(
                f"{names} would not know {member.scene.name} by another key when it is back",
                "Start it, or take it out: pcsx cluster node remove.",
            )
        key = desk.node.entropy(32)
        told = {"node": str(member.scene.name), "fingerprint": fingerprint(public_of(key))}
        return list(member.keys.change_own(key, lambda: desk.answer(told, True), now))

    return desk.on_node(request.node, here, now)


def key_status(desk: Desk, _request: KeyStatus, now: Now) -> list[Outcome]:
    """Answer with how far the change of the key is."""
    member = desk.member
    trust, config = member.ledger.trust, member.scene.config
    stage = "prepare" if trust.pending else "overlap" if trust.overlaps else "settled"
    waits: list[str] = []
    later: list[str] = []
    if stage != "settled":
        awaited = member.keys.awaited(now)
        waits = [str(config.node(id).name) for id in member.keys.rotation.waits_for(trust, awaited)]
        later = [str(node.name) for node in config.nodes if node.id not in awaited]
    told = {
        "stage": stage, "waits_for": waits, "later": later, "active": trust.active.hex()[:16],
    }  # fmt: skip
    return desk.ok(told)


def discover(desk: Desk, request: ClusterDiscover, now: Now) -> list[Outcome]:
    """Listen for lobbies that announce themselves."""
    for_ms = max(100, min(request.for_ms, 30_000))
    return desk.node.discover(for_ms, desk.answer, now)


# --- what they share ------------------------------------------------------------------------------


def _checked(
    member: Member, change: Callable[[RingConfig], RingConfig]
) -> Callable[[RingConfig], RingConfig]:
    """Return *change*, tried now, so that its faults are told; later ones change nothing."""
    change(member.machine.voters.newest)

    def edit(config: RingConfig) -> RingConfig:
        try:
            return change(config)
        except PcsxError:
            return config

    return edit


def _done(
    desk: Desk,
    told: dict[str, Any],
    member: Member | None = None,
    renames: tuple[str, str] | None = None,
) -> Then:
    def then(proposed: Proposed, later: Now) -> list[MemberEffect]:
        if not proposed.index:
            reason = proposed.refusal or "nothing had to change"
            return list(desk.fail(Failed(f"not changed: {reason}")))
        effects: list[MemberEffect] = []
        if member is not None and renames is not None:
            effects += _change(member, lambda cib: nodes.with_node_renamed(cib, *renames), later)
        return [*effects, *desk.ok(told)]

    return then


def _change(member: Member, edit: Callable[[Cib], Cib], now: Now) -> list[MemberEffect]:
    """Change the document along with the ring, in the cluster's own name."""
    replica = member.ledger.replica
    proposal = propose(
        replica.tip, edit(replica.tip), user="pcsx", command="pcsx cluster node",
        wall=now.wall.isoformat(timespec="seconds"),
        client_id=f"node-{member.me}-{member.boot.counter}-{member.next_wish()}", seq=1,
        origin=str(member.scene.name), force=("*",),
    )  # fmt: skip
    judged = replica.judge(proposal)
    if not isinstance(judged, Change):
        return []
    return member.proposals.decide(CibChange(judged.to_bytes()), now)
