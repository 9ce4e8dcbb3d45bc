"""`pcsx config`: the whole configuration on one page."""

from __future__ import annotations

from typing import Any

from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "config",
    """Show the whole configuration.

    \b
    Example:
        pcsx config
    """,
    default="show",
)


@command.verb("show", usage="", options=("output-format",))
def show(run: Run, words: list[str]) -> None:
    """Show nodes, resources, fence devices, constraints, alerts, defaults, properties and tags.

    \b
    Example:
        pcsx -f cib.xml config show
    """
    from pcsx.cib.edit import levels, properties, read
    from pcsx.cib.objects.document import Document
    from pcsx.cib.objects.resources import Primitive, Template
    from pcsx.shell.commands.stonith.levels import level_lines
    from pcsx.shell.output.constraints import TITLES, constraints_object, kind_lines
    from pcsx.shell.output.defaults import defaults_lines
    from pcsx.shell.output.others import alert_lines, alert_objects, tag_lines
    from pcsx.shell.output.pairs import indented
    from pcsx.shell.output.resources import resource_lines, resources_object

    if words:
        raise args.misused(run.usage)
    cib = run.cib()
    document = Document(cib)
    everything = [one for one in document.resources if not isinstance(one, Template)]
    devices = [r for r in everything if isinstance(r, Primitive) and r.class_ == "stonith"]
    others = [r for r in everything if r not in devices]
    options = properties.properties(cib)
    run.give(
        {
            "cluster_name": options.get("cluster-name", ""),
            "nodes": read.node_names(cib),
            "resources": resources_object(others),
            "stonith": resources_object(devices),
            "constraints": constraints_object(document.constraints),
            "alerts": alert_objects(cib),
            "properties": options,
            "tags": read.tags(cib),
        }
    )
    open_ = run.flag("show-secrets")
    lines = [f"Cluster Name: {options.get('cluster-name', '')}".rstrip()]
    lines += ["Pacemaker Nodes:", f" {' '.join(read.node_names(cib))}", "", "Resources:"]
    lines += indented(line for one in others for line in resource_lines(one, open=open_))
    lines += ["", "Stonith Devices:"]
    lines += indented(line for one in devices for line in resource_lines(one, open=open_))
    lines += ["Fencing Levels:", *indented(level_lines(levels.levels(cib))), ""]
    for kind in TITLES:
        lines += kind_lines(document, kind, ids=True, over=True)
    lines += ["", *alert_lines(cib), "", "Resources Defaults:"]
    lines += _defaults(defaults_lines(document.rsc_defaults, ids=True, over=True))
    lines += ["Operations Defaults:"]
    lines += _defaults(defaults_lines(document.op_defaults, ids=True, over=True))
    lines += ["", "Cluster Properties:"]
    lines += [f" {name}: {value}" for name, value in sorted(options.items())]
    lines += ["", "Tags:", *(indented(tag_lines(cib), 1) or [" No tags defined"])]
    run.say("\n".join(lines))


def _defaults(lines: list[Any]) -> list[str]:
    from pcsx.shell.output.pairs import indented

    return indented(lines or ["No defaults set"])
