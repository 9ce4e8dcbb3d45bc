"""What agents call during an operation, by the field's names: `crm_attribute` and its like.

`answer` takes the words of one call and what this node knows, and returns what to print and what
to change. Nothing is printed or changed here. Options are those that shipped agents use; output has
the field's shape, because agents take it apart by position.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pcsx.cib import Cib
from pcsx.cib.attributes import (
    found_by,
    has_resource,
    is_told_apart,
    lasting_attributes,
    outermost,
    property_of,
    with_attribute,
    with_property,
)
from pcsx.cib.edit import moves
from pcsx.daemon.attributes import AttributeEvent, Delay, Refresh, Update, grown
from pcsx.daemon.status import PRIVATE
from pcsx.pe.digests import escaped
from pcsx.values import add_scores, parse_duration_ms, parse_score, score_text

OK: Final = 0
ERROR: Final = 1
UNSUPPORTED: Final = 3
USAGE: Final = 64
NO_SUCH: Final = 105

VERSION: Final = "3.0.2"
"""The release of Pacemaker whose tools these behave like."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node as agents may see it; *attributes* are the transient ones."""

    id: int
    name: str
    online: bool
    attributes: Mapping[str, str]
    private: frozenset[str] = frozenset()
    """Those of them that are in no document."""

    def kept(self, name: str, *, private: bool = False) -> str:
        """Return the name under which an attribute is kept: what it once is, private, it stays."""
        new = private and name not in self.attributes
        return PRIVATE + name if new or name in self.private else name


@dataclass(frozen=True, slots=True)
class Running:
    """One resource on one node, in a role as the field spells it."""

    resource: str
    agent: tuple[str, str, str]
    node: str
    role: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What this node knows. *document* is asked for only where a call needs it."""

    me: str
    nodes: tuple[NodeFacts, ...]
    quorate: bool
    cib: Cib
    document: Callable[[], Cib]
    running: Callable[[], tuple[Running, ...]]

    def node(self, name: str) -> NodeFacts | None:
        """Return the node called *name*, or None."""
        return next((node for node in self.nodes if node.name == name), None)


@dataclass(frozen=True, slots=True)
class Said:
    """The outcome of one call: exit status, output, and changes to make before it is given."""

    status: int = OK
    stdout: str = ""
    stderr: str = ""
    transient: tuple[AttributeEvent, ...] = ()
    cib: Cib | None = None
    """The configuration as it shall be."""


class _Wrong(Exception):
    """The words make no sense; the text says why."""


def answer(tool: str, words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Return what the call of *tool* with *words* comes to."""
    program = TOOLS.get(tool)
    if program is None:
        return Said(UNSUPPORTED, stderr=f"{tool}: there is no such tool\n")
    try:
        return program(words, env, facts)
    except _Wrong as wrong:
        return Said(USAGE, stderr=f"{tool}: {wrong}\n")


# --- words ----------------------------------------------------------------------------------------

_Options = dict[str, str]


def _parsed(words: tuple[str, ...], table: str) -> tuple[_Options, list[str]]:
    """Return the options of *words*, by their first long name, and what is left.

    *table* has a word an option, `name|other|x`: ending in `=` it takes a value, in `?` it takes
    one if the next word is no option.
    """
    known: dict[str, tuple[str, str]] = {}
    for entry in table.split():
        kind = entry[-1] if entry[-1] in "=?" else ""
        names = entry.rstrip("=?").split("|")
        known |= dict.fromkeys(names, (names[0], kind))
    found: _Options = {}
    left: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not word.startswith("-") or word == "-":
            left.append(word)
            continue
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
        else:
            name, value = word[1], word[2:]
            equals = "=" if value else ""
        if name not in known:
            raise _Wrong(f"unknown option {word}")
        option, kind = known[name]
        if not kind and equals and not word.startswith("--"):
            queue.insert(0, f"-{value}")  # several short options in one word
        elif kind == "=" and not equals:
            if not queue:
                raise _Wrong(f"{word} needs a value")
            value = queue.pop(0)
        elif kind == "?" and not equals and queue and not queue[0].startswith("-"):
            value = queue.pop(0)
        found[option] = value if kind else "1"
    return found, left


# --- crm_attribute, crm_master --------------------------------------------------------------------

_ATTRIBUTE_OPTIONS: Final = """
    name|attr-name|n= update|attr-value|v= delete|delete-attr|D query|get-value|G quiet|q|Q
    lifetime|l= node|N|U|uname= type|t= set-name|s= utilization|z promotion|p? default|d= id|i=
    resource|r= force|f verbose|V wait|W inhibit-policy-engine|!
"""


def _crm_attribute(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    options, left = _parsed(words, _ATTRIBUTE_OPTIONS)
    if left:
        raise _Wrong(f"what is '{left[0]}'?")
    return _attribute(options, env, facts, "reboot")


def _crm_master(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    options, _ = _parsed(words, _ATTRIBUTE_OPTIONS)
    options.setdefault("promotion", options.get("resource", ""))
    return _attribute(options, env, facts, "forever")


def _attribute(options: _Options, env: Mapping[str, str], facts: Facts, lifetime: str) -> Said:
    name = options.get("name", "")
    if "promotion" in options:
        resource = options["promotion"] or env.get("OCF_RESOURCE_INSTANCE", "")
        if not resource:
            raise _Wrong("whose promotion score? There is no OCF_RESOURCE_INSTANCE")
        name = promotion_name(resource, facts.cib)
        options.setdefault("lifetime", lifetime)
    if not name:
        raise _Wrong("which attribute? --name is missing")
    scope = _scope(options)
    if scope == "crm_config":
        return _property(options, name, facts)
    node = facts.node(options.get("node") or env.get("PCSX_NODE") or facts.me)
    if node is None:
        return _no_such(options, name, scope)
    if scope == "status":
        return _transient(options, name, node)
    return _lasting(options, name, node, facts)


def promotion_name(resource: str, cib: Cib) -> str:
    """Return the attribute that holds the promotion score of *resource*.

    The number of an instance counts only where instances are told apart.
    """
    base, colon, number = resource.rpartition(":")
    if not colon or not number.isdigit():
        return f"master-{resource}"
    return f"master-{resource if is_told_apart(cib, base) else base}"


def _scope(options: _Options) -> str:
    kind = options.get("type", "")
    if kind in ("crm_config", "status", "nodes"):
        return kind
    if kind:
        raise _Wrong(f"there is no type '{kind}'")
    if "utilization" in options:
        return "nodes"
    lifetime = options.get("lifetime")
    if lifetime is None:
        return "nodes" if "node" in options else "crm_config"
    return "status" if lifetime == "reboot" else "nodes"


def _shown(options: _Options, name: str, scope: str, value: str | None) -> Said:
    if value is None:
        value = options.get("default")
    if value is None:
        return _no_such(options, name, scope)
    if "quiet" in options:
        return Said(stdout=f"{value}\n")
    return Said(stdout=f"scope={scope}  name={name} value={value}\n")


def _no_such(options: _Options, name: str, scope: str) -> Said:
    if "default" in options and "update" not in options:
        return _shown(options, name, scope, options["default"])
    return Said(NO_SUCH, stderr=f"crm_attribute: Error performing operation: {_NO_SUCH_TEXT}\n")


_NO_SUCH_TEXT: Final = "No such device or address"


def _transient(options: _Options, name: str, node: NodeFacts) -> Said:
    if "update" in options:
        value = grown(options["update"], node.attributes.get(name, ""))
        return Said(transient=(Update(node.id, node.kept(name), value, 0),))
    if "delete" in options:
        return Said(transient=(Update(node.id, node.kept(name), None, 0),))
    return _shown(options, name, "status", node.attributes.get(name))


def _lasting(options: _Options, name: str, node: NodeFacts, facts: Facts) -> Said:
    kind = "utilization" if "utilization" in options else "instance_attributes"
    block = options.get("set-name", "")
    present = lasting_attributes(facts.cib, node.name, kind, block=block)
    if "update" in options:
        value = grown(options["update"], present.get(name, ""))
        if present.get(name) == value:
            return Said()
        return Said(cib=with_attribute(facts.cib, node.name, name, value, kind, block=block))
    if "delete" in options:
        if name not in present:
            return Said()
        return Said(cib=with_attribute(facts.cib, node.name, name, None, kind, block=block))
    return _shown(options, name, "nodes", present.get(name))


def _property(options: _Options, name: str, facts: Facts) -> Said:
    block = options.get("set-name", "")
    present = property_of(facts.cib, name, block)
    if "update" in options:
        value = options["update"]
        return Said(cib=None if present == value else with_property(facts.cib, name, value, block))
    if "delete" in options:
        return Said(cib=None if present is None else with_property(facts.cib, name, None, block))
    return _shown(options, name, "crm_config", present)


# --- attrd_updater --------------------------------------------------------------------------------


def _attrd_updater(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    options, _ = _parsed(
        words,
        """name|n= update|U|v= update-both|B= update-delay|Y delete|D query|Q refresh|R delay|d=
        set|s|S= node|N= all|A private|p pattern|P= lifetime|l= wait|W= quiet|q verbose|V""",
    )
    if "refresh" in options:
        return Said(transient=(Refresh(),))
    name = options.get("name", "")
    if not name:
        raise _Wrong("which attribute? --name is missing")
    delay_ms = None
    if "delay" in options:
        delay_ms = parse_duration_ms(options["delay"] or "0")
        if delay_ms is None:
            raise _Wrong(f"'{options['delay']}' is no time")
    if "query" in options:
        return _queried(options, name, env, facts)
    node = facts.node(options.get("node") or env.get("PCSX_NODE") or facts.me)
    if node is None:
        return Said(NO_SUCH, stderr=f"attrd_updater: there is no node {options.get('node')}\n")
    kept = node.kept(name, private="private" in options)
    if "update-delay" in options:
        return Said(transient=(Delay(kept, delay_ms or 0),))
    if "delete" in options:
        return Said(transient=(Update(node.id, kept, None),))
    if "update-both" in options:
        value, both_ms = options["update-both"], delay_ms or 0
        return Said(transient=(Update(node.id, kept, _grown(value, node, name), both_ms),))
    if "update" not in options:
        raise _Wrong("nothing is asked for: --update, --delete or --query")
    return Said(transient=(Update(node.id, kept, _grown(options["update"], node, name), delay_ms),))


def _grown(text: str, node: NodeFacts, name: str) -> str:
    return grown(text, node.attributes.get(name, ""))


def _queried(options: _Options, name: str, env: Mapping[str, str], facts: Facts) -> Said:
    nodes = facts.nodes
    if "all" not in options:
        wanted = options.get("node") or env.get("PCSX_NODE") or facts.me
        nodes = tuple(node for node in nodes if node.name == wanted)
    lines = [
        f'name="{name}" host="{node.name}" value="{node.attributes[name]}"\n'
        for node in nodes
        if name in node.attributes
    ]
    if not lines:
        return Said(NO_SUCH, stderr=f"Could not query value of {name}: it does not exist\n")
    return Said(stdout="".join(lines))


# --- crm_failcount --------------------------------------------------------------------------------


def _crm_failcount(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    options, _ = _parsed(
        words,
        """resource|r= node|N|U= query|G delete|D operation|n= interval|I= quiet|q verbose|V|Q""",
    )
    resource = options.get("resource") or env.get("OCF_RESOURCE_INSTANCE", "")
    if not resource:
        raise _Wrong("whose failures? --resource is missing")
    name = options.get("node") or env.get("PCSX_NODE") or facts.me
    node = facts.node(name)
    if node is None:
        return Said(NO_SUCH, stderr=f"crm_failcount: there is no node {name}\n")
    ends = f"#{options['operation']}_" if "operation" in options else "#"
    if "interval" in options:
        ends += str(parse_duration_ms(options["interval"]) or 0)
    counts = [
        attribute
        for attribute in sorted(node.attributes)
        if attribute.startswith(f"fail-count-{resource}{ends}")
    ]
    if "delete" in options:
        gone = [*counts, *(each.replace("fail-count-", "last-failure-", 1) for each in counts)]
        return Said(transient=tuple(Update(node.id, each, None, 0) for each in gone))
    total = 0
    for each in counts:
        total = add_scores(total, parse_score(node.attributes[each]) or 0)
    if "quiet" in options:
        return Said(stdout=f"{score_text(total)}\n")
    shown = f"scope=status  name=fail-count-{resource} value={score_text(total)}\n"
    return Said(stdout=shown)


# --- crm_node, crm_mon, crm_resource, cibadmin, pacemakerd ----------------------------------------


def _crm_node(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    options, _ = _parsed(
        words, "name|n cluster-id|i list|l partition|p quorum|q name-for-id|N= quiet|Q verbose|V"
    )
    if "name" in options:
        return Said(stdout=f"{env.get('PCSX_NODE') or facts.me}\n")
    if "quorum" in options:
        return Said(stdout="1\n" if facts.quorate else "0\n")
    if "cluster-id" in options:
        node = facts.node(facts.me)
        return Said(stdout=f"{node.id}\n") if node else Said(NO_SUCH)
    if "name-for-id" in options:
        named = [node.name for node in facts.nodes if str(node.id) == options["name-for-id"]]
        return Said(stdout=f"{named[0]}\n") if named else Said(NO_SUCH)
    if "partition" in options and "list" not in options:
        return Said(stdout=" ".join(node.name for node in facts.nodes if node.online) + " \n")
    if "list" in options:
        states = ((node, "member" if node.online else "lost") for node in facts.nodes)
        nodes = [node for node in states if node[0].online or "partition" not in options]
        return Said(stdout="".join(f"{node.id} {node.name} {state}\n" for node, state in nodes))
    raise _Wrong("nothing is asked for: --name, --list, --partition or --quorum")


def _crm_mon(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    options, _ = _parsed(
        words,
        """one-shot|1 output-as= as-xml|X inactive|r group-by-node|n show-node-attributes|A
        daemonize|d pid-file|p= output-to= html|h= interval|i= quiet|Q verbose|V""",
    )
    if options.get("output-as", "xml" if "as-xml" in options else "") != "xml":
        hint = "crm_mon: only --output-as=xml is served here; see pcsx status\n"
        return Said(UNSUPPORTED, stderr=hint)
    return Said(stdout=status_xml(facts))


def status_xml(facts: Facts) -> str:
    """Return nodes and resources as `crm_mon` gives them: agents look at lines and at order."""
    running = facts.running()
    lines = ['<?xml version="1.0"?>', '<pacemaker-result api-version="2.38" request="crm_mon">']
    dc = {"present": "true", "with_quorum": _word(facts.quorate)}
    lines += [" <summary>", f"  <current_dc{_attributes(dc)}/>", " </summary>", " <nodes>"]
    for node in facts.nodes:
        count = sum(1 for entry in running if entry.node == node.name)
        said = {
            "name": node.name,
            "id": str(node.id),
            "online": _word(node.online),
            "standby": _word(node.attributes.get("standby") in ("on", "true")),
            "resources_running": str(count),
            "type": "member",
        }
        lines.append(f"  <node{_attributes(said)}/>")
    lines += [" </nodes>", " <resources>"]
    for entry in running:
        name = _attributes({"name": entry.node})
        lines += [f"  <resource{_attributes(_resource(entry))}>", f"   <node{name}/>"]
        lines.append("  </resource>")
    lines += [" </resources>", " <node_attributes>"]
    for node in facts.nodes:
        lines.append(f"  <node{_attributes({'name': node.name})}>")
        for name, value in sorted(node.attributes.items()):
            lines.append(f"   <attribute{_attributes({'name': name, 'value': value})}/>")
        lines.append("  </node>")
    lines += [" </node_attributes>", ' <status code="0" message="OK"/>', "</pacemaker-result>"]
    return "\n".join(lines) + "\n"


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escaped(value)}"' for name, value in values.items())


def _resource(entry: Running) -> dict[str, str]:
    agent = ":".join(part for part in entry.agent if part)
    return {
        "id": entry.resource, "resource_agent": agent, "role": entry.role, "active": "true",
        "orphaned": "false", "blocked": "false", "managed": "true",
        "failed": _word(entry.failed), "failure_ignored": "false", "nodes_running_on": "1",
    }  # fmt: skip


def _word(truth: bool) -> str:
    return "true" if truth else "false"


def _crm_resource(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    options, _ = _parsed(
        words,
        """resource|r= locate|W ban|B node|N|U= lifetime|u= utilization|z meta|m
        get-parameter|g= set-parameter|p= delete-parameter|d= parameter-value|v= quiet|Q|q
        verbose|V""",
    )
    resource = options.get("resource") or env.get("OCF_RESOURCE_INSTANCE", "")
    if not resource:
        raise _Wrong("which resource? --resource is missing")
    if "locate" in options:
        return _located(resource, options, facts)
    if "ban" in options:
        return _banned(resource, options, facts)
    kind = "instance_attributes"
    if "utilization" in options:
        kind = "utilization"
    elif "meta" in options:
        kind = "meta_attributes"
    return _parameter(resource, kind, options, facts)


def _located(resource: str, options: _Options, facts: Facts) -> Said:
    found = [entry for entry in facts.running() if _is(entry.resource, resource)]
    if "quiet" in options:
        return Said(stdout="".join(f"{entry.node}\n" for entry in found))
    lines = [
        f"resource {resource} is running on: {entry.node}"
        + (" Promoted\n" if entry.role == "Promoted" else "\n")
        for entry in found
    ]
    if not lines:
        return Said(stderr=f"resource {resource} is NOT running\n")
    return Said(stdout="".join(lines))


def _banned(resource: str, options: _Options, facts: Facts) -> Said:
    """Keep the resource, or the clone that it is in, from a node until that is cleared."""
    base = resource.rpartition(":")[0] if resource.rpartition(":")[2].isdigit() else resource
    node = facts.node(options.get("node") or facts.me)
    if node is None or not has_resource(facts.cib, base):
        missing = f"resource {base}" if node is not None else f"node {options.get('node')}"
        return Said(NO_SUCH, stderr=f"crm_resource: there is no {missing}\n")
    return Said(cib=moves.ban(facts.cib, outermost(facts.cib, base), node.name))


def _is(instance: str, resource: str) -> bool:
    return instance == resource or instance.rpartition(":")[0] == resource


def _parameter(resource: str, kind: str, options: _Options, facts: Facts) -> Said:
    base = resource.rpartition(":")[0] if resource.rpartition(":")[2].isdigit() else resource
    id = next((name for name in (resource, base) if name and has_resource(facts.cib, name)), "")
    if not id:
        return Said(NO_SUCH, stderr=f"crm_resource: there is no resource {resource}\n")
    present = lasting_attributes(facts.cib, id, kind, of="resource")
    name = options.get("get-parameter", "")
    if name:
        value = present.get(name)
        text = f"Attribute '{name}' not found for '{resource}'\n"
        return Said(NO_SUCH, stderr=text) if value is None else Said(stdout=f"{value}\n")
    name, value = options.get("set-parameter", ""), options.get("parameter-value")
    if name and value is not None:
        if present.get(name) == value:
            return Said()
        return Said(cib=with_attribute(facts.cib, id, name, value, kind, of="resource"))
    name = options.get("delete-parameter", "")
    if name:
        if name not in present:
            return Said()
        return Said(cib=with_attribute(facts.cib, id, name, None, kind, of="resource"))
    return Said(UNSUPPORTED, stderr="crm_resource: this is not served here; see pcsx resource\n")


def _cibadmin(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    options, _ = _parsed(words, "query|Q xpath|A= scope|o= local|l no-children|n verbose|V")
    if "query" not in options:
        return Said(UNSUPPORTED, stderr="cibadmin: only --query is served here; see pcsx cib\n")
    path = options.get("xpath") or (f"//{options['scope']}" if "scope" in options else "/cib")
    try:
        texts = found_by(facts.document(), path)
    except ValueError as error:
        raise _Wrong(f"'{path}' is no XPath: {error}") from None
    if not texts:
        return Said(NO_SUCH, stderr=f"Call cib_query failed: {_NO_SUCH_TEXT}\n")
    if len(texts) == 1:
        return Said(stdout=f"{texts[0]}\n")
    body = "".join(f"  {line}\n" for text in texts for line in text.splitlines())
    return Said(stdout=f"<xpath-query>\n{body}</xpath-query>\n")


def _pacemakerd(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    if words in (("-$",), ("--version",)):
        return Said(stdout=f"Pacemaker {VERSION}\nWritten by pcsx\n")
    return Said(UNSUPPORTED, stderr="pacemakerd: pcsx runs this cluster\n")


_Tool = Callable[[tuple[str, ...], Mapping[str, str], Facts], Said]

TOOLS: Final[dict[str, _Tool]] = {
    "attrd_updater": _attrd_updater,
    "cibadmin": _cibadmin,
    "crm_attribute": _crm_attribute,
    "crm_failcount": _crm_failcount,
    "crm_master": _crm_master,
    "crm_mon": _crm_mon,
    "crm_node": _crm_node,
    "crm_resource": _crm_resource,
    "pacemakerd": _pacemakerd,
}
"""What is served, by name."""
