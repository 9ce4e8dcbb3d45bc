"""`cluster setup` between real daemons: what stands against it is told, and nothing is changed."""

from __future__ import annotations

from tests.loopback.conftest import Town


def refused(town: Town, *words: str, status: int = 1) -> str:
    """Run `cluster setup web WORDS` at n1, which must fail; return what it said last."""
    ran = town.run("n1", "cluster", "setup", "web", *words)
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stderr[ran.stderr.index("Error:") :]


def sound(town: Town) -> None:
    """See that every node waits in its lobby still, by founding a cluster of them."""
    ran = town.run("n1", "cluster", "setup", "web", *town.words())
    assert ran.returncode == 0, ran.stderr + town.logs()


def test_a_node_that_is_not_there_is_told_and_the_others_stay_free(town: Town):
    town.start("n1", "n2")
    told = refused(town, *town.words())
    address = town["n3"].address
    assert f"Error: n3: nothing listens at {address} port 5450" in told
    assert "On n3: is pcsx daemon running, and TCP and UDP port 5450 open?" in told
    town.start("n3")
    sound(town)


def test_a_wrong_key_is_told_and_the_others_stay_free(town: Town):
    town.start("n1", "n2")
    town.start_with_another_key("n3")
    told = refused(town, *town.words())
    assert "n3 is not trusted: the bootstrap keys of the two nodes differ" in told
    ran = town.run("n1", "cluster", "setup", "web", *town.words("n1", "n2"))
    assert ran.returncode == 0, ran.stderr


def test_a_node_in_a_cluster_is_told(cluster: Town):
    told = refused(cluster, *cluster.words())
    assert "n1 is in a cluster already" in told


def test_faults_of_the_request_are_told_at_once(town: Town):
    town.start("n1")
    told = refused(town, "n1=127.0.0.1", "n1=127.0.0.1", "n2=127.0.0.2:x")
    assert "node n1 is named twice" in told
    assert "127.0.0.1 is the address of both n1 and n1" in told
    assert "'127.0.0.2:x' is not an address of n2" in told


def test_loopback_for_some_only_is_told(town: Town):
    town.start("n1")
    told = refused(town, *town.words("n1"), "n2=192.0.2.2")
    assert "a loopback address that other nodes cannot reach" in told


def test_without_a_daemon_setup_says_how_to_start_one(town: Town):
    told = refused(town, *town.words(), status=5)
    assert "pcsx daemon" in told
