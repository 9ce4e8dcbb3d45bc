"""Attributes of nodes as agents set and read them: `crm_attribute`, `attrd_updater` and others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from pcsx.cib import Cib
from pcsx.cib.attributes import (
    is_told_apart,
    lasting_attributes,
    properties,
    property_of,
    with_attribute,
    with_property,
)
from pcsx.daemon.attributes import Delay, Refresh, Update, grown
from pcsx.daemon.tools.port import NO_SUCH, NO_SUCH_TEXT, Facts, NodeFacts, Said, Wrong, no_such
from pcsx.daemon.tools.words import Options, parsed
from pcsx.values import add_scores, parse_duration_ms, parse_score, score_text

# --- crm_attribute, crm_master --------------------------------------------------------------------

_ATTRIBUTE_OPTIONS: Final = """
    name|attr-name|n= update|attr-value|v= delete|delete-attr|D query|get-value|G quiet|q|Q
    lifetime|l= node|N|U|uname= type|t= set-name|s= utilization|z promotion|p? default|d= id|i=
    resource|r= force|f verbose|V wait|W inhibit-policy-engine|! pattern|P= output-as=
"""


def crm_attribute(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    options, left = parsed(words, _ATTRIBUTE_OPTIONS)
    if left:
        raise Wrong(f"what is '{left[0]}'?")
    return _attribute(options, env, facts, "reboot")


def crm_master(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    options, _ = parsed(words, _ATTRIBUTE_OPTIONS)
    options.setdefault("promotion", options.get("resource", ""))
    return _attribute(options, env, facts, "forever")


def _attribute(options: Options, env: Mapping[str, str], facts: Facts, lifetime: str) -> Said:
    name = options.get("name", "")
    if "promotion" in options:
        resource = options["promotion"] or env.get("OCF_RESOURCE_INSTANCE", "")
        if not resource:
            raise Wrong("whose promotion score? There is no OCF_RESOURCE_INSTANCE")
        name = promotion_name(resource, facts.cib)
        options.setdefault("lifetime", lifetime)
    scope = _scope(options)
    node = facts.node(options.get("node") or env.get("PCSX_NODE") or facts.me)
    if not name:
        return _several(options, scope, node, facts)
    if scope == "crm_config":
        return _property(options, name, facts)
    if node is None:
        return _no_such(options, name, scope)
    if scope == "status":
        return _transient(options, name, node)
    return _lasting(options, name, node, facts)


def _several(options: Options, scope: str, node: NodeFacts | None, facts: Facts) -> Said:
    """Return what is asked of, or done to, all attributes whose names fit the pattern."""
    writes = "update" in options or "delete" in options
    if "pattern" not in options and (writes or "query" not in options):
        raise Wrong("which attribute? --name is missing")
    if writes and scope != "status":
        raise Wrong("--pattern changes only what lasts until a reboot: --lifetime=reboot")
    if scope == "crm_config":
        values: Mapping[str, str] = properties(facts.cib, options.get("set-name", ""))
    elif node is None:
        values = {}
    elif scope == "status":
        values = node.attributes
    else:
        kind = "utilization" if "utilization" in options else "instance_attributes"
        values = lasting_attributes(facts.cib, node.name, kind, block=options.get("set-name", ""))
    names = _fitting(options.get("pattern", ""), values)
    if writes and node is not None:
        done = [_transient(options, name, node) for name in names]
        return Said(transient=tuple(event for each in done for event in each.transient))
    if not names:
        return _no_such(options, "", scope)
    return Said(stdout="".join(_shown(options, n, scope, values[n]).stdout for n in names))


def _fitting(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the *names* in which *pattern* is found, sorted."""
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise Wrong(f"'{pattern}' is no pattern: {error}") from None
    return sorted(name for name in names if wanted.search(name))


def promotion_name(resource: str, cib: Cib) -> str:
    """Return the attribute that holds the promotion score of *resource*.

    The number of an instance counts only where instances are told apart.
    """
    base, colon, number = resource.rpartition(":")
    if not colon or not number.isdigit():
        return f"master-{resource}"
    return f"master-{resource if is_told_apart(cib, base) else base}"


def _scope(options: Options) -> str:
    kind = options.get("type", "")
    if kind in ("crm_config", "status", "nodes"):
        return kind
    if kind:
        raise Wrong(f"there is no type '{kind}'")
    if "utilization" in options:
        return "nodes"
    lifetime = options.get("lifetime")
    if lifetime is None:
        return "nodes" if "node" in options else "crm_config"
    return "status" if lifetime == "reboot" else "nodes"


def _shown(options: Options, name: str, scope: str, value: str | None) -> Said:
    if value is None:
        value = options.get("default")
    if value is None:
        return _no_such(options, name, scope)
    if "quiet" in options:
        return Said(stdout=f"{value}\n")
    return Said(stdout=f"scope={scope}  name={name} value={value}\n")


def _no_such(options: Options, name: str, scope: str) -> Said:
    if "default" in options and "update" not in options:
        return _shown(options, name, scope, options["default"])
    return Said(NO_SUCH, stderr=f"crm_attribute: Error performing operation: {NO_SUCH_TEXT}\n")


def _transient(options: Options, name: str, node: NodeFacts) -> Said:
    kept = node.kept(name, block=options.get("set-name", ""))
    if "update" in options:
        value = grown(options["update"], node.attributes.get(name, ""))
        return Said(transient=(Update(node.id, kept, value, 0),))
    if "delete" in options:
        return Said(transient=(Update(node.id, kept, None, 0),))
    return _shown(options, name, "status", node.attributes.get(name))


def _lasting(options: Options, name: str, node: NodeFacts, facts: Facts) -> Said:
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


def _property(options: Options, name: str, facts: Facts) -> Said:
    block = options.get("set-name", "")
    present = property_of(facts.cib, name, block)
    if "update" in options:
        value = options["update"]
        return Said(cib=None if present == value else with_property(facts.cib, name, value, block))
    if "delete" in options:
        return Said(cib=None if present is None else with_property(facts.cib, name, None, block))
    return _shown(options, name, "crm_config", present)


# --- attrd_updater --------------------------------------------------------------------------------


def attrd_updater(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    options, _ = parsed(
        words,
        """name|n= update|U|v= update-both|B= update-delay|Y delete|D query|Q refresh|R delay|d=
        set|s|S= node|N= all|A private|p pattern|P= lifetime|l= wait|W= quiet|q verbose|V
        output-as=""",
    )
    if "refresh" in options:
        return Said(transient=(Refresh(),))
    if "pattern" in options:
        return _for_all(options, env, facts)
    name = options.get("name", "")
    if not name:
        raise Wrong("which attribute? --name is missing")
    delay_ms = None
    if "delay" in options:
        delay_ms = parse_duration_ms(options["delay"] or "0")
        if delay_ms is None:
            raise Wrong(f"'{options['delay']}' is no time")
    if "query" in options:
        return _queried(options, name, env, facts)
    node = facts.node(options.get("node") or env.get("PCSX_NODE") or facts.me)
    if node is None:
        return no_such(f"attrd_updater: there is no node {options.get('node')}")
    kept = node.kept(name, private="private" in options, block=options.get("set", ""))
    if "update-delay" in options:
        return Said(transient=(Delay(kept, delay_ms or 0),))
    if "delete" in options:
        return Said(transient=(Update(node.id, kept, None),))
    if "update-both" in options:
        value, both_ms = options["update-both"], delay_ms or 0
        return Said(transient=(Update(node.id, kept, _grown(value, node, name), both_ms),))
    if "update" not in options:
        raise Wrong("nothing is asked for: --update, --delete or --query")
    return Said(transient=(Update(node.id, kept, _grown(options["update"], node, name), delay_ms),))


def _for_all(options: Options, env: Mapping[str, str], facts: Facts) -> Said:
    """Do with each attribute of the node that fits the pattern what one call asks for."""
    if not {"update", "update-both", "delete"} & options.keys():
        raise Wrong("--pattern goes with --update, --update-both and --delete")
    node = facts.node(options.get("node") or env.get("PCSX_NODE") or facts.me)
    names = _fitting(options["pattern"], node.attributes if node is not None else ())
    left = [f"--{word}={value}" for word, value in options.items() if word in _EACH]
    left += [f"--{word}" for word in ("delete", "private") if word in options]
    done = [attrd_updater((*left, f"--name={name}"), env, facts) for name in names]
    return Said(transient=tuple(event for each in done for event in each.transient))


_EACH: Final = ("update", "update-both", "delay", "node")


def _grown(text: str, node: NodeFacts, name: str) -> str:
    return grown(text, node.attributes.get(name, ""))


def _queried(options: Options, name: str, env: Mapping[str, str], facts: Facts) -> Said:
    nodes = facts.nodes
    if "all" not in options:
        wanted = options.get("node") or env.get("PCSX_NODE") or facts.me
        nodes = tuple(node for node in nodes if node.name == wanted)
    lines = [
        f'name="{name}" host="{node.name}" value="{node.attributes[name]}"\n'
        for node in nodes
        if name in node.attributes
    ]
    if not lines and any(name in node.attributes for node in facts.nodes):
        # It is known, and this node has no value: that is no failure.
        lines = [f'name="{name}" host="{node.name}" value=""\n' for node in nodes]
    if not lines:
        return Said(
            NO_SUCH,
            stderr=f"attrd_updater: Could not query value of {name}: attribute does not exist\n",
        )
    return Said(stdout="".join(lines))


# --- crm_failcount --------------------------------------------------------------------------------


def crm_failcount(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    options, _ = parsed(
        words,
        """resource|r= node|N|U= query|G delete|D operation|n= interval|I= quiet|q verbose|V|Q""",
    )
    resource = options.get("resource") or env.get("OCF_RESOURCE_INSTANCE", "")
    if not resource:
        raise Wrong("whose failures? --resource is missing")
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
