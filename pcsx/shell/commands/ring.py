"""`pcsx ring`: the nodes' connections as this node has them."""

from __future__ import annotations

from typing import Any

from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "ring",
    """Show how this node is connected to the others: views, links, and what is counted.

    \b
    Example:
        pcsx ring status
    """,
    default="status",
)


def _stats(run: Run) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the heart counts, and the nodes' names by their ids."""
    from pcsx.protocol import GetStatus, RingStats

    run.live_only("it asks the cluster")
    names = {str(node["id"]): node["name"] for node in run.source.call(GetStatus())["nodes"]}
    return run.source.call(RingStats())["stats"], names


@command.verb("status")
def status(run: Run, words: list[str]) -> None:
    """Show the view, the log, this node's own state, and what is held of each peer.

    \b
    Example:
        pcsx ring status
    """
    from pcsx.protocol import GetStatus, RingStatus

    if words:
        raise args.misused(run.usage)
    stats, names = _stats(run)
    cluster = run.source.call(GetStatus())["cluster"]
    ring = run.source.call(RingStatus())
    log = ring["log"]
    peers = {
        names.get(id, id): {key: peer[key] for key in ("reach", "why", "silent_ms", "brain_age_ms")}
        for id, peer in stats.get("peers", {}).items()
    }
    run.give(
        {
            "view": cluster["view"], "quorate": cluster["quorate"], "profile": cluster["profile"],
            "log": log, "rt": stats["rt"], "doubt": stats.get("doubt", 0),
            "missed": stats["schedmiss"]["count"], "peers": peers, "held_out": ring["held_out"],
            "feature": ring["feature"],
        }
    )  # fmt: skip
    view = cluster["view"]
    run.say(f"View: {f'{view[0]}.{view[1]}' if view else 'none yet'}, profile {cluster['profile']}")
    run.say(f"Quorate: {'yes' if cluster['quorate'] else 'no'} ({cluster['quorum_reason']})")
    leader = names.get(str(log["leader"]), "nobody")
    run.say(f"Log: {log['role']}, term {log['term']}, leader {leader}, index {log['commit']}")
    run.say(f"rt: {'yes' if stats['rt'] else 'no'}, doubt {stats.get('doubt', 0)} of 7, "
            f"{stats['schedmiss']['count']} missed schedules")  # fmt: skip
    feature = ring["feature"]
    level, (lowest, highest) = feature["level"], feature["speaks"]
    spoken = str(highest) if lowest == highest else f"{lowest} to {highest}"
    run.say(f"Feature level: {level}, and this pcsx speaks {spoken}")
    for name, text in feature["held_back"].items():
        run.say(f"  {name} keeps the cluster from level {level + 1}: it {text}")
    for name, text in ring["held_out"].items():
        run.say(f"  {name} is {text}")
    for name, peer in sorted(peers.items()):
        silent = "never heard" if peer["silent_ms"] is None else f"heard {peer['silent_ms']} ms ago"
        age = peer["brain_age_ms"]
        slow = f", its brain silent for {age / 1000:.1f} s: not manageable" if age > 5000 else ""
        run.say(f"  {name}: {peer['reach'].lower()} ({peer['why'].lower()}), {silent}{slow}")


@command.verb("links")
def links(run: Run, words: list[str]) -> None:
    """Show every link to every peer: round trip, loss, largest packet, and whether it works.

    \b
    Example:
        pcsx ring links
    """
    if words:
        raise args.misused(run.usage)
    stats, names = _stats(run)
    rows = []
    for id, peer in stats.get("peers", {}).items():
        for number, link in enumerate(peer["links"]):
            rows.append({"node": names.get(id, id), "link": number, **link})
    run.give(rows)
    for row in rows:
        silent = row["silent_ms"]
        works = "never heard" if silent is None else f"heard {silent} ms ago"
        way = "both ways" if row["reaches"] else "we are not heard there"
        rtt = "-" if row["rtt_ms"] is None else f"{row['rtt_ms']:.1f} ms"
        host, _, port = row["address"].partition(" ")
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        run.say(
            f"{row['node']} link {row['link']} ({address}): {works}, {way}, "
            f"round trip {rtt}, loss {row['loss_percent']} %, packets up to {row['size']}"
        )


@command.verb("stats")
def stats(run: Run, words: list[str]) -> None:
    """Show the counters of the heart: packets, drops by their reason, missed schedules.

    \b
    Example:
        pcsx ring stats
    """
    if words:
        raise args.misused(run.usage)
    counted, _ = _stats(run)
    run.give(counted)
    for name in ("received", "sent", "handshakes"):
        run.say(f"{name}: {counted[name]}")
    for reason, count in counted["drop"].items():
        run.say(f"drop.{reason}: {count}")
    run.say(f"not_taken: {counted['ring']['not_taken']}")
    run.say(f"schedmiss: {counted['schedmiss']['count']}")
    for miss in counted["schedmiss"]["last"]:
        run.say(f"  at {miss['timestamp']} ms: {miss['delay']} ms late")
