"""Random texts in crm's language, over a small world of names, most of them sensible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

PLAIN: Final = ("a", "b", "c", "d", "e", "f")
NODES: Final = ("node1", "node2", "node3")
SCORES: Final = ("100", "-50", "inf", "-inf", "INFINITY", "-INFINITY", "+inf", "0", "+5")
ROLES: Final = ("Started", "Stopped", "Master", "Slave", "Promoted", "Unpromoted")
CONSTRAINTS: Final = ("location", "colocation", "order", "rsc_ticket")


class Language:
    """One source of texts."""

    def __init__(self, random: Random, *, only: str | None = None) -> None:
        """Draw from *random*; *only* names the one kind of definition wanted."""
        self.random = random
        self.free: list[str] = []
        self.grouped: list[str] = []
        self.named: list[str] = []
        self.number = 0
        kinds: dict[str, Callable[[], str]] = {
            name.removeprefix("say_"): value
            for name in sorted(dir(type(self)))
            if name.startswith("say_") and callable(value := getattr(self, name))
        }
        self.kinds: Sequence[Callable[[], str]] = [
            say for name, say in kinds.items() if only in (None, name)
        ]

    def text(self, *, session: bool = False) -> str:
        """Return a text of some definitions; with *session* commands stand among them."""
        count = self.random.randint(2, 5)
        found = [self.primitive(name) for name in PLAIN[: self.random.randint(2, 6)]]
        kinds = [say for say in self.kinds if not (session and say == self.say_xml)]
        found += [self.random.choice(kinds)() for _ in range(count)]
        if session:
            found += [self.command() for _ in range(self.random.randint(1, 3))]
        if self.maybe(0.08):
            place = self.random.randrange(len(found))
            found[place] = self.hurt(found[place])
        return "".join(f"{line}\n" for line in found)

    def hurt(self, line: str) -> str:
        """Return *line* with a word less, more, or two in each other's place."""
        words = line.split(" ")
        at = self.random.randrange(1, len(words)) if len(words) > 1 else 0
        match self.random.randrange(3):
            case 0:
                words.pop(at)
            case 1:
                words.insert(at, self.one("meta", "and", "rule", "nosuch", "x=1", "100:", "(", "}"))
            case _:
                words[at], words[at - 1] = words[at - 1], words[at]
        return " ".join(words)

    # --- small parts

    def maybe(self, chance: float = 0.5) -> bool:
        return self.random.random() < chance

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def some(self, *choices: str, most: int = 3, least: int = 1) -> list[str]:
        count = min(self.random.randint(least, most), len(choices))
        return self.random.sample(choices, count)

    def opt(self, chance: float, *words: str) -> str:
        return "".join(f" {word}" for word in words) if self.maybe(chance) else ""

    def new(self, lead: str) -> str:
        self.number += 1
        name = f"{lead}{self.number}"
        self.named.append(name)
        return name

    def resource(self) -> str:
        return self.one(*self.named_resources())

    def named_resources(self) -> list[str]:
        return [*self.free, *self.grouped, *(n for n in self.named if n[0] in "gkmu")] or ["a"]

    def resources(self, least: int = 1, most: int = 3) -> list[str]:
        return self.some(*self.named_resources(), least=least, most=most)

    def taken(self) -> str:
        """Return a primitive that is in nothing yet, and is from now on."""
        if not self.free:
            return "nosuch"
        name = self.free.pop(self.random.randrange(len(self.free)))
        self.grouped.append(name)
        return name

    def value(self) -> str:
        return self.one(
            "1", "x", "10.0.0.1", '"two words"', '"a;b"', '""', "/a/b", '"it\'s"', "a=b", "a,b",
            "'single'", '"q\\"q"', "$x", "@x", "a:b", "#1", "*", "50%", "(x)", "{y}", "a\\b",
        )  # fmt: skip

    def params(self) -> str:
        names = self.some("fake", "state", "op_sleep", "passwd", "envfile", "fail_start_on")
        return " ".join(f"{name}={self.value()}" for name in names)

    def meta(self) -> str:
        return " ".join(
            self.some(
                "target-role=Stopped", "priority=5", "is-managed=false", "failure-timeout=60s",
                "migration-threshold=3", "resource-stickiness=INFINITY", "allow-migrate=true",
                "target-role=Started", "remote-node=guest1", "multiple-active=stop_start",
            )
        )  # fmt: skip

    def rule(self) -> str:
        lead = self.opt(0.15, "$id=" + self.new("rl")) + self.opt(0.2, self.role())
        return f"rule{lead} {self.one(*SCORES, 'myattr')}: {self.logic()}"

    def role(self) -> str:
        return self.one('$role="Master"', "$role=Started", "$role=Promoted", "$role=Slave")

    def logic(self) -> str:
        word = self.one("and", "or")
        return f" {word} ".join(self.expression() for _ in range(self.random.choice((1, 1, 2, 3))))

    def expression(self) -> str:
        return self.one(
            f"{self.one('defined', 'not_defined')} pingd",
            f"pingd {self.one('lt', 'gt', 'lte', 'gte', 'eq', 'ne')} {self.one('9', 'abc', '1.5')}",
            f"x {self.one('string:', 'number:', 'version:', 'integer:')}{self.one('eq', 'gt')} 5",
            "#uname eq node1", "#kind ne container", "#is_dc eq true", '#site eq "a b"',
            f"date {self.one('lt', 'gt')} {self.date()}",
            f"date in start={self.date()} end={self.date()}",
            f"date in start={self.date()} {self.one('months=1', 'years=1')}",
            f"date in_range start={self.date()} end={self.date()}",
            f"date spec {self.spec()}",
            f"date date_spec {self.spec()}",
        )  # fmt: skip

    def date(self) -> str:
        return self.one("2026-01-01", '"2026-06-01 12:00:00"', "2026-06-01T12:00:00Z", "20260101")

    def spec(self) -> str:
        return " ".join(
            self.some(
                "hours=9-16", "weekdays=1-5", "months=1-3", "monthdays=1", "years=2026", "moon=4",
                "weeks=2", "yearsdays=5-9", "weekyears=2026", "minutes=5", "yeardays=1",
            )
        )  # fmt: skip

    def set(self, word: str, contents: str) -> str:
        lead = self.opt(0.08, "$id=" + self.new("s"))
        return f"{word}{lead}{self.opt(0.05, '100:')}{self.opt(0.08, self.rule())} {contents}"

    def op(self) -> str:
        name = self.one("monitor", "monitor", "monitor", "start", "stop", "promote", "notify")
        words = self.some(
            "interval=10s", "interval=11", "timeout=30s", "timeout=60", "role=Promoted",
            "role=Master", "role=Slave", "on-fail=restart", "enabled=false", "start-delay=5s",
            "OCF_CHECK_LEVEL=10", "record-pending=true", "requires=quorum", "description=x",
            '$id="opid"', "depth=1", "interval-origin=2026-01-01",
            least=0,
        )  # fmt: skip
        tail = self.opt(0.05, "op_params", "z=1") + self.opt(0.05, "op_meta", "y=2")
        return " ".join(["op", name, *words]) + tail

    # --- definitions

    def primitive(self, name: str) -> str:
        self.free.append(name)
        agent = self.one(
            "ocf:pacemaker:Dummy", "ocf:pacemaker:Dummy", "Dummy", "ocf:pacemaker:Stateful",
            "ocf:heartbeat:Dummy", "systemd:cron", "ocf:Dummy", "Stateful",
        )  # fmt: skip
        parts = [f"primitive {name} {agent}"]
        if self.maybe(0.3):
            parts.append(
                self.set(self.one("params ", "params ", "").strip(), self.params()).strip()
            )
        if self.maybe(0.3):
            parts.append(self.set("meta", self.meta()))
        if self.maybe(0.1):
            parts.append("utilization cpu=2 mem=1024")
        if self.maybe(0.06):
            parts.append('description="what it does"')
        head, *rest = parts
        if self.maybe(0.2):
            self.random.shuffle(rest)
        if self.maybe(0.06):
            rest.append(f"operations $id={name}-ops")
        rest += [self.op() for _ in range(self.random.choice((0, 0, 0, 1, 1, 2)))]
        return self.one(" ", " \\\n  ").join([head, *rest])

    def say_template(self) -> str:
        name = self.new("t")
        other = self.new("p")
        self.free.append(other)
        return (
            f"rsc_template {name} ocf:pacemaker:Dummy{self.opt(0.5, 'params', self.params())}"
            f"{self.opt(0.4, self.op())}{self.opt(0.4, 'meta', self.meta())}\n"
            f"primitive {other} @{name}"
            f"{self.opt(0.4, 'params', 'fake=9')}{self.opt(0.3, self.op())}"
            f"{self.opt(0.2, 'operations', '$id-ref=' + name)}"
        )

    def say_group(self) -> str:
        members = [self.taken() for _ in range(self.random.randint(1, 3))]
        name = self.new("g")
        tail = self.opt(0.3, "meta", self.meta()) + self.opt(0.1, "params", "x=1")
        return f"group {name} {' '.join(members)}{tail}{self.opt(0.1, 'description=d')}"

    def say_clone(self) -> str:
        member = self.one(*(n for n in self.named if n[0] == "g")) if self.maybe(0.2) and any(
            n[0] == "g" for n in self.named) else self.taken()  # fmt: skip
        word = self.one("clone", "clone", "ms", "master")
        meta = self.some(
            "clone-max=2", "interleave=true", "notify=true", "master-max=1", "promotable=true",
            "globally-unique=false", "clone-node-max=1", "master-node-max=1", "promoted-max=1",
            "target-role=Started", "ordered=true",
        )  # fmt: skip
        name = self.new(self.one("k", "m"))
        return (
            f"{word} {name} {member}{self.opt(0.6, 'meta', *meta)}{self.opt(0.05, 'params', 'x=1')}"
        )

    def say_bundle(self) -> str:
        parts = [f"docker image=i:1{self.opt(0.5, 'replicas=2')}{self.opt(0.2, 'masters=1')}"]
        if self.maybe(0.7):
            parts.append(
                f"network{self.opt(0.7, 'ip-range-start=10.0.0.1')}"
                f"{self.opt(0.3, 'control-port=99')}"
                f"{self.opt(0.4, 'port-mapping', 'port=80')}"
                f"{self.opt(0.2, 'port-mapping', 'id=pm', 'range=1-5')}"
            )
        if self.maybe(0.5):
            parts.append(
                "storage storage-mapping source-dir=/s target-dir=/t"
                + self.opt(0.4, "storage-mapping", "source-dir-root=/q target-dir=/v options=ro")
            )
        if self.maybe(0.5):
            parts.append(f"primitive {self.taken()}")
        if self.maybe(0.3):
            parts.append(f"meta {self.meta()}")
        return f"bundle {self.new('u')} {' '.join(parts)}"

    def say_location(self) -> str:
        located = self.one(
            self.resource(), self.resource(), "/web-.*/", f"{{ {' '.join(self.resources())} }}",
            f"{{ {' '.join(self.resources())} sequential=false }}",
        )  # fmt: skip
        options = self.opt(0.15, f"role={self.one(*ROLES)}")
        options += self.opt(0.15, f"resource-discovery={self.one('always', 'never', 'exclusive')}")
        if self.maybe(0.45):
            where = f"{self.one(*SCORES)}: {self.one(*NODES)}"
        else:
            where = " ".join(self.rule() for _ in range(self.random.choice((1, 1, 2))))
        return f"location {self.new('l')} {located}{options} {where}"

    def with_suffix(self, name: str, *suffixes: str) -> str:
        return f"{name}:{self.one(*suffixes)}" if self.maybe(0.25) else name

    def sets(self, *suffixes: str) -> str:
        found = []
        for _ in range(self.random.randint(1, 3)):
            names = self.resources(1, 3)
            suffix = f":{self.one(*suffixes)}" if self.maybe(0.2) else ""
            said = " ".join(name + suffix for name in names)
            found.append(
                self.one(
                    said, said, f"( {said} )", f"[ {said} ]", f"({said})",
                    f"( {said} sequential=true )", f"[ {said} sequential=true ]",
                    f"( {said} require-all=false )", f"{{ {said} }}",
                    f"( {said} require-all=true )", f"[ {said} require-all=true ]",
                )
            )  # fmt: skip
        return " ".join(found)

    def say_colocation(self) -> str:
        score = self.one(*SCORES, "inf", "inf", "myattr")
        if self.maybe(0.5):
            what = " ".join(self.with_suffix(name, *ROLES) for name in self.resources(2, 2))
        else:
            what = self.sets(*ROLES)
        return f"colocation {self.new('c')} {score}: {what}{self.opt(0.1, 'node-attribute=rack')}"

    def say_order(self) -> str:
        kind = self.one(
            "", "Mandatory: ", "Optional: ", "Serialize: ", "mandatory: ", "inf: ", "0: ", "100: "
        )
        actions = ("start", "stop", "promote", "demote")
        if self.maybe(0.5):
            what = " ".join(self.with_suffix(name, *actions) for name in self.resources(2, 2))
        else:
            what = self.sets(*actions)
        tail = self.opt(0.2, f"symmetrical={self.one('true', 'false')}")
        return f"order {self.new('o')} {kind}{what}{tail}"

    def say_ticket(self) -> str:
        what = self.one(
            self.with_suffix(self.resource(), *ROLES), self.sets(*ROLES),
            " ".join(self.resources(2, 3)),
        )  # fmt: skip
        loss = f"loss-policy={self.one('stop', 'demote', 'fence', 'freeze')}"
        return f"rsc_ticket {self.new('y')} ticketA: {what}{self.opt(0.4, loss)}"

    def say_property(self) -> str:
        lead = self.opt(0.2, self.one("$id=own", "own:", "cib-bootstrap-options:"))
        pairs = self.some(
            "batch-limit=3", "stonith-enabled=false", "no-quorum-policy=freeze",
            "maintenance-mode=true", "cluster-delay=90s", "symmetric-cluster=false", "my-own=1",
            "cluster-name=demo", "pe-input-series-max=50",
        )  # fmt: skip
        return f"property{lead}{self.opt(0.08, self.rule())} {' '.join(pairs)}"

    def say_defaults(self) -> str:
        if self.maybe():
            pairs = self.some("resource-stickiness=100", "migration-threshold=5", "priority=1")
            word = "rsc_defaults"
        else:
            pairs = self.some("timeout=60s", "record-pending=true", "on-fail=block")
            word = "op_defaults"
        lead = self.opt(0.2, self.one("$id=own-d", "own-d:"))
        return f"{word}{lead}{self.opt(0.15, self.rule())} {' '.join(pairs)}"

    def say_node(self) -> str:
        name = self.one(*NODES, "node4", "remote1")
        number = name[-1] if name in NODES else "7"
        lead = self.one("", "", "", f"{number}: ", f"$id={number} ")
        kind = self.one("", "", ":member", ":remote", ":ping")
        tail = self.opt(
            0.6, self.one("attributes", "attributes $id=na", "", "attributes"), "site=A x=1"
        )
        tail += self.opt(0.3, "utilization", "cpu=4 mem=100") + self.opt(0.1, "description=here")
        return f"node {lead}{name}{kind}{tail}"

    def say_topology(self) -> str:
        devices = [self.one("s1", "s2", "s1,s2", "s3") for _ in range(self.random.randint(1, 3))]
        targets = self.some(
            "node1:", "node2:", "pattern:node.*", "attr:rack=1", 'pattern:"a b"', least=0, most=2
        )
        said = " ".join(f"{target} {' '.join(devices)}" for target in targets) or " ".join(devices)
        made = "\n".join(
            f"primitive {name} stonith:fence_xvm" for name in ("s1", "s2", "s3")
        )  # fmt: skip
        return f"{made}\nfencing_topology {said}"

    def say_acl(self) -> str:
        role = self.new("r")
        what = (
            'xpath:"//x[@id=\'a\']"', "ref:a", "tag:primitive", "type:primitive", "cib", "status",
            "meta:a", "meta:a:target-role", "params:a", "params:a:ip", "utilization:a",
            "location:a", "property", "property:batch-limit", "node", "node:node1", "nodeattr",
            "nodeattr:site", "nodeutil", "xpath:/cib", "tag:node attribute:name",
            'xpath:"//nodes" attribute:uname', "ref:a attr:value", "nosuch",
        )  # fmt: skip
        rules = " ".join(
            f"{self.one('read', 'write', 'deny')} {self.one(*what)}"
            for _ in range(self.random.randint(1, 3))
        )
        users = self.one(
            f"acl_target {self.new('w')} {role}", f"acl_group {self.new('w')} {role}", "",
            f"acl_target {self.new('w')} {role} {role}",
        )  # fmt: skip
        return f"role {role} {rules}\n{users}".rstrip()

    def say_tag(self) -> str:
        return f"tag {self.new('x')}{self.one('', '', ':')} {' '.join(self.resources())}"

    def say_alert(self) -> str:
        parts = [f"alert {self.new('z')} {self.one('/x', '/a/b.sh')}"]
        if self.maybe(0.3):
            parts.append(f"attributes {self.params()}")
        if self.maybe(0.3):
            parts.append("meta timeout=10s")
        if self.maybe(0.3):
            kinds = self.some("nodes", "fencing", "resources", "attributes { x y }")
            parts.append(f"select {' '.join(kinds)}")
        for _ in range(self.random.choice((0, 1, 1, 2))):
            inside = self.one("root", "/var/log/x", '"a b"', "a@b")
            inside += self.opt(0.3, "attributes", "k=v")
            inside += self.opt(0.3, "meta", "timeout=5s")
            parts.append(self.one(f"to {inside}", f"to {{ {inside} }}"))
        return " ".join(parts)

    def say_monitor(self) -> str:
        interval = self.one("20s", "30", "20s:15s", "1m:2m")
        return f"monitor {self.one(*self.free, *self.grouped, 'nosuch')} {interval}"

    def say_xml(self) -> str:
        name = self.new("q")
        return (
            f'xml <primitive id="{name}" class="ocf" provider="pacemaker" type="Dummy">'
            f'<meta_attributes id="{name}-m"><nvpair id="{name}-n" name="priority" value="3"/>'
            "</meta_attributes></primitive>"
        )

    def say_shared(self) -> str:
        first, second = self.new("p"), self.new("p")
        self.free += [first, second]
        return self.one(
            f"primitive {first} Dummy params $id={first}-set fake=1\n"
            f"primitive {second} Dummy params $id-ref={first}-set",
            f"primitive {first} Dummy meta priority=1\n"
            f"primitive {second} Dummy meta $id-ref={first}",
            f"primitive {first} Dummy params $mine{first}:fake=1\n"
            f"primitive {second} Dummy params @mine{first}",
            f"primitive {first} Dummy op monitor interval=5s\n"
            f"primitive {second} Dummy operations $id-ref={first}",
        )

    def say_comment(self) -> str:
        name = self.new("p")
        self.free.append(name)
        return f"# a note on {name}\nprimitive {name} Dummy"

    # --- commands of a session

    def command(self) -> str:
        name = self.one(*self.named_resources())
        other = self.one(*self.named) if self.named else "a"
        group = self.one(*(n for n in self.named if n[0] == "g"), "g0")
        return self.one(
            f"delete {name}", f"delete {other}", f"rename {name} {name}new", f"rename {other} new",
            f"modgroup {group} add {self.one(*self.free) if self.free else 'a'}",
            f"modgroup {group} add {name} {self.one('before', 'after')} {self.resource()}",
            f"modgroup {group} remove {name}",
            f"set {name}.fake 7", f"set {name}.priority 9", f"set {name}.nosuch 1",
            f"property {self.one('batch-limit=7', 'my-own=2')}",
            f"monitor {name} 77s", f"location late {name} 5: node2",
            "filter 's/Dummy/Stateful/'", f"filter 's/priority=5/priority=6/' {name}",
            f"delete {name} {self.resource()}", "erase",
        )  # fmt: skip
