"""What agents ask of the cluster as such: `crm_node`, `crm_mon`, `cibadmin`, `pacemakerd`."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from pcsx.cib.attributes import found_by
from pcsx.daemon.tools.port import (
    NO_QUORUM,
    NO_SUCH,
    NO_SUCH_TEXT,
    UNSUPPORTED,
    VERSION,
    Facts,
    Running,
    Said,
    Wrong,
)
from pcsx.daemon.tools.words import parsed
from pcsx.pe.digests import escaped


def crm_node(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    options, _ = parsed(
        words, "name|n cluster-id|i list|l partition|p quorum|q name-for-id|N= quiet|Q verbose|V"
    )
    if "name" in options:
        return Said(stdout=f"{env.get('PCSX_NODE') or facts.me}\n")
    if "quorum" in options:
        return Said(stdout="1\n") if facts.quorate else Said(NO_QUORUM, stdout="0\n")
    if "cluster-id" in options:
        node = facts.node(facts.me)
        return Said(stdout=f"{node.id}\n") if node else Said(NO_SUCH)
    if "name-for-id" in options:
        named = [node.name for node in facts.nodes if str(node.id) == options["name-for-id"]]
        return Said(stdout=f"{named[0]}\n") if named else Said(NO_SUCH)
    if last := [word for word in options if word in ("partition", "list")][-1:]:
        if last == ["partition"]:  # the later word wins, which agents build on
            return Said(stdout=" ".join(node.name for node in facts.nodes if node.online) + " \n")
        states = ((node, "member" if node.online else "lost") for node in facts.nodes)
        return Said(stdout="".join(f"{node.id} {node.name} {state}\n" for node, state in states))
    raise Wrong("nothing is asked for: --name, --list, --partition or --quorum")


def crm_mon(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call. What goes on in the background is a loop around it (`io/compat.py`)."""
    options, _ = parsed(
        words,
        """one-shot|1 output-as= as-xml|X inactive|r group-by-node|n show-node-attributes|A
        output-to= html|as-html|h= interval|i= quiet|Q verbose|V daemonize|d pid-file|p=
        failcounts|f operations|o timing-details|t tickets|c brief|b show-detail|R
        hide-headers|D neg-locations|L? fence-history|m? disable-ncurses|N include|I= exclude|U=""",
    )
    kind = options.get("output-as") or ("xml" if "as-xml" in options else "text")
    if "html" in options or kind == "html":
        return Said(stdout=status_html(facts))
    if kind == "xml":
        return Said(stdout=status_xml(facts))
    return Said(stdout=status_text(facts))


def status_text(facts: Facts) -> str:
    """Return nodes and resources as `crm_mon` shows them: a summary, a list, a list."""
    dc = next((node.name for node in facts.nodes if node.dc), "NONE")
    online = [node.name for node in facts.nodes if node.online]
    lines = ["Cluster Summary:", f"  * Current DC: {dc} - partition "
             + ("with quorum" if facts.quorate else "WITHOUT quorum"),
             f"  * {_count(len(facts.nodes), 'node')} configured", "", "Node List:"]  # fmt: skip
    for node in facts.nodes:
        if node.online and (node.standby or node.maintenance):
            lines.append(f"  * Node {node.name}: {'standby' if node.standby else 'maintenance'}")
        elif not node.online and not node.clean:
            lines.append(f"  * Node {node.name}: UNCLEAN (offline)")
    away = [node.name for node in facts.nodes if not node.online and node.clean]
    for word, names in (("Online", online), ("OFFLINE", away)):
        if names:
            lines.append(f"  * {word}: [ {' '.join(names)} ]")
    lines += ["", "Active Resources:"]
    for entry in facts.running():
        agent = ":".join(part for part in entry.agent if part)
        failed = "FAILED " if entry.failed else ""
        lines.append(f"  * {entry.resource}\t({agent}):\t {failed}{entry.role} {entry.node}")
    return "\n".join(lines) + "\n"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def status_html(facts: Facts) -> str:
    """Return the same as a page that loads itself again."""
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><meta http-equiv="refresh" '
        f'content="5"><title>Cluster Status</title></head>\n<body><pre>'
        f"{escape(status_text(facts))}</pre></body></html>\n"
    )


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
            "standby": _word(node.standby),
            "maintenance": _word(node.maintenance),
            "unclean": _word(not node.clean),
            "is_dc": _word(node.dc),
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


def cibadmin(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    options, _ = parsed(
        words, "query|Q xpath|A= scope|o= local|l no-children|n verbose|V node-path|e"
    )
    if "query" not in options:
        return Said(UNSUPPORTED, stderr="cibadmin: only --query is served here; see pcsx cib\n")
    path = options.get("xpath") or (f"//{options['scope']}" if "scope" in options else "/cib")
    try:
        texts = found_by(facts.document(), path)
    except ValueError as error:
        raise Wrong(f"'{path}' is no XPath: {error}") from None
    if not texts:
        return Said(NO_SUCH, stderr=f"Call cib_query failed: {NO_SUCH_TEXT}\n")
    if len(texts) == 1:
        return Said(stdout=f"{texts[0]}\n")
    body = "".join(f"  {line}\n" for text in texts for line in text.splitlines())
    return Said(stdout=f"<xpath-query>\n{body}</xpath-query>\n")


def _pacemakerd(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    if words in (("-$",), ("--version",)):
        return Said(stdout=f"Pacemaker {VERSION}\nWritten by pcsx\n")
    return Said(UNSUPPORTED, stderr="pacemakerd: pcsx runs this cluster\n")


def pacemakerd(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    if words in (("-$",), ("--version",)):
        return Said(stdout=f"Pacemaker {VERSION}\nWritten by pcsx\n")
    return Said(UNSUPPORTED, stderr="pacemakerd: pcsx runs this cluster\n")
