"""Requests of the tools that agents call: answered from what this node knows, and carried out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pcsx.cib import Cib
from pcsx.cib.attributes import is_promotable, lasting_attributes
from pcsx.cib.patch import diff
from pcsx.cib.status import placed
from pcsx.daemon import tools
from pcsx.daemon.answers import fencing_of
from pcsx.daemon.attributes import merged
from pcsx.daemon.effects import Effect
from pcsx.daemon.member import Member
from pcsx.daemon.records import OpRecord
from pcsx.daemon.requests.cib import commit
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.daemon.requests.rights import require_right
from pcsx.daemon.running import running_on
from pcsx.daemon.status import PRIVATE
from pcsx.daemon.tools.port import ERROR
from pcsx.errors import PcsxError
from pcsx.protocol import Cleanup, Commit, Request, Tool
from pcsx.ring.config import RingNode
from pcsx.values import Now, parse_bool


def tool(desk: Desk, request: Tool, now: Now) -> list[Outcome]:
    """Answer with `status`, `stdout` and `stderr`, after what was asked for is done."""
    member = desk.member
    said = tools.answer(request.tool, request.words, dict(request.env), facts_of(member))
    # A call as such needs the right to read; what it does needs its own.
    for wish in ([Cleanup()] if said.transient else []) + ([said.then] if said.then else []):
        require_right(member.scene.document, wish, desk.user, desk.groups)
    effects: list[Outcome] = []
    for event in said.transient:
        effects += member.set_attributes(event, now)
    if said.then is not None:
        return [*effects, *_after(desk, request, said, said.then, now)]
    if said.cib is None:
        return [*effects, *desk.ok(_told(said))]
    return [*effects, *_commit(desk, request, said, now)]


def facts_of(member: Member) -> tools.Facts:
    """Return what this node knows, as tools are told it."""
    scene = member.scene
    return tools.Facts(
        me=scene.name,
        nodes=tuple(_node(member, node) for node in scene.config.nodes),
        quorate=scene.quorum.quorate,
        cib=scene.ledger.replica.cib,
        document=scene.document,
        running=lambda: _running(member),
        records=lambda: _records(member),
        fencings=lambda: tuple(
            fencing_of(case, scene.config) for _, case in sorted(scene.ledger.fencings.items())
        ),
        devices=lambda target: _devices(member, target),
    )


def _node(member: Member, node: RingNode) -> tools.NodeFacts:
    scene = member.scene
    picture = scene.picture.nodes.get(node.id)
    told = picture.attributes if picture is not None else {}
    if node.id == member.me:
        told = member.local.attributes
    attributes: dict[str, str] = {}
    keys: dict[str, str] = {}
    for kept, value in merged(told, member.attributes, node.id).items():
        name = placed(kept.removeprefix(PRIVATE))[1]
        attributes[name] = value
        if name != kept:
            keys[name] = kept
    lasting = lasting_attributes(scene.ledger.replica.cib, node.name, "instance_attributes")
    is_on = {
        name: parse_bool(attributes.get(name, lasting.get(name, ""))) is True
        for name in ("standby", "maintenance")
    }
    online = node.id in scene.members
    return tools.NodeFacts(
        node.id, node.name, online, attributes, keys,
        clean=online or scene.is_clean_down(node.id), dc=node.id == scene.dc, **is_on,
    )  # fmt: skip


def _devices(member: Member, target: str) -> tuple[str, ...]:
    if target:
        return member.fences.fencer.candidates(target) if member.scene.config.named(target) else ()
    return tuple(device.id for device in member.fences.fencer.devices.devices)


def _records(member: Member) -> tuple[tuple[str, OpRecord], ...]:
    found: list[tuple[str, OpRecord]] = []
    for node in member.scene.config.nodes:
        picture = member.scene.picture.nodes.get(node.id)
        if picture is not None:
            history = member.local.history if node.id == member.me else picture.history
            found += [(str(node.name), record) for record in history.records()]
    return tuple(sorted(found, key=lambda each: (each[1].resource, each[0], each[1].call)))


def _named(entry: tools.Running, cib: Cib) -> tools.Running:
    """Return *entry* with its role in the words for what can be promoted, where that is so."""
    base, _, number = entry.resource.rpartition(":")
    name = base if number.isdigit() else entry.resource
    if entry.role == "Started" and is_promotable(cib, name):
        return replace(entry, role="Unpromoted")
    return entry


def _running(member: Member) -> tuple[tools.Running, ...]:
    cib = member.scene.ledger.replica.cib
    found: list[tools.Running] = []
    for node in member.scene.config.nodes:
        picture = member.scene.picture.nodes.get(node.id)
        if picture is not None and picture.present:
            history = member.local.history if node.id == member.me else picture.history
            found += [_named(entry, cib) for entry in running_on(node.name, history.records())]
    return tuple(sorted(found, key=lambda entry: (entry.resource, entry.node)))


def _after(desk: Desk, request: Tool, said: tools.Said, wish: Request, now: Now) -> list[Outcome]:
    """Have *wish* done, and answer with what the tool says then; where it fails, with why."""
    from pcsx.daemon.requests.table import HANDLERS  # which has this room in it

    def answer(told: dict[str, Any] | PcsxError, last: bool) -> list[Effect]:
        if isinstance(told, PcsxError):
            told = {"ok": False, "reason": str(told)}
        if not last:
            return []
        if told.get("ok") is False:
            text = f"{request.tool}: {told.get('reason') or 'it was not done'}\n"
            return desk.answer(_told(replace(said, status=ERROR, stdout="", stderr=text)), True)
        return desk.answer(_told(said), True)

    asked = Desk(desk.node, wish, desk.user, answer, desk.passed, desk.groups)
    try:
        return HANDLERS[type(wish)](asked, wish, now)
    except PcsxError as error:
        return list(answer(error, True))


def _commit(desk: Desk, request: Tool, said: tools.Said, now: Now) -> list[Outcome]:
    """Commit the changed configuration as any client's change, and answer as the tool does."""
    member = desk.member
    base = member.scene.ledger.replica.cib
    assert said.cib is not None

    def answer(told: dict[str, Any] | PcsxError, last: bool) -> list[Effect]:
        if isinstance(told, PcsxError) or not last:
            return desk.answer(told, last)
        return desk.answer(_told(said), True)

    version = base.version
    wish = Commit(
        base=(version.admin_epoch, version.epoch, version.num_updates),
        base_digest=base.digest,
        patch=diff(base, said.cib).to_bytes().decode(),
        command=" ".join((request.tool, *request.words)),
        client=f"tool-{member.me}-{member.boot.counter}-{member.next_wish()}",
        seq=1,
    )
    return commit(Desk(desk.node, wish, desk.user, answer, desk.passed, desk.groups), wish, now)


def _told(said: tools.Said) -> dict[str, Any]:
    return {"status": said.status, "stdout": said.stdout, "stderr": said.stderr}
