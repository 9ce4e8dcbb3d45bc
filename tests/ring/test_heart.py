"""Laws of the heart, on networks in memory: who is up, who is down, how soon, and on whose word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from pcsx.ring.config import PROFILES, RingConfig, next_lineage
from pcsx.ring.frames import (
    Armed,
    AskStats,
    Beat,
    BeatHeard,
    Boot,
    Doubt,
    Farewell,
    Guard,
    Heard,
    HeartStats,
    PeerState,
    Pulse,
    Reach,
    Rows,
    Tell,
    Told,
    Transmit,
    Unconfigure,
    Untell,
    Watch,
    Why,
)
from pcsx.ring.heart import LOUD_BEATS
from pcsx.ring.heart_port import Datagram, SendDatagram
from pcsx.ring.will import panic_key, sealed_panic
from pcsx.ring.wire import BEAT, FLAGS_AT, INIT, MAGIC, QUIET, TYPE_AT
from tests.ring.network import PSK, Network, identity_of, now_at, ring_of, with_options


def settled(count: int, **options: Any) -> Network:
    """Return a network of *count* nodes that have all found one another."""
    links, profile = options.pop("links", 1), options.pop("profile", "standard")
    network = Network(ring_of(count, links=links, profile=profile), **options)
    network.run(3000)
    for node in network.sites:
        for peer in network.sites:
            if peer != node:
                state = network.state(node, peer)
                assert state is not None and state.reach is Reach.UP
    return network


def stats(network: Network, node: int) -> Any:
    network.tell(node, AskStats())
    return json.loads(network.told(node, HeartStats)[-1][1].text)


def forget(network: Network) -> None:
    for site in network.sites.values():
        site.said.clear()


# --- life and death -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "profile"),
    [(2, "standard"), (3, "standard"), (5, "standard"), (16, "standard"), (3, "fast"), (3, "wan")],
)
def test_a_killed_node_is_down_at_all_others_within_the_times_of_the_profile(
    count: int, profile: str
) -> None:
    network = settled(count, profile=profile)
    timers = PROFILES[profile].scaled(count)
    network.kill(count)
    killed = network.now
    network.run(timers.down_ms + 2 * timers.beat_ms)
    for node in range(1, count):
        at, state = [(at, s) for at, s in network.told(node, PeerState) if s.node == count][-1]
        assert (state.reach, state.why) == (Reach.DOWN, Why.SILENCE)
        assert timers.down_ms - timers.beat_ms <= at - killed <= timers.down_ms + timers.beat_ms


def test_two_nodes_that_die_at_once_go_down_at_once() -> None:
    network = settled(5)
    network.kill(4)
    network.run(60)
    network.kill(5)
    network.run(3500)
    downs = [at for at, s in network.told(1, PeerState) if s.reach is Reach.DOWN]
    assert len(downs) == 2 and len(set(downs)) == 1


def test_the_loss_of_a_fifth_of_all_packets_takes_nobody_down() -> None:
    network = Network(ring_of(3), loss=0.2, seed=3)
    network.run(600_000)
    for node in network.sites:
        assert all(s.reach is not Reach.DOWN for _, s in network.told(node, PeerState))
        assert {s.node for _, s in network.told(node, PeerState) if s.reach is Reach.UP} == (
            {1, 2, 3} - {node}
        )


def test_the_same_seed_gives_the_same_packets_and_frames() -> None:
    def story() -> Any:
        network = Network(ring_of(3), loss=0.1, seed=11, delay_ms=(0, 40))
        network.record = True
        network.run(4000)
        network.kill(2)
        network.run(4000)
        return network.wire, network.sites[1].said

    assert story() == story()


def test_a_quiet_cluster_tells_the_brain_nothing() -> None:
    network = settled(3)
    for node in network.sites:
        network.tell(node, Beat(b"term 4"))
    network.run(2000)
    forget(network)
    network.run(60_000)
    assert all(site.said == [] for site in network.sites.values())


def test_a_changed_beat_is_told_once_to_each_peer() -> None:
    network = settled(3)
    forget(network)
    network.tell(2, Beat(b"lease 9"))
    network.run(1000)
    heard = [frame for _, frame in network.told(1, BeatHeard)]
    assert heard == [BeatHeard(2, network.sites[2].boot, b"lease 9")]


@pytest.mark.parametrize("node", [1, 3])
def test_a_restarted_node_is_known_at_once_and_its_life_before_is_over(node: int) -> None:
    network = settled(3)
    old = network.sites[node].boot
    network.kill(node)
    forget(network)
    started = network.now
    new = network.boot(node, 2).boot
    network.run(1000)
    for peer in {1, 2, 3} - {node}:
        assert [(s.reach, s.why, s.boot) for s in network.states(peer, node)] == [
            (Reach.DOWN, Why.REBOOTED, old),
            (Reach.UP, Why.HEARD, new),
        ]
        assert network.told(peer, PeerState)[-1][0] - started < 300


def test_a_farewell_is_believed_at_once_and_the_same_life_may_return() -> None:
    network = settled(3)
    forget(network)
    network.tell(2, Farewell())
    network.run(10)
    state = network.state(1, 2)
    assert state is not None and (state.reach, state.why) == (Reach.DOWN, Why.LEFT)
    network.run(5000)
    assert len(network.states(1, 2)) == 1
    network.tell(2, Unconfigure())
    network.configure(2, network.config)
    network.run(2000)
    state = network.state(1, 2)
    assert state is not None and (state.reach, state.boot) == (Reach.UP, network.sites[2].boot)
    assert network.state(2, 1) is not None


def test_a_farewell_comes_through_where_every_third_packet_is_lost() -> None:
    network = settled(3, loss=0.33, seed=5)
    network.tell(2, Farewell())
    network.run(1500)
    for node in (1, 3):
        state = network.state(node, 2)
        assert state is not None and state.why is Why.LEFT


def test_a_farewell_is_said_to_its_end_before_the_ring_is_forgotten() -> None:
    network = settled(2)
    network.cut(2, 1)
    network.tell(2, Farewell(), Unconfigure())
    network.run(150)
    network.heal()
    network.run(1000)
    state = network.state(1, 2)
    assert state is not None and state.why is Why.LEFT
    assert network.sites[2].bound == () and network.sites[2].heart.deadline_ms is None


def test_the_will_tells_a_death_at_once_and_only_for_that_life() -> None:
    network = settled(3)
    dead = network.kill(2)
    forget(network)
    network.send_will(2)
    network.run(5)
    assert [(s.reach, s.why, s.boot) for s in network.states(1, 2)] == [
        (Reach.DOWN, Why.DIED, dead.boot)
    ]
    network.boot(2, 2)
    network.run(500)
    network.sites[2].wills, now = dead.wills, network.sites[2]
    now.alive = False
    network.send_will(2)
    now.alive = True
    network.run(1000)
    state = network.state(1, 2)
    assert state is not None and (state.reach, state.boot) == (Reach.UP, now.boot)


def test_a_will_is_left_before_the_first_packet_of_a_session_has_come() -> None:
    network = Network(ring_of(2), delay_ms=(10, 10))
    while network.state(1, 2) is None:
        network.run(1)
    assert network.state(2, 1) is None
    network.kill(2)
    network.send_will(2)
    network.run(11)
    state = network.state(1, 2)
    assert state is not None and state.why is Why.DIED


def test_a_dead_life_does_not_come_back_after_its_will() -> None:
    network = settled(2)
    site = network.kill(2)
    network.send_will(2)
    network.run(50)
    forget(network)
    site.alive = True
    network.configure(2, network.config)
    network.run(5000)
    assert network.states(1, 2) == []


def test_a_panic_is_believed_at_once_and_once() -> None:
    network = settled(3)
    dead = network.kill(2)
    forget(network)
    before = network.now
    said = network.panic(2)
    network.run(5)
    for node in (1, 3):
        ((at, state),) = network.told(node, PeerState)
        assert (state.reach, state.why, state.boot) == (Reach.DOWN, Why.PANIC, dead.boot)
        assert at - before <= 2
    drops = stats(network, 1)["drop"].get("session", 0)
    for target, data in said:
        network.deliver(2, target, 0, data)
    network.run(5)
    assert len(network.states(1, 2)) == 1, "a replay says nothing"
    assert stats(network, 1)["drop"]["session"] == drops + 1
    network.boot(2, 2)
    network.run(1000)
    for target, data in said:
        network.deliver(2, target, 0, data)
    network.run(100)
    state = network.state(1, 2)
    assert state is not None and (state.reach, state.boot.counter) == (Reach.UP, 2)


def test_a_panic_of_another_life_another_session_or_nobodys_key_changes_nothing() -> None:
    network = settled(3)
    forget(network)
    wills = network.sites[2].wills
    assert wills is not None
    boot = wills.boot
    for will in wills.wills:
        to = network.where[will.addresses[0]][0]
        other = Boot(boot.counter + 1, boot.nonce)
        key, session = panic_key(will.key), will.session
        for forged in (
            sealed_panic(key=key, session=session, boot=other),
            sealed_panic(key=key, session=session ^ 1, boot=boot),
            sealed_panic(key=will.key, session=session, boot=boot),
            sealed_panic(key=bytes(32), session=session, boot=boot),
        ):
            network.deliver(2, to, 0, forged)
    network.run(3000)
    assert network.told(1, PeerState) == [] and network.told(3, PeerState) == []
    drops = stats(network, 1)["drop"]
    assert drops["seal"] == 2 and drops["session"] == 2


def test_a_panic_is_believed_from_a_session_that_was_renewed_a_moment_ago() -> None:
    network = settled(2)
    old = network.sites[2].wills
    network.configure(1, network.config, (bytes(reversed(PSK)), PSK))
    network.configure(2, network.config, (bytes(reversed(PSK)), PSK))
    network.run(500)
    assert network.sites[2].wills != old, "the session is another"
    network.kill(2)
    network.sites[2].wills = old  # the file on the disk may be that much older
    network.panic(2)
    network.run(5)
    state = network.state(1, 2)
    assert state is not None and state.why is Why.PANIC


# --- stalls, links, brains ------------------------------------------------------------------------


def test_a_node_that_stalled_doubts_itself_and_accuses_nobody() -> None:
    network = settled(3)
    forget(network)
    network.stall(1, 2500)
    network.cut(2, 1)
    network.cut(3, 1)
    network.run(2500 + 2900)
    doubt = network.told(1, Doubt)[0][1]
    assert doubt.score > 0 and doubt.silent_until_ms > 0
    assert network.told(1, PeerState) == []
    assert any(
        row.doubtful for _, rows in network.told(2, Rows) for row in rows.rows if row.node == 1
    )


def test_beats_that_were_missed_are_counted_with_their_time_and_delay() -> None:
    network = settled(3)
    assert stats(network, 1)["schedmiss"]["count"] == 0
    stalled = network.now
    network.stall(1, 1500)
    network.run(3000)
    missed = stats(network, 1)["schedmiss"]
    assert missed["count"] == len(missed["last"]) == 1
    (last,) = missed["last"]
    assert last["timestamp"] == stalled + 1500
    assert 1000 <= last["delay"] == missed["worst"] <= 1500
    assert stats(network, 2)["schedmiss"]["count"] == 0


def test_a_node_that_stalls_for_less_than_down_stays_in() -> None:
    network = settled(3)
    forget(network)
    network.stall(2, 2500)
    network.run(20_000)
    assert all(
        s.reach is not Reach.DOWN for n in network.sites for _, s in network.told(n, PeerState)
    )
    assert network.sites[1].heart.deadline_ms is not None


def test_whom_a_third_node_hears_is_not_down() -> None:
    network = settled(3)
    forget(network)
    network.cut(2, 1)
    network.run(20_000)
    assert [s.reach for s in network.states(1, 2)] == [Reach.SUSPECT]
    assert network.states(2, 1) == []
    rows = {row.node: row.hears for row in network.told(3, Rows)[-1][1].rows}
    assert rows == {1: 1 << 3, 2: 1 << 1 | 1 << 3, 3: 1 << 1 | 1 << 2}
    network.heal()
    network.run(1000)
    assert network.states(1, 2)[-1].reach is Reach.UP
    network.kill(2)
    network.run(3300)
    assert network.states(1, 2)[-1].reach is Reach.DOWN


def test_a_pair_whose_path_is_cut_one_way_is_down_on_the_deaf_side_only() -> None:
    network = settled(2)
    forget(network)
    network.cut(2, 1)
    network.run(5000)
    assert network.states(1, 2)[-1].reach is Reach.DOWN
    assert network.states(2, 1) == []


def test_a_cut_of_the_network_is_one_cut_on_each_side() -> None:
    network = settled(5)
    forget(network)
    for a in (1, 2):
        for b in (3, 4, 5):
            network.cut(a, b)
            network.cut(b, a)
    network.run(4000)
    for node, others in ((1, {3, 4, 5}), (4, {1, 2})):
        downs = [(at, s.node) for at, s in network.told(node, PeerState) if s.reach is Reach.DOWN]
        assert {peer for _, peer in downs} == others
        assert len({at for at, _ in downs}) == 1
    network.heal()
    network.run(1500)
    assert all(network.states(1, peer)[-1].reach is Reach.UP for peer in (3, 4, 5))


def test_a_hung_brain_is_first_unmanageable_and_then_down_though_its_heart_beats() -> None:
    network = settled(3)
    forget(network)
    network.sites[3].brain_alive = False
    stopped = network.now
    network.run(40_000)
    told = [(s.reach, s.why) for s in network.states(1, 3)]
    assert told == [(Reach.SUSPECT, Why.BRAIN), (Reach.DOWN, Why.BRAIN)]
    times = [at - stopped for at, _ in network.told(1, PeerState)]
    assert 4000 <= times[0] <= 5200 and 29_000 <= times[1] <= 30_300
    network.sites[3].brain_alive = True
    network.run(1000)
    assert network.states(1, 3)[-1].reach is Reach.UP


def test_the_watchdog_is_petted_only_while_the_brain_moves() -> None:
    network = settled(2, watchdog_ms=5000)
    site = network.sites[1]
    assert not site.petted
    network.tell(1, Guard(Watch.PET))
    assert network.told(1, Armed)[-1][1] == Armed(5000)
    network.run(1000)
    assert site.petted and network.now - site.petted[-1] <= 100
    site.brain_alive = False
    stopped = network.now
    network.run(20_000)
    assert site.petted[-1] - stopped <= 2500


def test_a_watchdog_that_is_to_bite_is_petted_no_more_and_only_the_brain_disarms_it() -> None:
    network = settled(2, watchdog_ms=5000)
    site = network.sites[1]
    network.tell(1, Guard(Watch.PET))
    network.run(1000)
    network.tell(1, Guard(Watch.BITE))
    stopped = network.now
    network.run(2000)
    assert site.petted[-1] <= stopped
    network.tell(1, Guard(Watch.PET))
    network.run(1000)
    assert site.petted[-1] > stopped + 2000
    network.tell(1, Unconfigure())
    assert not site.disarmed
    network.tell(1, Guard(Watch.DISARM))
    assert site.disarmed == [network.now]


def test_without_real_time_nobody_is_judged_faster_than_by_standard() -> None:
    network = settled(3, profile="fast", realtime=False)
    network.kill(3)
    network.run(2800)
    assert network.states(1, 3)[-1].reach is Reach.SUSPECT
    network.run(400)
    assert network.states(1, 3)[-1].reach is Reach.DOWN


def test_the_loss_of_one_of_two_links_changes_nothing_and_messages_take_the_other() -> None:
    network = settled(2, links=2)
    forget(network)
    network.cut(1, 2, link=0)
    network.cut(2, 1, link=0)
    network.run(5000)
    assert network.told(1, PeerState) == []
    network.tell(1, Transmit((2,), b"over there"))
    network.run(10)
    assert [frame.payload for _, frame in network.told(2, Heard)] == [b"over there"]


def test_of_eight_links_the_last_one_left_carries_all() -> None:
    network = settled(2, links=8)
    forget(network)
    for link in range(7):
        network.cut(1, 2, link=link)
        network.cut(2, 1, link=link)
    network.run(10_000)
    assert network.told(1, PeerState) == []
    network.tell(1, Transmit((2,), b"over there"))
    network.run(10)
    assert [frame.payload for _, frame in network.told(2, Heard)] == [b"over there"]
    assert len(stats(network, 1)["peers"]["2"]["links"]) == 8


def test_a_link_that_carries_one_way_is_not_chosen() -> None:
    network = settled(2, links=2)
    network.cut(1, 2, link=0)
    network.run(3000)
    network.tell(1, Transmit((2,), b"x"))
    network.run(10)
    assert network.told(2, Heard) != []


def test_the_link_with_the_higher_priority_carries_the_messages() -> None:
    config = with_options(ring_of(2, links=2), link1_priority="10")
    network = Network(config)
    network.run(3000)
    network.record = True
    network.tell(1, Transmit((2,), b"x" * 300))
    assert {link for source, _, link, _ in network.wire if source == 1} == {1}


# --- messages -------------------------------------------------------------------------------------


def test_a_megabyte_arrives_whole_and_small_messages_share_a_packet() -> None:
    network = settled(3)
    large = network.random.randbytes(1 << 20)
    network.tell(1, Transmit((2, 3), large))
    network.run(2000)
    for node in (2, 3):
        heard = [frame for _, frame in network.told(node, Heard)]
        assert heard == [Heard(1, network.sites[1].boot, large)]
    forget(network)
    network.record = True
    network.tell(1, *(Transmit((2,), b"%d" % number) for number in range(5)))
    assert len(network.wire) == 1
    network.run(10)
    assert [frame.payload for _, frame in network.told(2, Heard)] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_path_that_swallows_large_packets_still_carries_large_messages() -> None:
    network = Network(ring_of(2))
    network.size_max = 1300
    network.run(15_000)
    network.tell(1, Transmit((2,), bytes(100_000)))
    network.run(1000)
    assert [len(frame.payload) for _, frame in network.told(2, Heard)] == [100_000]


def test_a_narrow_path_is_not_called_lossy_for_what_was_too_wide_for_it() -> None:
    network = settled(2)
    network.size_max = 1300
    network.run(60_000)
    assert stats(network, 1)["peers"]["2"]["links"][0]["loss_percent"] == 0


def test_a_path_that_begins_to_swallow_large_packets_is_found_narrow_in_time() -> None:
    network = settled(2)
    network.size_max = 1300
    network.run(40_000)
    network.tell(1, Transmit((2,), bytes(100_000)))
    network.run(1000)
    assert [len(frame.payload) for _, frame in network.told(2, Heard)] == [100_000]


def test_what_is_lost_of_large_messages_is_given_up_in_time() -> None:
    network = settled(2, loss=0.05)
    for _ in range(6):
        network.tell(1, Transmit((2,), bytes(400_000)))
    network.run(1000)
    peer = network.sites[2].heart._peers[1]
    assert peer.assembly.size > 0
    network.run(10_000)
    assert peer.assembly.size == 0 and not peer.assembly


# --- strangers, replays, refusals -----------------------------------------------------------------


def test_packets_that_come_again_change_nothing() -> None:
    network = Network(ring_of(3))
    network.record = True
    network.run(3000)
    network.tell(1, Transmit((2, 3), b"once"))
    network.run(100)
    network.record = False
    forget(network)
    for source, target, link, data in network.wire:
        network.deliver(source, target, link, data)
    network.run(500)
    assert all(site.said == [] for site in network.sites.values())
    assert stats(network, 2)["drop"]["replay"] > 40


def test_packets_of_an_earlier_life_change_nothing() -> None:
    network = Network(ring_of(3))
    network.record = True
    network.run(3000)
    network.record = False
    for node in (1, 2, 3):
        network.kill(node)
        network.boot(node, 2)
    network.run(5000)
    forget(network)
    for source, target, link, data in network.wire:
        network.deliver(source, target, link, data)
    network.run(5000)
    assert all(site.said == [] for site in network.sites.values())


def test_replayed_calls_make_no_peer_of_one_that_is_gone() -> None:
    network = Network(ring_of(2))
    network.record = True
    network.run(3000)
    network.kill(1)
    network.kill(2)
    network.boot(2, 2)
    forget(network)
    for source, target, link, data in network.wire:
        if target == 2:
            network.deliver(source, target, link, data)
    network.run(10_000)
    assert network.told(2, PeerState) == []


def test_garbled_packets_change_nothing_but_a_counter() -> None:
    network = Network(ring_of(3), seed=9)

    def garbled(effect: SendDatagram, source: int, target: int) -> Iterator[bytes]:
        yield effect.data
        bad = bytearray(effect.data)
        bad[network.random.randrange(len(bad))] ^= 1 << network.random.randrange(8)
        yield bytes(bad)
        yield effect.data[: network.random.randrange(len(effect.data))]

    network.run(10)
    network.tamper = garbled
    network.run(5000)
    for node in network.sites:
        assert [s.reach for _, s in network.told(node, PeerState)] == [Reach.UP, Reach.UP]
        assert stats(network, node)["drop"]["seal"] > 10


def test_noise_never_raises_and_is_counted() -> None:
    network = settled(2)
    heart = network.sites[1].heart
    source = network.config.node(2).addresses[0]
    for size in (0, 1, 15, 31, 32, 40, 100, 200):
        for kind in range(40):
            noise = bytes([MAGIC, kind]) + network.random.randbytes(size)
            assert heart.step(Datagram(0, source, noise), now_at(network.now)) == []
    assert sum(stats(network, 1)["drop"].values()) == 8 * 40


def test_without_the_key_there_is_no_session() -> None:
    network = Network(ring_of(2), start=False)
    network.boot(1, 1)
    network.boot(2, 1)
    network.configure(2, network.config)
    network.tell(2, Unconfigure())
    network.configure(2, network.config, psks=(b"another key that is 32 bytes lon",))
    network.run(5000)
    assert network.told(1, PeerState) == [] and network.told(2, PeerState) == []
    assert stats(network, 1)["drop"]["mac"] > 0


def test_a_new_cluster_key_is_taken_up_without_anybody_missing_a_beat() -> None:
    network = settled(3)
    old, new = bytes(range(32)), bytes(range(32, 64))
    forget(network)
    for psks in ((old, new), (new, old), (new,)):
        for node in network.sites:
            network.configure(node, network.config, psks)
            network.run(300)
        network.run(2000)
    network.run(20_000)
    assert all(network.told(node, PeerState) == [] for node in network.sites)
    network.kill(3)
    network.boot(3, 2)
    network.configure(3, network.config, (new,))
    network.run(1000)
    assert network.states(1, 3)[-1].reach is Reach.UP


@pytest.mark.parametrize("seed", range(8))
def test_a_new_session_may_begin_with_a_beat_that_was_read_late(seed: int) -> None:
    network = settled(3, seed=seed)
    forget(network)
    for number in range(20):
        network.quiet_late_ms = 200
        for node in network.sites:
            network.configure(
                node, network.config, (bytes([number]) * 32, bytes([number + 1]) * 32)
            )
            network.tell(node, Pulse())
            network.run(20)
        network.run(500)
        for node in network.sites:
            network.configure(node, network.config, (bytes([number + 1]) * 32,))
        network.run(1500)
    assert all(network.told(node, PeerState) == [] for node in network.sites)


def test_sessions_are_renewed_and_nobody_notices() -> None:
    network = settled(2, loss=0.1)
    forget(network)
    first = network.sites[1].heart._peers[2].association.current
    network.run(400_000)
    association = network.sites[1].heart._peers[2].association
    assert association.current is not first
    assert len(association.channels) <= 2
    assert len(network.sites[1].heart._directory) <= 4
    assert network.told(1, PeerState) == []


def test_a_copy_of_a_node_is_told_that_it_is_cloned() -> None:
    network = settled(3)
    running = network.sites[1]
    for counter, text in ((0, "behind"), (1, "another node")):
        network.kill(1)
        copy = network.boot(1, counter)
        network.run(3000)
        told = [frame for _, frame in network.told(1, Told)]
        assert {(t.node, t.verdict) for t in told} == {(2, "CLONED"), (3, "CLONED")}
        assert all(text in t.reason for t in told)
        assert copy.said and network.told(1, PeerState) == []
    state = network.state(2, 1)
    assert state is not None and state.boot == running.boot


def test_a_restored_node_that_is_called_is_refused_as_well() -> None:
    network = settled(2)
    network.kill(2)
    network.boot(2, 0)
    network.run(3000)
    assert [(t.node, t.verdict) for _, t in network.told(2, Told)] == [(1, "CLONED")]
    assert network.told(2, PeerState) == []


def test_a_life_below_the_admitted_one_is_refused() -> None:
    config = ring_of(2)
    nodes = (config.nodes[0], replace(config.nodes[1], boot=7))
    network = Network(replace(config, nodes=nodes), start=False)
    network.boot(1, 1)
    network.boot(2, 6)
    network.run(2000)
    assert network.told(1, PeerState) == []
    assert [t.verdict for _, t in network.told(2, Told)] == ["CLONED"]


def with_life_over(network: Network, node: int, boot: int) -> RingConfig:
    """Return the ring as it is once lives of *node* up to *boot* are on record as over."""
    nodes = tuple(replace(n, over=boot) if n.id == node else n for n in network.config.nodes)
    return replace(network.config, nodes=nodes)


@pytest.mark.parametrize("gone", [1, 2])
def test_a_life_that_is_over_is_answered_fenced_whatever_it_asks(gone: int) -> None:
    other = 3 - gone
    network = Network(ring_of(2), start=False)
    network.boot(other, 1, config=with_life_over(network, gone, 4))
    network.boot(gone, 4)
    network.run(3000)
    assert network.told(other, PeerState) == []
    assert {(t.node, t.verdict) for _, t in network.told(gone, Told)} == {(other, "FENCED")}
    network.kill(gone)
    network.boot(gone, 5)
    network.run(1000)
    state = network.state(other, gone)
    assert state is not None and (state.reach, state.boot.counter) == (Reach.UP, 5)


def test_a_life_that_is_over_and_heard_is_told_so_and_down() -> None:
    network = settled(3)
    forget(network)
    for node in (1, 2):
        network.configure(node, with_life_over(network, 3, 1))
    network.run(3000)
    for node in (1, 2):
        assert [state.reach for state in network.states(node, 3)] == [Reach.DOWN]
    told = [t for _, t in network.told(3, Told)]
    assert {(t.node, t.verdict) for t in told} == {(1, "FENCED"), (2, "FENCED")}


def test_another_lineage_is_told_so_on_both_sides_and_nothing_else() -> None:
    network = Network(ring_of(2), start=False)
    network.boot(1, 1)
    network.boot(2, 1, config=replace(network.config, lineage=8))
    network.run(3000)
    for node in (1, 2):
        assert [t.verdict for _, t in network.told(node, Told)] == ["LINEAGE"]
        assert network.told(node, PeerState) == []


@pytest.mark.parametrize(("older", "newer"), [(1, 2), (2, 1)])
def test_of_two_generations_the_older_is_told_that_it_was_superseded(
    older: int, newer: int
) -> None:
    network = Network(ring_of(2), start=False)
    anew = next_lineage(network.config.lineage, bytes(7))
    network.boot(older, 1)
    network.boot(newer, 1, config=replace(network.config, lineage=anew))
    network.run(3000)
    assert {t.verdict for _, t in network.told(older, Told)} == {"SUPERSEDED"}
    assert {t.verdict for _, t in network.told(newer, Told)} == {"LINEAGE"}


def test_a_life_that_goes_on_in_another_lineage_goes_on_counting_its_rows() -> None:
    network = settled(2)
    said = max(row.seq for _, rows in network.told(1, Rows) for row in rows.rows if row.node == 1)
    forget(network)
    anew = replace(network.config, lineage=next_lineage(network.config.lineage, bytes(7)))
    for node in (1, 2):
        network.configure(node, anew)
    network.run(3000)
    later = [row.seq for _, rows in network.told(1, Rows) for row in rows.rows if row.node == 1]
    assert later and min(later) > said


@pytest.mark.parametrize("gone", [1, 3])
def test_a_removed_node_is_told_and_cannot_come_back(gone: int) -> None:
    network = settled(3)
    forget(network)
    config = network.config
    rest = replace(config, nodes=tuple(node for node in config.nodes if node.id != gone))
    for node in {1, 2, 3} - {gone}:
        network.configure(node, rest)
    network.run(100)
    assert network.states(2, gone)[-1].why is Why.REMOVED
    assert {t.verdict for _, t in network.told(gone, Told)} == {"REMOVED"}
    forget(network)
    network.kill(gone)
    network.boot(gone, 2)
    network.run(3000)
    assert {t.verdict for _, t in network.told(gone, Told)} == {"REMOVED"}
    assert network.states(2, gone) == []


def test_a_verdict_is_told_once_and_again_after_it_was_taken_back() -> None:
    network = settled(2)
    network.tell(1, Tell(2, "EXCLUDED", "no path n2<->n3 link0"))
    network.run(20_000)
    assert [t for _, t in network.told(2, Told)] == [Told(1, "EXCLUDED", "no path n2<->n3 link0")]
    network.tell(1, Untell(2))
    network.run(5000)
    network.tell(1, Tell(2, "EXCLUDED", "no path n2<->n3 link0"))
    network.run(100)
    assert len(network.told(2, Told)) == 2


def test_the_profile_can_be_changed_while_it_runs() -> None:
    network = settled(3)
    forget(network)
    for node in network.sites:
        network.configure(node, replace(network.config, profile="fast"))
    network.run(5000)
    assert all(network.told(node, PeerState) == [] for node in network.sites)
    network.kill(3)
    network.run(700)
    assert network.states(1, 3)[-1].reach is Reach.DOWN


def test_a_node_whose_key_is_changed_is_missed_by_nobody() -> None:
    network = settled(3)
    forget(network)
    key = identity_of(9)
    nodes = list(network.config.nodes)
    nodes[1] = replace(nodes[1], key=key.public_key().public_bytes_raw())
    config = replace(network.config, nodes=tuple(nodes))
    network.sites[2].private = key.private_bytes_raw()
    for node in (1, 2, 3):
        network.configure(node, config)
        network.run(200)
    network.run(5000)
    assert all(network.told(node, PeerState) == [] for node in network.sites)
    network.kill(2)
    network.run(3300)
    assert network.states(1, 2)[-1].reach is Reach.DOWN


def test_a_ring_of_one_beats_for_itself() -> None:
    network = Network(ring_of(1))
    network.run(10_000)
    assert network.told(1, PeerState) == []
    network.tell(1, Transmit((1, 2), b"to nobody"))
    assert stats(network, 1)["drop"] == {"nosession": 2}


def test_a_flood_of_recorded_calls_does_not_keep_a_new_peer_out() -> None:
    network = Network(ring_of(2), seed=4)
    network.record = True
    network.run(1000)
    calls = [entry for entry in network.wire if entry[3][1] == INIT]
    network.record = False
    network.kill(1)
    network.boot(1, 2)
    for _ in range(2000):
        network.deliver(*calls[0])
    network.run(2000)
    state = network.state(2, 1)
    assert state is not None
    assert (state.reach, state.boot) == (Reach.UP, network.sites[1].boot)
    assert network.sites[1].boot > Boot(1, 2**64)


# --- who is woken ---------------------------------------------------------------------------------


def beats(network: Network, source: int) -> list[int]:
    """Return the header's flags of the beats that *source* has sent since the wire was cleared."""
    sent = [data for node, _, _, data in network.wire if node == source]
    return [data[FLAGS_AT] for data in sent if data[TYPE_AT] == BEAT]


def test_beats_without_news_say_so_and_those_with_news_do_not() -> None:
    network = settled(3)
    network.run(2000)
    network.record = True
    network.run(1000)
    assert set(beats(network, 1)) == {QUIET}
    network.tell(1, Beat(b"term 5"))
    network.wire.clear()
    network.run(1000)
    told = beats(network, 1)
    assert told[: 2 * LOUD_BEATS] == [0] * 2 * LOUD_BEATS
    assert set(told[2 * LOUD_BEATS :]) == {QUIET}


def times_of_beats(network: Network, source: int, target: int, ms: int) -> list[int]:
    """Return how far apart the beats from *source* to *target* are in the next *ms*."""
    at: list[int] = []
    for _ in range(ms):
        network.wire.clear()
        network.run(1)
        if any((a, b) == (source, target) and d[TYPE_AT] == BEAT for a, b, _, d in network.wire):
            at.append(network.now)
    return [later - earlier for earlier, later in pairwise(at)]


@pytest.mark.parametrize(("profile", "calm"), [("standard", 2), ("fast", 1), ("vm", 2), ("wan", 1)])
def test_a_calm_heart_beats_half_as_often_where_that_leaves_five_beats_to_suspect(
    profile: str, calm: int
) -> None:
    network = settled(3, profile=profile)
    network.run(5000)
    network.record = True
    timers = PROFILES[profile].scaled(3)
    assert set(times_of_beats(network, 1, 2, 10_000)) == {calm * timers.beat_ms}
    assert timers.suspect_ms >= 5 * timers.calm_ms


def test_news_ends_the_calm_at_once() -> None:
    network = settled(3)
    network.run(5000)
    network.record = True
    network.wire.clear()
    heart = network.sites[1].heart
    assert heart.deadline_ms is not None
    network.run(heart.deadline_ms + 20 - network.now)
    network.tell(1, Beat(b"term 5"))
    assert heart.deadline_ms - network.now == 80
    assert times_of_beats(network, 1, 2, 350)[:2] == [100, 100]


def test_a_path_that_loses_ends_the_calm() -> None:
    network = settled(3)
    network.run(5000)
    network.loss = 0.1
    network.run(5000)
    network.record = True
    gaps = times_of_beats(network, 1, 2, 5000)
    assert gaps.count(100) > 0.9 * len(gaps)


def test_beats_to_a_peer_that_does_not_hear_us_are_read_at_once() -> None:
    network = settled(3)
    network.run(2000)
    network.cut(1, 2)
    network.run(1000)
    network.record = True
    network.run(500)
    to_the_deaf = [data for node, to, _, data in network.wire if (node, to) == (1, 2)]
    assert {data[FLAGS_AT] for data in to_the_deaf if data[TYPE_AT] == BEAT} == {0}


def test_a_heart_that_is_awake_anyhow_beats_a_little_early() -> None:
    network = settled(2)
    network.run(2000)
    heart = network.sites[1].heart
    due = heart.deadline_ms
    assert due is not None
    network.run(due - 5 - network.now)
    network.tell(1, Pulse())
    assert heart.deadline_ms == network.now
    network.run(50)
    network.tell(1, Pulse())
    assert heart.deadline_ms is not None and heart.deadline_ms > network.now
