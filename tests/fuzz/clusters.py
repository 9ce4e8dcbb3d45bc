"""Random clusters with all that a configuration may hold, each from a seed.

`rich_cluster` takes a small one of `scheduler.py`, adds some of the features below with histories
that may have led there, and changes a few things (`mutations.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from tests.fuzz.mutations import mutated
from tests.pe import small

Feature = Callable[["Draft"], None]


class Draft:
    """A document in the making."""

    def __init__(self, cib: Cib, rng: random.Random) -> None:
        self.tree: etree._Element = etree.fromstring(cib.to_bytes())
        self.rng = rng
        self.nodes = [n.get("uname", "") for n in self.tree.iterfind("configuration/nodes/node")]
        top = self.tree.find("configuration/resources")
        self.tops = [] if top is None else [e.get("id", "") for e in top if e.tag != "template"]

    def add(self, path: str, text: str) -> None:
        """Put the elements of *text* into the element at *path*, made where it is missing."""
        home = self.tree.find(path)
        if home is None:
            parent, _, tag = path.rpartition("/")
            above = self.tree.find(parent)
            assert above is not None
            home = etree.SubElement(above, tag)
        home.extend(etree.fromstring(f"<some>{text}</some>"))

    def option(self, name: str, value: str) -> None:
        """Set a cluster option."""
        self.add(
            "configuration/crm_config/cluster_property_set",
            f'<nvpair id="o-{name}" name="{name}" value="{value}"/>',
        )

    def history(self, node: str, text: str) -> None:
        """Add histories to those of *node*."""
        self.add(f"status/node_state[@uname='{node}']/lrm/lrm_resources", text)

    def transient(self, node: str, name: str, value: str) -> None:
        """Set a transient attribute."""
        path = f"status/node_state[@uname='{node}']/transient_attributes"
        if self.tree.find(f"{path}/instance_attributes") is None:
            self.add(path, f'<instance_attributes id="{node}-t2"/>')
        self.add(
            f"{path}/instance_attributes",
            f'<nvpair id="{node}-{name.strip("#")}" name="{name}" value="{value}"/>',
        )

    def top(self) -> str:
        """Return a resource."""
        return self.rng.choice(self.tops)

    def node(self) -> str:
        """Return a node."""
        return self.rng.choice(self.nodes)


def _promotable(d: Draft) -> None:
    meta = "promotable=true" + d.rng.choice(("", " notify=true", " interleave=true"))
    inner = small.primitive("p", ops="monitor=10s").replace("Dummy", "Stateful")
    d.add("configuration/resources", small.clone("pc", inner, meta))
    for node in d.nodes:
        done = d.rng.choice(("start", "promote", ""))
        entries = [small.operation("p", done, 3)] if done else []
        d.history(node, small.history("p", *entries, agent="ocf pacemaker Stateful"))
        if d.rng.random() < 0.6:
            d.transient(node, "master-p", d.rng.choice(("5", "10", "-1")))
    if d.rng.random() < 0.5:
        d.add("configuration/constraints",
              f'<rsc_colocation id="with-p" rsc="{d.top()}" with-rsc="pc" with-rsc-role="Promoted" '
              f'score="{d.rng.choice(("INFINITY", "100", "-INFINITY"))}"/>')  # fmt: skip
        d.add("configuration/constraints",
              f'<rsc_order id="after-p" first="pc" first-action="promote" then="{d.top()}" '
              'then-action="start"/>')  # fmt: skip


def _bundle(d: Draft) -> None:
    inner = small.primitive("s") if d.rng.random() < 0.6 else ""
    network = '<network control-port="3121"/>' if inner else ""
    d.add("configuration/resources",
          f'<bundle id="b"><podman image="i" replicas="{d.rng.randint(1, 2)}"/>{network}{inner}'
          "</bundle>")  # fmt: skip
    if d.rng.random() < 0.5:
        started = small.operation("b-podman-0", "start", 2)
        agent = "ocf heartbeat podman"
        d.history(d.node(), small.history("b-podman-0", started, agent=agent))


def _ticket(d: Draft) -> None:
    policy = d.rng.choice(("stop", "demote", "fence", "freeze"))
    d.add("configuration/constraints",
          f'<rsc_ticket id="t" rsc="{d.top()}" ticket="T" loss-policy="{policy}"/>')  # fmt: skip
    if d.rng.random() < 0.7:
        d.add("status/tickets", f'<ticket_state id="T" granted="{d.rng.choice(("true", "false"))}" '
              f'standby="{d.rng.choice(("true", "false"))}"/>')  # fmt: skip


def _capacity(d: Draft) -> None:
    d.option("placement-strategy", d.rng.choice(("utilization", "balanced", "minimal")))
    for node in d.nodes:
        d.add(f"configuration/nodes/node[@uname='{node}']",
              small.pairs("utilization", node, f"cpu={d.rng.randint(0, 3)}"))  # fmt: skip
    for body in d.tree.iterfind("configuration/resources//primitive"):
        if body.get("class") != "stonith" and d.rng.random() < 0.7:
            text = small.pairs("utilization", body.get("id", ""), f"cpu={d.rng.randint(1, 2)}")
            body.append(etree.fromstring(text))


def _sets(d: Draft) -> None:
    def one(name: str, members: list[str]) -> str:
        words = ("", ' sequential="false"', ' sequential="true"', ' require-all="false"')
        refs = "".join(f'<resource_ref id="{member}"/>' for member in members)
        return f'<resource_set id="{name}"{d.rng.choice(words)}>{refs}</resource_set>'

    chosen = d.rng.sample(d.tops, min(len(d.tops), 4))
    if len(chosen) >= 2:
        middle = len(chosen) // 2
        sets = one("set1", chosen[:middle]) + one("set2", chosen[middle:])
        kind = d.rng.choice(("rsc_order", "rsc_colocation"))
        score = ' score="INFINITY"' if kind == "rsc_colocation" else ""
        if score:
            sets = sets.replace(' require-all="false"', "")
        d.add("configuration/constraints", f'<{kind} id="sets"{score}>{sets}</{kind}>')


def _templates(d: Draft) -> None:
    d.add("configuration/resources",
          '<template id="tpl" class="ocf" provider="pacemaker" type="Dummy"><operations>'
          '<op id="tpl-m" name="monitor" interval="10s"/></operations></template>'
          '<primitive id="t1" template="tpl"/><primitive id="t2" template="tpl"/>')  # fmt: skip
    d.add("configuration/tags", f'<tag id="tag"><obj_ref id="t1"/><obj_ref id="{d.top()}"/></tag>')
    name = d.rng.choice(("tpl", "tag"))
    d.add("configuration/constraints",
          f'<rsc_location id="tagged" rsc="{name}" node="{d.node()}" score="50"/>')  # fmt: skip


def _remote(d: Draft) -> None:
    body = small.primitive("rem", ops="monitor=30s", meta="reconnect_interval=60s")
    d.add("configuration/resources", body.replace("Dummy", "remote"))
    if d.rng.random() < 0.7:
        entry = small.operation("rem", "start", 2)
        d.history(d.nodes[0], small.history("rem", entry, agent="ocf pacemaker remote"))
        found = small.started(d.top()) if d.rng.random() < 0.5 else ""
        d.add("status", '<node_state id="rem" uname="rem" remote_node="true"><lrm id="rem">'
              f"<lrm_resources>{found}</lrm_resources></lrm></node_state>")  # fmt: skip


def _guest(d: Draft) -> None:
    d.add("configuration/resources", small.primitive("vm", meta="remote-node=guest"))
    if d.rng.random() < 0.6:
        agent = "ocf pacemaker remote"
        entry = small.operation("guest", "start", 2)
        history = small.history("guest", entry, agent=agent)
        d.history(d.nodes[0], small.started("vm") + history)


def _rules(d: Draft) -> None:
    tests = (
        '<expression id="e" attribute="kind" operation="eq" value="fast"/>',
        '<expression id="e" attribute="size" operation="gt" value="2" type="number"/>',
        '<date_expression id="e" operation="gt" start="2020-01-01"/>',
        '<date_expression id="e" operation="date_spec"><date_spec id="ds" hours="9-17"/>'
        "</date_expression>",
    )
    d.add("configuration/constraints",
          f'<rsc_location id="ruled" rsc="{d.top()}"><rule id="rule" '
          f'score="{d.rng.choice(("INFINITY", "-INFINITY", "30"))}">{d.rng.choice(tests)}</rule>'
          "</rsc_location>")  # fmt: skip
    d.add(f"configuration/nodes/node[@uname='{d.node()}']",
          small.pairs("instance_attributes", "ruled", "kind=fast size=3"))  # fmt: skip


def _health(d: Draft) -> None:
    d.option("node-health-strategy", d.rng.choice(("migrate-on-red", "only-green", "progressive")))
    d.transient(d.node(), "#health-disk", d.rng.choice(("red", "yellow", "green")))


def _topology(d: Draft) -> None:
    d.add("configuration/resources", '<primitive id="f2" class="stonith" type="fence_dummy"/>')
    d.add("configuration/fencing-topology",
          f'<fencing-level id="fl" target="{d.node()}" index="1" devices="f2"/>')  # fmt: skip
    d.option("priority-fencing-delay", d.rng.choice(("0", "15s")))


def _discovery(d: Draft) -> None:
    how = d.rng.choice(("never", "exclusive"))
    d.add("configuration/constraints",
          f'<rsc_location id="disc" rsc="{d.top()}" node="{d.node()}" score="10" '
          f'resource-discovery="{how}"/>')  # fmt: skip


def _lock(d: Draft) -> None:
    d.option("shutdown-lock", "true")
    d.transient(d.node(), "shutdown", "1700000000")


def _failures(d: Draft) -> None:
    name = d.rng.choice([e.get("id", "") for e in d.tree.iterfind(".//resources//primitive")])
    node = d.node()
    d.transient(node, f"fail-count-{name}#monitor_10000", d.rng.choice(("1", "3", "INFINITY")))
    d.transient(node, f"last-failure-{name}#monitor_10000", "1700000000")


def _migration(d: Draft) -> None:
    d.add("configuration/resources", small.primitive("live", meta="allow-migrate=true"))
    d.history(d.nodes[0], small.started("live"))
    d.add("configuration/constraints",
          f'<rsc_location id="away" rsc="live" node="{d.nodes[0]}" score="-INFINITY"/>'
          f'<rsc_order id="live-after" first="{d.top()}" then="live"/>')  # fmt: skip


def _defaults(d: Draft) -> None:
    of_resources, of_operations = "resource-stickiness=10 failure-timeout=60s", "timeout=30s"
    if d.rng.random() < 0.5:
        of_operations = "on-fail=block"
    d.add("configuration/rsc_defaults", small.pairs("meta_attributes", "rd", of_resources))
    d.add("configuration/op_defaults", small.pairs("meta_attributes", "od", of_operations))


def _stopped_role(d: Draft) -> None:
    role = ' role="Stopped"'
    body = small.primitive("watched", ops="monitor=10s monitor=11s")
    text = body.replace('interval="11s"', f'interval="11s"{role}')
    d.add("configuration/resources", text)


FEATURES: Final[tuple[Feature, ...]] = (
    _promotable, _bundle, _ticket, _capacity, _sets, _templates, _remote, _guest, _rules, _health,
    _topology, _discovery, _lock, _failures, _migration, _defaults, _stopped_role,
)  # fmt: skip


def rich_cluster(plain: Cib, seed: int) -> Cib:
    """Return *plain* with one to three more features, and up to three changes."""
    rng = random.Random(seed)
    draft = Draft(plain, rng)
    for feature in rng.sample(FEATURES, rng.randint(1, 3)):
        feature(draft)
    changed, _ = mutated(draft.tree, seed, rng.randint(0, 3))
    return Cib.from_bytes(etree.tostring(changed))
