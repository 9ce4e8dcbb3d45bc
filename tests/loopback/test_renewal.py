"""Most voters lost for good, and a node taken out while it was away: real daemons."""

from __future__ import annotations

import re
import time

from tests.loopback.conftest import Town


def told(town: Town, at: str, pattern: str, tries: int = 300) -> None:
    """Wait until the daemon *at* has said what *pattern* finds."""
    for _ in range(tries):
        if re.search(pattern, town[at].log.read_text()):
            return
        time.sleep(0.1)
    raise AssertionError(f"{at} never said {pattern}\n{town.logs()}")


def test_a_lone_survivor_begins_anew_and_the_others_come_over(cluster: Town):
    for name in ("n2", "n3"):
        cluster[name].kill()
    asked = cluster.run("n1", "cluster", "force-new")
    assert asked.returncode == 1 and "--accept-loss" in asked.stderr
    for _ in range(100):
        ran = cluster.run("n1", "cluster", "force-new", "--accept-loss", "n2", "--yes")
        if "has quorum" not in ran.stderr and "hears it" not in ran.stderr:
            break
        time.sleep(0.3)
    assert ran.returncode == 1 and "nobody has said that n3 is off" in ran.stderr
    ran = cluster.run("n1", "cluster", "force-new", "--accept-loss", "n2", "n3", "--yes")
    assert ran.returncode == 0, ran.stderr + cluster.logs()
    cluster.until_online("n1", 1)
    assert cluster.run("n1", "property", "set", "stonith-enabled=false").returncode == 0
    by_hand = cluster.json("n1", "stonith", "history")
    assert {case["target"] for case in by_hand} == {"n2", "n3"}

    # Two of three, of the older lineage: they have its quorum, and must yield all the same.
    cluster.start("n2", "n3")
    for name in ("n2", "n3"):
        told(cluster, name, "begun anew without this node; it is stopped")
        ran = cluster.run(name, "status")
        assert "pcsx cluster rejoin" in ran.stderr, ran.stderr
        ran = cluster.run(name, "cluster", "rejoin", "--yes", "--wait=60")
        assert ran.returncode == 0, ran.stderr + cluster.logs()
    cluster.until_online("n1", 3)
    for _ in range(50):
        votes = {n["name"]: n["votes"] for n in cluster.json("n2", "quorum", "status")["nodes"]}
        if votes == {"n1": 1, "n2": 1, "n3": 1}:
            break
        time.sleep(0.3)
    assert votes == {"n1": 1, "n2": 1, "n3": 1}
    assert "stonith-enabled" in cluster.run("n3", "property").stdout


def test_a_node_that_was_taken_out_finds_itself_in_the_lobby(cluster: Town):
    cluster["n3"].kill()
    cluster.until_online("n1", 2)
    ran = cluster.run("n1", "cluster", "node", "remove", "n3", "--force")
    assert ran.returncode == 0, ran.stderr
    for _ in range(300):
        if cluster.json("n1", "cluster", "authkey", "status")["stage"] == "settled":
            break
        time.sleep(0.1)
    cluster.start("n3")
    told(cluster, "n3", "removed from web: its state was moved away, back in the lobby")
    token = cluster.json("n1", "cluster", "token")["token"]
    ran = cluster.run("n3", "cluster", "join", token)
    assert ran.returncode == 0, ran.stderr + cluster.logs()
    cluster.until_online("n1", 3)
