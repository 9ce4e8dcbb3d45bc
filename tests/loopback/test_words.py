"""Words of the field on a cluster of real daemons: tickets, what is settled by itself, reports."""

from __future__ import annotations

import tarfile
from pathlib import Path

from lxml import etree

from tests.loopback.conftest import Town


def test_a_ticket_lets_run_what_needs_it_and_outlives_a_restart_of_the_node(cluster: Town):
    def done(*words: str) -> str:
        ran = cluster.run("n1", *words)
        assert ran.returncode == 0, (words, ran.stderr)
        return ran.stdout

    done("property", "set", "stonith-enabled=false")
    done("resource", "create", "shop", "ocf:pcsx:dummy", "--disabled")
    done("constraint", "ticket", "add", "sales", "shop")
    done("resource", "enable", "shop")
    assert cluster.run("n1", "ticket", "grant", "sales").returncode == 1
    assert "start shop" in done("ticket", "grant", "sales", "--force", "--dry-run")
    done("ticket", "grant", "sales", "--force", "--wait=60")
    assert cluster.json("n2", "ticket", "show")[0]["granted"] is True
    done("status", "query", "resource", "shop", "is-state", "started")
    assert "sales: granted" in done("status")
    tree = etree.fromstring(done("status", "xml").encode())
    assert tree.find("tickets/ticket").get("status") == "granted"
    done("cluster", "restart", "--wait=60")
    assert "sales: granted" in done("ticket", "show")
    done("ticket", "standby", "sales", "--wait=60")
    done("ticket", "revoke", "sales")
    assert "sales: not granted" in cluster.run("n2", "ticket", "show").stdout


def test_what_the_cluster_does_by_itself_says_so_and_ends_with_0(cluster: Town, tmp_path: Path):
    for words in (
        "cluster sync", "cluster sync corosync", "cluster reload corosync", "cluster auth",
        "host auth n1 n2 -u hacluster -p x", "host deauth n2", "pcsd certkey a b", "pcsd deauth",
        "client local-auth", "cluster pcsd-status all", "status pcsd n1", "status corosync",
        "status quorum", "status nodes both", "quorum config", "cluster start --all",
        "stonith sbd status", "stonith sbd disable", "resource relocate run",
    ):  # fmt: skip
        ran = cluster.run("n1", *words.split())
        assert ran.returncode == 0 and ran.stdout, (words, ran.stdout, ran.stderr)
    assert cluster.run("n1", "host", "auth", "n9").returncode == 1
    assert cluster.run("n1", "status", "pcsd", "n9").returncode == 2
    assert "On n2: pcsx cluster start" in cluster.run("n1", "cluster", "start", "n2").stderr
    ran = cluster.run("n1", "report", str(tmp_path / "r"))
    with tarfile.open(tmp_path / "r.tar.gz") as tar:
        names = set(tar.getnames())
    assert {"r/ring.json", "r/quorum.json", "r/status.txt", "r/cluster.json"} <= names, ran.stderr
