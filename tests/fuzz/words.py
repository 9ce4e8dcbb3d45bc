"""Random command lines in pcs's words, over a small world of names, most of them sensible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

PRIMITIVES = ("a", "b", "c", "d", "e")
GROUPS = ("g", "h")
DEVICES = ("f1", "f2")
NODES = ("node1", "node2", "node3")
SCORES = ("100", "-50", "INFINITY", "-INFINITY", "0", "high")
TAGS = ("t1", "t2")
ROLES = ("Started", "Promoted", "Unpromoted", "Stopped")


class Words:
    """One source of command lines."""

    def __init__(self, random: Random) -> None:
        """Draw from *random*."""
        self.random = random
        self.kinds: Sequence[Callable[[], list[str]]] = [
            value
            for name in sorted(dir(type(self)))
            if name.startswith("say_") and callable(value := getattr(self, name))
        ]

    def line(self) -> list[str]:
        """Return the words of one command."""
        words = self.random.choice(self.kinds)()
        if self.maybe(0.06):
            words.append("--force")
        if len(words) > 2 and self.maybe(0.04):
            words.pop(self.random.randrange(2, len(words)))
        return words

    # --- small parts

    def maybe(self, chance: float = 0.5) -> bool:
        return self.random.random() < chance

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def some(self, *choices: str, most: int = 3) -> list[str]:
        count = self.random.randint(1, min(most, len(choices)))
        return self.random.sample(choices, count)

    def opt(self, chance: float, *words: str) -> list[str]:
        return list(words) if self.maybe(chance) else []

    def resource(self) -> str:
        return self.one(
            *PRIMITIVES, *PRIMITIVES, *GROUPS, "a-clone", "b-clone", "g-clone", "bu", "nosuch", "f1"
        )

    def primitive(self) -> str:
        return self.one(*PRIMITIVES, *PRIMITIVES, "g", "nosuch", "f1")

    def node(self) -> str:
        return self.one(*NODES, *NODES, *NODES, "nowhere")

    def meta(self) -> list[str]:
        return self.some(
            "priority=5", "target-role=Stopped", "migration-threshold=3", "is-managed=false",
            "resource-stickiness=7", "priority=", "failure-timeout=1min", "colour=red",
        )  # fmt: skip

    def op(self) -> list[str]:
        words = [self.one("monitor", "monitor", "start", "stop", "promote", "status")]
        words += self.opt(
            0.7, self.one("interval=10s", "interval=11", "interval=1min", "interval=x")
        )
        words += self.opt(0.4, self.one("timeout=20s", "timeout=1m"))
        words += self.opt(0.15, self.one("role=Promoted", "role=Master", "role=Slave", "role=Boss"))
        words += self.opt(0.1, self.one("on-fail=restart", "on-fail=explode", "enabled=false"))
        words += self.opt(0.1, self.one("OCF_CHECK_LEVEL=10", "record-pending=true", "nope=1"))
        return words

    def date(self) -> str:
        return self.one("2026-01-01", "2026-06-01T12:00:00", "nonsense")

    def rule(self) -> list[str]:
        """Return the words of a rule of a location constraint."""
        words = self.expression()
        for _ in range(self.random.choice((0, 0, 1, 2))):
            words += [self.one("and", "or"), *self.expression()]
        return words

    def expression(self) -> list[str]:
        return self.random.choice(
            (
                [self.one("defined", "not_defined"), "pingd"],
                ["pingd", self.one("lt", "gt", "eq", "ne", "gte", "lte"), "100"],
                ["#uname", "eq", "node1"],
                ["version", "gt", "version", "1.2.3"],
                ["mem", "lt", self.one("integer", "number"), self.one("5", "x")],
                ["date", self.one("gt", "lt"), self.date()],
                ["date", "in_range", "2026-01-01", "to", self.one("2026-06-01", "2025-01-01")],
                ["date", "in_range", "2026-01-01", "to", "duration", "months=1"],
                ["date-spec", self.one("hours=9-16", "weekdays=1-5", "hours=9-", "moon=4", "x=1")],
                ["(", "a", "eq", "b", "or", "a", "eq", "c", ")"],
            )
        )

    def set_rule(self) -> list[str]:
        """Return the words of a rule of defaults."""
        return self.random.choice(
            (
                [
                    "resource",
                    self.one("ocf:heartbeat:IPaddr2", "::Dummy", "ocf::", "systemd:", "x"),
                ],
                ["op", "monitor", *self.opt(0.5, "interval=10s")],
                ["date", "gt", self.date()],
                ["attr", self.one("eq", "gt"), "3"],
                ["date-spec", "hours=1-5"],
                ["resource", "::Dummy", self.one("and", "or"), "op", "start"],
                ["defined", "attr"],
            )
        )

    # --- resources

    def say_create(self) -> list[str]:
        agent = self.one(
            "ocf:pacemaker:Dummy", "ocf:pacemaker:Dummy", "ocf:pacemaker:Stateful",
            "ocf:heartbeat:IPaddr2", "Dummy", "ocf:heartbeat:Nothing", "systemd:haproxy",
        )  # fmt: skip
        words = ["resource", "create", self.one(*PRIMITIVES, "1x", "sp ace"), agent]
        if agent.endswith("IPaddr2"):
            words += self.opt(0.8, "ip=10.0.0.1") + self.opt(0.2, "nic=eth0")
        words += self.opt(0.15, self.one("fake=1", "colour=red", "state=/tmp/x"))
        if self.maybe():
            words += ["op", *self.op()] + (self.op() if self.maybe(0.3) else [])
        words += ["meta", *self.meta()] if self.maybe(0.3) else []
        words += self.random.choice(
            (
                [], [], [],
                ["clone"], ["clone", "interleave=true"], ["clone", "myc", "meta", "clone-max=2"],
                ["promotable"], ["promotable", "promoted-max=1"],
                ["--group", "g"], ["--group", "g", "--before", "a"], ["--group", "h"],
                ["bundle", "bu"], ["--disabled"], ["--no-default-ops"],
            )
        )  # fmt: skip
        return words

    def say_create_again(self) -> list[str]:
        return self.say_create()

    def say_update(self) -> list[str]:
        words = ["resource", "update", self.primitive()]
        words += self.opt(0.5, self.one("fake=2", "fake=", "ip=10.0.0.2", "colour=blue"))
        words += ["op", *self.op()] if self.maybe(0.5) else []
        words += ["meta", *self.meta()] if self.maybe(0.4) else []
        return words

    def say_delete(self) -> list[str]:
        return ["resource", self.one("delete", "remove"), self.resource()]

    def say_meta(self) -> list[str]:
        return ["resource", "meta", self.resource(), *self.meta()]

    def say_op(self) -> list[str]:
        if self.maybe(0.7):
            return ["resource", "op", "add", self.primitive(), *self.op()]
        if self.maybe():
            return ["resource", "op", self.one("delete", "remove"), "a-monitor-interval-10s"]
        return ["resource", "op", "remove", self.primitive(), *self.op()]

    def say_state(self) -> list[str]:
        verb = self.one("enable", "disable", "manage", "unmanage")
        words = ["resource", verb, *{self.resource() for _ in range(self.random.randint(1, 2))}]
        return words + (self.opt(0.3, "--monitor") if verb.endswith("manage") else [])

    def say_group(self) -> list[str]:
        match self.random.randrange(5):
            case 0 | 1 | 2:
                words = ["resource", "group", "add", self.one(*GROUPS), *self.some(*PRIMITIVES)]
                return words + self.random.choice(
                    ([], [], ["--before", self.primitive()], ["--after", self.primitive()])
                )
            case 3:
                return ["resource", "group", "remove", self.one(*GROUPS), *self.some(*PRIMITIVES)]
            case _:
                return ["resource", "ungroup", self.one(*GROUPS), *self.opt(0.5, self.primitive())]

    def say_clone(self) -> list[str]:
        words = ["resource", self.one("clone", "promotable"), self.resource()]
        words += self.opt(0.2, self.one("cl", "a"))
        words += self.opt(0.3, self.one("interleave=true", "clone-max=2", "x=y"))
        return words + (["meta", "notify=true"] if self.maybe(0.2) else [])

    def say_unclone(self) -> list[str]:
        return ["resource", "unclone", self.resource()]

    def say_bundle(self) -> list[str]:
        if self.maybe(0.5):
            words = ["resource", "bundle", "create", self.one("bu", "bv")]
            words += ["container", self.one("podman", "docker", "rkt", "lxc"), "image=i:1"]
            words += self.opt(0.5, self.one("replicas=2", "promoted-max=1", "masters=1", "zz=1"))
            if self.maybe(0.6):
                words += [
                    "network",
                    self.one("ip-range-start=10.0.0.9", "control-port=1234", "q=1"),
                ]
            if self.maybe(0.4):
                words += [
                    "port-map",
                    self.one("port=80", "range=1-5", "port=x", "port=80 range=1-2"),
                ]
            if self.maybe(0.4):
                words += ["storage-map", "source-dir=/s", *self.opt(0.8, "target-dir=/t")]
            return [part for word in words for part in word.split(" ")] + (
                ["meta", *self.meta()] if self.maybe(0.2) else []
            )
        words = ["resource", "bundle", self.one("update", "reset"), self.one("bu", "bu", "a")]
        if words[2] == "reset":
            words += ["container", "image=i:3"]
            return words + self.opt(0.5, "network", "control-port=99")
        return words + self.random.choice(
            (
                ["container", "image=i:2"],
                ["network", "control-port=2345"],
                ["network", "ip-range-start="],
                ["port-map", "add", "port=443"],
                ["port-map", "remove", "bu-port-map-80"],
                ["storage-map", "add", "source-dir=/a", "target-dir=/b"],
                ["storage-map", "remove", "bu-storage-map"],
                ["meta", *self.meta()],
            )
        )

    def say_defaults(self) -> list[str]:
        words = ["resource", *self.opt(0.4, "op"), "defaults"]
        pairs = self.some("resource-stickiness=1", "timeout=9s", "priority=", "x=y")
        match self.random.randrange(5):
            case 0:
                return [*words, "update", *pairs]
            case 1:
                words += ["set", "create", *self.opt(0.5, self.one("id=ds", "score=3"))]
                words += ["meta", *pairs]
                return words + (["rule", *self.set_rule()] if self.maybe(0.7) else [])
            case 2:
                ids = ("ds", "rsc_defaults-meta_attributes", "nosuch")
                return [*words, "set", self.one("delete", "remove"), self.one(*ids)]
            case 3:
                return [*words, "set", "update", self.one("ds", "nosuch"), "meta", *pairs]
            case _:
                return [*words, "config", *self.opt(0.5, "--full"), "--no-expire-check"]

    def say_utilization(self) -> list[str]:
        pairs = self.some("cpu=2", "mem=8", "cpu=", "disk=x")
        if self.maybe():
            return ["resource", "utilization", self.primitive(), *pairs]
        return ["node", "utilization", self.node(), *pairs]

    # --- constraints

    def say_location(self) -> list[str]:
        rsc = self.one(self.resource(), self.resource(), "resource%a", "regexp%a.*", "t1")
        match self.random.randrange(4):
            case 0:
                places = [
                    node + self.one("", "=100", "=-5", "=x")
                    for node in self.some(*NODES, "nowhere")
                ]
                return ["constraint", "location", rsc, self.one("prefers", "avoids"), *places]
            case 1:
                words = ["constraint", "location", "add", self.one("l1", "l2", "1l"), rsc]
                words += [self.node(), self.one(*SCORES)]
                return words + self.opt(
                    0.3, self.one("resource-discovery=never", "x=y", "role=Started")
                )
            case 2:
                words = ["constraint", "location", rsc, "rule"]
                words += self.opt(0.3, self.one("id=r1", "constraint-id=l3", "role=promoted"))
                words += self.opt(0.5, "score=" + self.one(*SCORES))
                return [*words, *self.rule()]
            case _:
                return ["constraint", "location", self.one("remove", "delete"), "l1"]

    def say_order(self) -> list[str]:
        if self.maybe(0.75):
            words = ["constraint", "order", *self.opt(0.3, self.one("start", "promote", "go"))]
            words += [self.resource(), "then", *self.opt(0.3, self.one("start", "stop"))]
            words.append(self.resource())
            words += self.opt(0.3, self.one("kind=Optional", "kind=Serialize", "kind=Never", "x=1"))
            words += self.opt(0.2, self.one("symmetrical=false", "symmetrical=maybe"))
            return words + self.opt(0.2, self.one("id=o1", "id=1o"))
        return ["constraint", "order", "remove", *self.some(*PRIMITIVES)]

    def say_colocation(self) -> list[str]:
        if self.maybe(0.75):
            words = ["constraint", "colocation", "add", *self.opt(0.3, self.one(*ROLES, "boss"))]
            words += [self.resource(), "with", *self.opt(0.3, self.one(*ROLES, "master"))]
            words.append(self.resource())
            words += self.opt(0.2, self.one("100", "-INFINITY"))
            words += self.opt(0.3, "score=" + self.one(*SCORES))
            return words + self.opt(0.2, self.one("id=c1", "influence=true", "x=1"))
        return ["constraint", "colocation", "remove", self.resource(), self.resource()]

    def say_set(self) -> list[str]:
        kind = self.one("order", "colocation", "ticket")
        words = ["constraint", kind]
        for _ in range(self.random.randint(1, 2)):
            words += ["set", *self.some(*PRIMITIVES, "g")]
            words += self.opt(
                0.4,
                self.one(
                    "sequential=false", "require-all=true", "role=Started", "action=start",
                    "action=jump", "role=Boss", "sequential=x",
                ),
            )  # fmt: skip
        words += ["setoptions"] if kind == "ticket" or self.maybe() else []
        if words[-1] == "setoptions":
            options = {
                "order": ("kind=Mandatory", "id=os", "symmetrical=true", "x=1"),
                "colocation": ("score=100", "id=cs", "score=x"),
                "ticket": ("ticket=T", "loss-policy=stop", "id=ts"),
            }[kind]
            words += self.some(*options) + (
                ["ticket=T2"] if kind == "ticket" and self.maybe() else []
            )
        return words

    def say_ticket(self) -> list[str]:
        if self.maybe(0.8):
            words = ["constraint", "ticket", "add", self.one("T1", "T2", "t t")]
            words += [*self.opt(0.3, self.one(*ROLES)), self.resource()]
            return words + self.opt(0.4, self.one("loss-policy=fence", "loss-policy=x", "id=tk"))
        return ["constraint", "ticket", "remove", "T1", self.resource()]

    def say_constraint_delete(self) -> list[str]:
        ids = ("l1", "o1", "c1", "r1", "order-a-b-mandatory", "location-a-node1-100", "nosuch")
        return ["constraint", self.one("delete", "remove"), *self.some(*ids, most=2)]

    def say_rule(self) -> list[str]:
        if self.maybe(0.7):
            return ["constraint", "rule", "add", self.one("l1", "l3", "location-a"), *self.rule()]
        return ["constraint", "rule", self.one("delete", "remove"), self.one("r1", "l3-rule")]

    def say_constraint_show(self) -> list[str]:
        kind = self.random.choice(
            (
                [],
                ["location"],
                ["order"],
                ["colocation"],
                ["ticket"],
                ["location", "config", "nodes"],
            )
        )
        return ["constraint", *kind, *self.opt(0.6, "--full"), "--all"]

    def say_ref(self) -> list[str]:
        return ["constraint", "ref", self.resource()]

    # --- the rest

    def say_stonith(self) -> list[str]:
        words = [
            "stonith",
            "create",
            self.one(*DEVICES),
            self.one("fence_ipmilan", "fence_xvm", "fence_x"),
        ]
        words += self.opt(0.8, "ip=10.9.0.1") + self.opt(0.5, "username=u") + self.opt(0.2, "zz=1")
        words += self.opt(0.4, self.one("pcmk_host_list=node1", "pcmk_host_map=node1:1"))
        words += ["op", *self.op()] if self.maybe(0.3) else []
        return words + (["meta", *self.meta()] if self.maybe(0.2) else [])

    def say_stonith_other(self) -> list[str]:
        match self.random.randrange(4):
            case 0:
                return ["stonith", "delete", self.one(*DEVICES, "a")]
            case 1:
                return [
                    "stonith",
                    "update",
                    self.one(*DEVICES, "a"),
                    self.one("ip=1.2.3.4", "zz=1"),
                ]
            case 2:
                return ["stonith", self.one("enable", "disable"), self.one(*DEVICES, "a")]
            case _:
                return ["stonith", "config", *self.opt(0.5, "--output-format=cmd")]

    def say_level(self) -> list[str]:
        target = self.one("node1", "node2", "regexp%node.*", "attrib%site=A", "nowhere")
        match self.random.randrange(6):
            case 0 | 1 | 2:
                words = ["stonith", "level", "add", self.one("1", "2", "0", "x"), target]
                return words + self.some(*DEVICES, "nodev")
            case 3:
                words = ["stonith", "level", self.one("remove", "delete"), self.one("1", "2")]
                return words + self.opt(0.5, "target", target) + self.opt(0.3, "stonith", "f1")
            case 4:
                return [
                    "stonith",
                    "level",
                    "clear",
                    *self.opt(0.5, self.one("target", "stonith")),
                    "f1",
                ]
            case _:
                return ["stonith", "level", self.one("config", "verify")]

    def say_property(self) -> list[str]:
        if self.maybe(0.7):
            pairs = self.some(
                "stonith-enabled=false", "batch-limit=3", "batch-limit=x", "cluster-delay=9s",
                "no-quorum-policy=freeze", "no-quorum-policy=", "nosuch=1",
                "maintenance-mode=maybe", "cluster-infrastructure=x", "stop-all-resources=on",
            )  # fmt: skip
            return ["property", "set", *pairs]
        return ["property", "unset", *self.some("batch-limit", "stonith-enabled", "nosuch")]

    def say_node(self) -> list[str]:
        match self.random.randrange(4):
            case 0 | 1:
                return ["node", "attribute", self.node(), *self.some("site=A", "site=", "x=1")]
            case 2:
                return ["node", self.one("standby", "unstandby"), self.node()]
            case _:
                return ["node", self.one("maintenance", "unmaintenance"), self.node()]

    def say_tag(self) -> list[str]:
        match self.random.randrange(4):
            case 0 | 1:
                return ["tag", "create", self.one(*TAGS, "1t"), *self.some(*PRIMITIVES, "g", "t1")]
            case 2:
                words = ["tag", "update", self.one(*TAGS)]
                words += self.opt(0.6, "add", *self.some(*PRIMITIVES))
                words += self.opt(0.5, self.one("--before", "--after"), self.primitive())
                return words + self.opt(0.5, "remove", *self.some(*PRIMITIVES))
            case _:
                return ["tag", self.one("delete", "remove", "config"), self.one(*TAGS)]

    def say_acl(self) -> list[str]:
        permission = [
            self.one("read", "write", "deny", "eat"),
            self.one("xpath", "id"),
            self.one("//x", "a"),
        ]
        match self.random.randrange(8):
            case 0 | 1:
                words = [
                    "acl",
                    "role",
                    "create",
                    self.one("r1", "r2"),
                    *self.opt(0.4, "description=d"),
                ]
                return words + (permission if self.maybe() else [])
            case 2:
                return [
                    "acl",
                    "role",
                    "delete",
                    self.one("r1", "r2", "nosuch"),
                    *self.opt(0.3, "--autodelete"),
                ]
            case 3:
                words = ["acl", "role", self.one("assign", "unassign"), self.one("r1", "r2")]
                return (
                    words + self.opt(0.5, self.one("to", "from", "user")) + [self.one("u1", "gr")]
                )
            case 4 | 5:
                words = ["acl", self.one("user", "group"), "create", self.one("u1", "gr", "r1")]
                return words + self.opt(0.5, self.one("r1", "r2"))
            case 6:
                return ["acl", self.one("user", "group"), "delete", self.one("u1", "gr")]
            case _:
                if self.maybe():
                    return ["acl", "permission", "add", self.one("r1", "r9"), *permission]
                return ["acl", "permission", "delete", self.one("r1-read", "r1-write", "x")]

    def say_alert(self) -> list[str]:
        match self.random.randrange(6):
            case 0 | 1:
                words = ["alert", "create", *self.opt(0.8, "path=/x"), *self.opt(0.4, "id=al")]
                words += self.opt(0.3, "description=d") + self.opt(0.3, "options", "o=1")
                return words + self.opt(0.3, "meta", self.one("timeout=5s", "zz=1"))
            case 2:
                words = ["alert", "update", self.one("al", "alert"), *self.opt(0.4, "path=/y")]
                return (
                    words
                    + self.opt(0.5, "options", self.one("o=2", "o="))
                    + self.opt(0.3, "meta", "timeout=")
                )
            case 3:
                return ["alert", self.one("remove", "delete"), self.one("al", "alert", "alert-1")]
            case 4:
                words = [
                    "alert",
                    "recipient",
                    "add",
                    self.one("al", "alert"),
                    *self.opt(0.9, "value=v"),
                ]
                return words + self.opt(0.3, "id=rc") + self.opt(0.3, "options", "q=1")
            case _:
                words = [
                    "alert",
                    "recipient",
                    self.one("update", "remove"),
                    self.one("rc", "alert-recipient"),
                ]
                return words + (["value=w"] if words[2] == "update" else [])

    def say_show(self) -> list[str]:
        return self.random.choice(
            (
                ["resource", "config", "--output-format=json"],
                ["resource", "config", "--output-format=cmd"],
                ["resource", "config", self.resource(), "--output-format=json"],
                ["resource", "config", self.resource()],
                ["stonith", "config", "--output-format=json"],
                ["resource", "group", "list"],
                ["alert", "config"],
                ["acl", "config"],
                ["tag", "config"],
                ["resource", "utilization"],
                ["property", "config"],
                ["node", "attribute"],
            )
        )
