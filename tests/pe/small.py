"""Small clusters as documents, and what the engine makes of them in words.

`cluster` writes a CIB; `decided` says what is to be done, each action as `task resource node`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from pcsx.cib.document import Cib
from pcsx.pe.digests import digest_of
from pcsx.pe.schedule import schedule
from pcsx.pe.transition import Action, ActionKind, Transition

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
_NOW = int(NOON.timestamp())
_FENCE = '<primitive id="fence" class="stonith" type="fence_dummy"/>'


def primitive(name: str, *, ops: str = "", meta: str = "", params: str = "") -> str:
    """Return a Dummy; *ops* like `monitor=10s stop=0`, *meta* and *params* like `a=1 b=2`."""
    operations = "".join(
        f'<op id="{name}-{task}-{interval}" name="{task}" interval="{interval}"/>'
        for task, _, interval in (word.partition("=") for word in ops.split())
    )
    return (
        f'<primitive id="{name}" class="ocf" provider="pacemaker" type="Dummy">'
        f"{pairs('meta_attributes', name, meta)}{pairs('instance_attributes', name, params)}"
        f"<operations>{operations}</operations></primitive>"
    )


def group(name: str, *members: str) -> str:
    """Return a group of *members*, given as XML."""
    return f'<group id="{name}">{"".join(members)}</group>'


def clone(name: str, inner: str, meta: str = "") -> str:
    """Return a clone of *inner*, given as XML."""
    return f'<clone id="{name}">{pairs("meta_attributes", name, meta)}{inner}</clone>'


def pairs(tag: str, owner: str, text: str) -> str:
    """Return a block of pairs, *text* like `a=1 b=2`."""
    if not text:
        return ""
    rows = "".join(
        f'<nvpair id="{owner}-{tag}-{key}" name="{key}" value="{value}"/>'
        for key, _, value in (word.partition("=") for word in text.split())
    )
    return f'<{tag} id="{owner}-{tag}">{rows}</{tag}>'


def operation(
    name: str,
    task: str,
    call: int,
    *,
    rc: int = 0,
    expected: int = 0,
    interval: int = 0,
    **more: str,
) -> str:
    """Return one entry of a history; its parameters are those of a resource without any."""
    entry = "last_0" if interval == 0 else f"{task}_{interval}"
    timeout = {"CRM_meta_timeout": "20000"} if interval else {}
    more.setdefault("op_digest", digest_of(timeout))
    names = {key: key.replace("_", "-") if key.startswith("op_") else key for key in more}
    extra = "".join(f' {names[key]}="{value}"' for key, value in more.items())
    return (
        f'<lrm_rsc_op id="{name}_{entry}" operation="{task}" call-id="{call}" rc-code="{rc}"'
        f' op-status="0" interval="{interval}" transition-key="1:1:{expected}:u"'
        f' transition-magic="0:{rc};1:1:{expected}:u" last-rc-change="{_NOW - 3600}"{extra}/>'
    )


def history(name: str, *entries: str, agent: str = "ocf pacemaker Dummy") -> str:
    """Return the history of a resource on a node."""
    standard, provider, kind = agent.split()
    return (
        f'<lrm_resource id="{name}" class="{standard}" provider="{provider}" type="{kind}">'
        f"{''.join(entries)}</lrm_resource>"
    )


def started(name: str) -> str:
    """Return the history of a resource that runs."""
    return history(name, operation(name, "start", 2))


def stopped(name: str) -> str:
    """Return the history of a resource that was probed and does not run."""
    return history(name, operation(name, "monitor", 1, rc=7, expected=7))


def cluster(
    resources: str,
    *,
    nodes: str = "a b",
    constraints: str = "",
    options: str = "",
    histories: Mapping[str, str] | None = None,
    attributes: Mapping[str, str] | None = None,
    lost: str = "",
    fencing: bool = False,
    quorum: bool = True,
    probed: bool = True,
) -> Cib:
    """Return a cluster of online *nodes*.

    *histories* is XML by node; with *probed* every other node has been asked for everything.
    *lost* nodes have left without a word. With *fencing* there is a fence device on the first.
    """
    settings = f"stonith-enabled={str(fencing).lower()} {options}"
    if probed:
        settings += " enable-startup-probes=false"
    members = "".join(f'<node id="{name}" uname="{name}"/>' for name in nodes.split())
    states = "".join(
        _state(name, (histories or {}).get(name, ""), (attributes or {}).get(name, ""), lost)
        for name in nodes.split()
    )
    return Cib.from_bytes(
        (
            f'<cib have-quorum="{int(quorum)}" dc-uuid="{nodes.split()[0]}"'
            ' validate-with="pacemaker-4.0"><configuration>'
            f"<crm_config>{pairs('cluster_property_set', 'o', settings)}</crm_config>"
            f"<nodes>{members}</nodes>"
            f"<resources>{_FENCE if fencing else ''}{resources}</resources>"
            f"<constraints>{constraints}</constraints></configuration>"
            f"<status>{states}</status></cib>"
        ).encode()
    )


def _state(name: str, histories: str, attributes: str, lost: str) -> str:
    member = 'in_ccm="true" crmd="online" join="member"'
    if name in lost.split():
        member = 'in_ccm="false" crmd="offline" join="down"'
    transient = pairs("instance_attributes", f"{name}-t", attributes)
    return (
        f'<node_state id="{name}" uname="{name}" {member}'
        f' expected="member"><transient_attributes id="{name}">{transient}'
        f'</transient_attributes><lrm id="{name}"><lrm_resources>{histories}</lrm_resources></lrm>'
        "</node_state>"
    )


class Decision:
    """A transition in words."""

    def __init__(self, cib: Cib) -> None:
        self.transition: Transition = schedule(cib, NOON)
        self._by_id = {action.id: action for action in self.transition.actions}

    @property
    def real(self) -> list[str]:
        """Return all that is really done, sorted."""
        return sorted(word(a) for a in self.transition.actions if a.kind is not ActionKind.PSEUDO)

    def step(self, name: str) -> Action:
        """Return the step of that name, or of that key."""
        return next(a for a in self.transition.actions if name in (word(a), a.key))

    def before(self, name: str) -> list[str]:
        """Return what is really done before *name*, sorted; pseudo actions are looked through."""

        @cache
        def earlier(number: int) -> frozenset[int]:
            inputs = [i for i in self._by_id[number].inputs if i in self._by_id]
            return frozenset(inputs).union(*(earlier(i) for i in inputs))

        steps = [self._by_id[i] for i in earlier(self.step(name).id)]
        return sorted(word(a) for a in steps if a.kind is not ActionKind.PSEUDO)


def word(action: Action) -> str:
    """Return an action as `task resource node`, `fence node` or `task=interval resource node`."""
    if action.task == "stonith":
        return (
            f"fence {action.node}"
            if action.meta_value("stonith_action") != "on"
            else (f"unfence {action.node}")
        )
    every = f"={action.interval_ms}" if action.interval_ms else ""
    probe = action.task == "monitor" and not every
    task = "probe" if probe else f"{action.task}{every}"
    return " ".join(filter(None, (task, action.instance or action.resource, action.node)))


def decided(cib: Cib) -> list[str]:
    """Return all that is really done in *cib*, sorted."""
    return Decision(cib).real


def order(first: str, then: str, **more: str) -> str:
    """Return an order constraint; *first* and *then* are `resource` or `resource:action`."""
    one, _, action = first.partition(":")
    other, _, then_action = then.partition(":")
    given = {"first-action": action, "then-action": then_action}
    given.update({key.replace("_", "-"): value for key, value in more.items()})
    text = "".join(f' {key}="{value}"' for key, value in given.items() if value)
    return f'<rsc_order id="{one}-{other}" first="{one}" then="{other}"{text}/>'
