"""`resource bundle create`, `reset` and `update`."""

from __future__ import annotations

from collections.abc import Sequence

from pcsx.cib.edit import bundles
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

KEYWORDS = ("container", "network", "port-map", "storage-map", "meta")


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    bundle = Level("bundle", "Run containers that the cluster starts, and resources inside them.")
    parts = (
        "[network NAME=VALUE...] [port-map NAME=VALUE...]... [storage-map NAME=VALUE...]... "
        "[meta NAME=VALUE...]"
    )
    bundle.verb("create", usage=f"ID container KIND NAME=VALUE... {parts}", options=("disabled",))(
        create
    )
    bundle.verb("reset", usage=f"ID [container NAME=VALUE...] {parts}", options=("disabled",))(
        reset
    )
    bundle.verb(
        "update",
        usage="ID [container NAME=VALUE...] [network NAME=VALUE...] "
        "[port-map add NAME=VALUE... | delete ID...]... "
        "[storage-map add NAME=VALUE... | delete ID...]... [meta NAME=VALUE...]",
    )(update)
    level.add_command(bundle)


def create(run: Run, words: list[str]) -> None:
    """Create a bundle: containers of one image, with a network and storage if wanted.

    \b
    Example:
        pcsx resource bundle create web container podman image=web:1 replicas=2 \\
            network ip-range-start=10.0.0.20 host-netmask=24 port-map port=80
    """
    if not words:
        raise args.misused(run.usage)
    parts = args.sections(words[1:], KEYWORDS, once=("container", "network", "meta"))
    container = args.flat(parts.get("container"))
    if args.flat(parts[""]):
        raise args.misused(run.usage)
    kind = container.pop(0) if container and "=" not in container[0] else ""
    if not kind:
        raise wrong_words("missing container type, use one of: docker, podman")
    new = _whole(parts, container)
    run.judge(bundles.faults(new, whole=True))
    disabled = run.flag("disabled")
    run.change(lambda base: bundles.create(base, words[0], kind, new, disabled=disabled))


def reset(run: Run, words: list[str]) -> None:
    """Configure a bundle anew; nothing of its old settings stays but what is inside it.

    \b
    Example:
        pcsx resource bundle reset web container image=web:2
    """
    if not words:
        raise args.misused(run.usage)
    parts = args.sections(words[1:], KEYWORDS, once=("container", "network", "meta"))
    new = _whole(parts, args.flat(parts.get("container")))
    run.judge(bundles.faults(new, whole=True))
    disabled = run.flag("disabled")
    run.change(lambda base: bundles.reset(base, words[0], new, disabled=disabled))


def _whole(parts: dict[str, list[list[str]]], container: Sequence[str]) -> bundles.Bundle:
    return bundles.Bundle(
        container=args.pairs(container),
        network=args.pairs(args.flat(parts.get("network"))),
        ports=[args.pairs(words) for words in parts.get("port-map", ())],
        storages=[args.pairs(words) for words in parts.get("storage-map", ())],
        meta=args.pairs(args.flat(parts.get("meta"))),
    )


def update(run: Run, words: list[str]) -> None:
    """Change a bundle; what is not named stays, an empty value removes.

    \b
    Example:
        pcsx resource bundle update web container image=web:2 port-map add port=443
    """
    if not words:
        raise args.misused(run.usage)
    parts = args.sections(words[1:], KEYWORDS, once=("container", "network", "meta"))
    ports, ports_gone = _mappings(parts.get("port-map", ()))
    storages, storages_gone = _mappings(parts.get("storage-map", ()))
    new = bundles.Bundle(
        container=args.pairs(args.flat(parts.get("container"))),
        network=args.pairs(args.flat(parts.get("network"))),
        ports=ports,
        storages=storages,
        meta=args.pairs(args.flat(parts.get("meta"))),
        ports_gone=ports_gone,
        storages_gone=storages_gone,
    )
    run.judge(bundles.faults(new, whole=False))
    run.change(lambda base: bundles.update(base, words[0], new))


def _mappings(lists: Sequence[Sequence[str]]) -> tuple[list[dict[str, str]], list[str]]:
    added: list[dict[str, str]] = []
    gone: list[str] = []
    for words in lists:
        if not words or words[0] not in ("add", "delete", "remove"):
            raise wrong_words("after port-map and storage-map say 'add' or 'delete'")
        if words[0] == "add":
            added.append(args.pairs(words[1:]))
        else:
            gone += words[1:]
    return added, gone
