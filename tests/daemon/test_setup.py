"""Laws of founding: one cluster or none, and each thing that stands against it has its sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcsx.errors import PcsxError
from tests.daemon.town import Town


def town() -> Town:
    return Town("n1", "n2", "n3")


def refusal(made: Town) -> PcsxError:
    """Return why there is no cluster, having seen that every node is as it was."""
    assert made.error is not None and made.founded is None
    assert made.as_it_was() and not any(house.in_ring for house in made.houses.values())
    return made.error


# --- the way it should go -------------------------------------------------------------------------


def test_lobbies_with_one_key_become_one_cluster():
    made = town()
    made.found()
    assert made.founded is None, "it waits until all are in"
    made.stand()
    assert made.founded is not None
    assert [node.name for node in made.founded.config.nodes] == ["n1", "n2", "n3"]
    assert all(house.in_ring and len(house.stored) == 1 for house in made.houses.values())


def test_a_node_without_an_address_is_found_by_its_name_or_by_its_announcement():
    made = town()
    made.names = {"n2": "192.0.2.2"}
    made.announced = {"n3": "192.0.2.3"}
    made.found("n1=192.0.2.1", "n2", "n3")
    made.stand()
    assert made.founded is not None
    assert [str(node.addresses[0].host) for node in made.founded.config.nodes] == [
        "192.0.2.1", "192.0.2.2", "192.0.2.3",
    ]  # fmt: skip


def test_all_on_loopback_is_right():
    made = town()
    for number, house in enumerate(made.houses.values(), 1):
        house.address = f"127.0.0.{number}"
    made.found()
    made.stand()
    assert made.founded is not None


def test_with_a_code_both_ends_show_the_same_digits_and_both_must_agree():
    made = town()
    for house in made.houses.values():
        house.key = None
        house.lobby.accepting = True
    made.found(terminal=True)
    shown = {(at, about): digits for at, about, digits in made.codes}
    digits = shown[("n1", "n2")]
    assert digits == next(d for at, _, d in made.codes if at == "n2") and len(digits) == 6
    for name in ("n2", "n3"):
        assert made.as_it_was(), "nothing is stored before all have agreed"
        made.compare(name, True)
        made.accept(name, shown[("n1", name)], True)
    made.stand()
    assert made.founded is not None


# --- what stands against it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "name", "text"),
    [
        (("n1=192.0.2.1",), "we b", "'we b' is not a cluster's name"),
        (("n1=192.0.2.1", "n 2=192.0.2.2"), "web", "'n 2' is not a node's name"),
        (("n1=192.0.2.1", "n1=192.0.2.2"), "web", "node n1 is named twice"),
        (
            ("n1=192.0.2.1", "n2=192.0.2.1"), "web",
            "192.0.2.1 is the address of both n1 and n2",
        ),
        (("n1=192.0.2.1", "n2=192.0.2.2:x"), "web", "'192.0.2.2:x' is not an address of n2"),
        (("n2=192.0.2.2",), "web", "this node, n1, is not among the nodes named"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_told_before_anybody_is_asked(
    words: tuple[str, ...], name: str, text: str
):
    made = town()
    made.found(*words, name=name)
    assert str(refusal(made)) == text
    assert made.lines == []


def test_all_faults_of_a_request_are_told_at_once():
    made = town()
    made.found("n1=192.0.2.1", "n1=192.0.2.1", "-x=192.0.2.3", name="")
    assert len(str(refusal(made)).splitlines()) == 4


def test_loopback_for_some_nodes_only_is_refused_with_the_way_out():
    made = town()
    made.names = {"n2": "127.0.1.1"}
    made.found("n1=192.0.2.1", "n2", "n3=192.0.2.3")
    error = refusal(made)
    assert str(error) == "n2 is 127.0.1.1 here, a loopback address that other nodes cannot reach"
    assert error.hint == "Give its address, as in n2=192.0.2.1, or mend /etc/hosts."


def test_an_address_that_means_nothing_is_told():
    made = town()
    made.found("n1=192.0.2.1", "n2=nowhere.example", "n3=192.0.2.3")
    assert str(refusal(made)) == "the address nowhere.example means nothing here"


def test_a_node_that_nobody_knows_is_told_after_listening_for_it():
    made = town()
    made.found("n1=192.0.2.1", "n2=192.0.2.2", "n3")
    assert made.error is None
    made.wait()
    error = refusal(made)
    assert str(error).startswith("n3 was not found: the name means nothing here")
    assert error.hint == "Give its address, as in n3=192.0.2.1; is pcsx daemon up there?"


@pytest.mark.parametrize(
    ("errno", "text"),
    [
        ("ECONNREFUSED", "n2: nothing listens at 192.0.2.2 port 5450"),
        ("ETIMEDOUT", "n2: no answer from 192.0.2.2 port 5450; a firewall may drop it"),
        ("EHOSTUNREACH", "n2: there is no way to 192.0.2.2"),
    ],
)
def test_a_closed_port_is_told_with_what_to_look_at(errno: str, text: str):
    made = town()
    made.closed["192.0.2.2"] = errno
    made.found()
    while made.error is None:
        made.wait()
    error = refusal(made)
    assert made.now_ms < 10_000
    assert str(error) == text
    assert error.hint == "On n2: is pcsx daemon running, and TCP and UDP port 5450 open?"


def test_a_daemon_that_is_just_being_started_is_waited_for():
    made = town()
    made.closed["192.0.2.2"] = "ECONNREFUSED"
    made.found()
    made.wait()
    assert made.error is None
    made.closed.clear()
    made.wait()
    made.stand()
    assert made.founded is not None


def test_a_wrong_key_is_told_and_nothing_is_given_away():
    made = town()
    made.houses["n3"].key = bytes(32)
    made.found()
    error = refusal(made)
    assert str(error) == "n3 is not trusted: the bootstrap keys of the two nodes differ"
    assert "bootstrap.key" in error.hint


def test_a_node_without_a_key_is_told():
    made = town()
    made.houses["n2"].key = None
    made.found()
    assert str(refusal(made)) == "n2 is not trusted: this node has no bootstrap key"


def test_without_a_key_and_a_terminal_there_is_no_way_to_trust():
    made = town()
    made.houses["n1"].key = None
    made.found()
    error = refusal(made)
    assert str(error) == "there is no way to trust the other nodes: no bootstrap key here"
    assert "head -c 32 /dev/urandom" in error.hint and "compare a code" in error.hint


def test_with_a_code_a_person_must_wait_at_the_other_end():
    made = town()
    for house in made.houses.values():
        house.key = None
    made.found(terminal=True)
    error = refusal(made)
    assert "waits for a person: run there: pcsx cluster accept" in str(error)


@pytest.mark.parametrize("end", ["here", "there"])
def test_codes_that_differ_end_it(end: str):
    made = town()
    for house in made.houses.values():
        house.key = None
        house.lobby.accepting = True
    made.found(terminal=True)
    shown = {about: digits for at, about, digits in made.codes if at == "n1"}
    if end == "here":
        made.compare("n2", False)
    else:
        made.accept("n2", shown["n2"], False)
    assert "code" in str(refusal(made))


def test_a_node_in_a_cluster_is_left_alone():
    made = town()
    made.houses["n2"].lobby.cluster = "mail"
    made.found()
    error = refusal(made)
    assert str(error) == "n2 is in a cluster already: mail"
    assert "pcsx cluster destroy" in error.hint


def test_the_founder_itself_must_be_in_no_cluster():
    made = town()
    made.houses["n1"].lobby.cluster = "mail"
    made.found()
    assert str(refusal(made)) == "n1 is in a cluster already: mail"


def test_a_daemon_of_another_name_is_told():
    made = town()
    made.found("n1=192.0.2.1", "db=192.0.2.2", "n3=192.0.2.3")
    assert str(refusal(made)) == "the daemon found for db calls itself n2"


def test_a_copied_identity_is_refused():
    made = town()
    other = made.houses["n3"].lobby
    other.me = type(other.me)("n3", "", 5450, made.houses["n2"].lobby.me.identity, "0.1.0")
    made.found()
    error = refusal(made)
    assert str(error) == "n3 has the identity of n2: one is a copy of the other"
    assert "identity.key" in error.hint


def test_clocks_far_apart_are_refused_but_by_force():
    made = town()
    made.houses["n2"].skew_s = 3600
    made.found()
    error = refusal(made)
    assert str(error) == "the clock of n2 is 3600 s from this one's"
    assert error.hint == "Run a time service on all nodes, or add --force."
    forced = town()
    forced.houses["n2"].skew_s = 3600
    forced.found(force=True)
    forced.stand()
    assert forced.founded is not None
    assert [finding.code for finding in forced.founded.warnings] == ["clock"]


def test_clocks_a_little_apart_are_told():
    made = town()
    made.houses["n2"].skew_s = -5
    made.found()
    made.stand()
    assert made.founded is not None
    assert "warning: the clock of n2 is 5.0 s from this one's" in made.lines


# --- it fails whole -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["n1", "n3"])
def test_a_full_disk_anywhere_leaves_every_node_as_it_was(name: str):
    made = town()
    made.houses[name].full = "No space left on device"
    made.found()
    assert str(refusal(made)) == f"{name}: No space left on device"


def test_a_node_that_never_comes_into_the_ring_undoes_all():
    made = town()
    made.found()
    made.stand("n1", "n3")
    assert made.error is None
    made.wait()
    error = refusal(made)
    assert str(error) == "n2 did not come into the ring: not done after 60 s"
    assert error.exit_status == 6
    assert error.hint.startswith("Is the UDP port of n2 open in both directions?")


def test_a_cluster_is_founded_at_the_lowest_level_that_its_founder_speaks():
    made = town()
    home = next(iter(made.houses.values())).lobby
    home.me = replace(home.me, features=(3, 4))
    made.found()
    made.stand()
    assert made.founded is not None and made.founded.config.level == 3
