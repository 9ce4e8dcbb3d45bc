"""A whole cluster of real daemons: founded, used from any node, killed, and whole again."""

from __future__ import annotations

import os
import re
import signal
import threading

from pcsx.client import Client
from pcsx.errors import PcsxError
from tests.loopback.conftest import Town


def test_any_node_answers_and_takes_changes(cluster: Town):
    assert "3 of 3 nodes online, quorate" in cluster.run("n3", "status").stdout
    ran = cluster.run("n3", "property", "set", "stonith-enabled=false")
    assert ran.returncode == 0, ran.stderr
    ran = cluster.run("n2", "resource", "create", "d", "ocf:pcsx:dummy", "--wait=30")
    assert ran.returncode == 0, ran.stderr + cluster.logs()
    assert re.search(r"Resource 'd' is running on: n[123]\.", ran.stderr)
    told = {at: cluster.json(at, "status")["resources"] for at in ("n1", "n2", "n3")}
    assert told["n1"] == told["n2"] == told["n3"]
    blocked = "resource create e ocf:pcsx:dummy fail=start op start on-fail=block --wait=30"
    ran = cluster.run("n2", *blocked.split())
    assert ran.returncode == 1
    assert re.search(r"Resource 'e' has failed on: n[123]", ran.stderr)


def test_without_a_fence_device_nothing_starts_and_create_says_both_ways_out(cluster: Town):
    ran = cluster.run("n1", "resource", "create", "d", "ocf:pcsx:dummy", "--wait=30")
    assert ran.returncode == 1
    assert "fencing is required and there is no fence device" in ran.stderr
    assert "pcsx stonith create" in ran.stderr and "stonith-enabled=false" in ran.stderr
    (resource,) = cluster.json("n1", "status")["resources"]
    assert resource["nodes"] == []


def test_a_daemon_told_to_end_leaves_in_good_order(cluster: Town):
    daemon = cluster["n3"].daemon
    assert daemon is not None
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(60) == 0
    cluster.until_online("n1", 2)
    assert cluster.json("n1", "stonith", "history") == []
    cluster.start("n3")
    cluster.until_online("n1", 3)


def test_every_acknowledged_write_outlives_kill_9_of_all_daemons(cluster: Town):
    acknowledged: list[list[str]] = [[], [], []]
    begun = threading.Barrier(4)

    def write(at: int) -> None:
        node = cluster[f"n{at + 1}"]
        begun.wait()
        for number in range(10_000):
            name = f"w{at}-{number}"
            ran = cluster.run(node.name, "node", "attribute", node.name, f"{name}=x")
            if ran.returncode:
                return
            acknowledged[at].append(name)

    writers = [threading.Thread(target=write, args=(at,)) for at in range(3)]
    for writer in writers:
        writer.start()
    begun.wait()
    while min(len(names) for names in acknowledged) < 3:
        pass
    for node in cluster.nodes.nodes:
        assert node.daemon is not None
        os.killpg(node.daemon.pid, signal.SIGKILL)
    for node in cluster.nodes.nodes:
        node.kill()
    for writer in writers:
        writer.join()
    names = [name for each in acknowledged for name in each]
    cluster.start("n1")
    alone = cluster.run("n1", "cluster", "cib").stdout  # as far as its disk knows, with no leader
    assert sum(f'"{name}"' in alone for name in names) >= len(names) - 2 * len(writers)
    cluster.start("n2", "n3")
    cluster.until_online("n1", 3)
    text = cluster.run("n2", "cluster", "cib").stdout
    assert [name for name in names if f'"{name}"' not in text] == []


def test_a_socket_where_nobody_listens_is_told_plainly(town: Town):
    ran = town.run("n1", "status")
    assert ran.returncode == 5
    assert "Traceback" not in ran.stderr and town["n1"].socket in ran.stderr


def test_garbage_on_the_local_socket_harms_nobody(cluster: Town):
    import socket

    for data in (b"\0" * 64, b"\xff" * 4096, b"{}\n", b'{"do":"nothing"}\n', b"GET / HTTP/1.1\n\n"):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(cluster["n1"].socket)
            client.sendall(data)
    assert cluster.run("n1", "status").returncode == 0


def test_the_client_of_python_reads_and_waits(cluster: Town):
    from pcsx.protocol import GetStatus

    answer = Client(cluster["n2"].socket).call(GetStatus())
    assert answer["cluster"]["quorate"]
    try:
        Client("/nowhere/pcsx.sock").call(GetStatus())
    except PcsxError as error:
        assert error.exit_status == 5
    else:
        raise AssertionError("it answered")


ACTS = ("stonith fence n2", "cluster stop", "cluster destroy --yes", "resource cleanup")


def test_a_dry_run_does_nothing_and_says_so_where_it_cannot_foresee(cluster: Town):
    before = cluster.run("n1", "cluster", "cib").stdout.split("<status", 1)[0]
    for words in ACTS:
        ran = cluster.run("n1", *words.split(), "--dry-run")
        assert ran.returncode == 1 and "acts at once" in ran.stderr, ran.stderr
    assert cluster.run("n1", "node", "standby", "n2", "--dry-run").returncode == 0
    cluster.until_online("n1", 3)
    assert cluster.run("n1", "cluster", "cib").stdout.split("<status", 1)[0] == before
