"""The keys this node goes by, its own and the cluster's: what changes of them lead to."""

from __future__ import annotations

from collections.abc import Callable

from pcsx.daemon import events, messages, rekeying, rotation
from pcsx.daemon.effects import Effect, KeepIdentity, KeepKeys, TellHeart
from pcsx.daemon.member.hands import Hands, Known, MemberEffect
from pcsx.daemon.member.proposals import Proposals
from pcsx.daemon.rekeying import Rekeying
from pcsx.daemon.rotation import Rotation
from pcsx.daemon.scene import Scene
from pcsx.ring import port
from pcsx.ring.machine import Machine
from pcsx.values import Now, earlier


class Keys:
    """See the module's paragraph."""

    def __init__(
        self,
        rekeying: Rekeying,
        rotation: Rotation,
        scene: Scene,
        machine: Machine,
        proposals: Proposals,
        hands: Hands,
    ) -> None:
        self.rekeying, self.rotation = rekeying, rotation
        self._scene, self._machine = scene, machine
        self._proposals, self._hands = proposals, hands
        self._key_changed: Callable[[], list[Effect]] = list
        self.led_ms = 0
        """Since when the present leader is known."""

    @property
    def deadline_ms(self) -> int | None:
        """Return when to go on with a change of either key."""
        due_ms = self.rotation.deadline_ms(self._scene.ledger.trust, leading=self._scene.leading)
        return earlier(due_ms, self.rekeying.deadline_ms)

    def tick(self, now: Now) -> list[MemberEffect]:
        """Do what is due."""
        effects: list[MemberEffect] = []
        due_ms = self.rekeying.deadline_ms
        if due_ms is not None and due_ms <= now.ms:
            effects += self._rekeyed(self.rekeying.tick(now), now)
        return effects + self._rotated(self.rotation.tick(self._scene.ledger.trust, now), now)

    def configured(self, now: Now) -> list[MemberEffect]:
        """Go by the key that the ring's configuration says this node has."""
        return self._rekeyed(self.rekeying.decided(self._scene.config), now)

    def identity_kept(self, kept: events.IdentityKept, now: Now) -> list[MemberEffect]:
        """Go on with this node's own key, once the disk has it."""
        if kept.failure:
            self.rekeying.failed()
            text = f"the disk does not take this node's key: {kept.failure}"
            return [port.Note("keys", text)]
        return self._rekeyed(self.rekeying.kept(kept.coming, now), now)

    # --- the cluster's key ------------------------------------------------------------------------

    def keys_kept(self, kept: events.KeysKept, now: Now) -> list[MemberEffect]:
        """Go on with the cluster's keys, once the disk has them."""
        if kept.failure:
            return [port.Note("keys", f"the disk does not take the keys: {kept.failure}")]
        return self._rotated(self.rotation.kept(kept.keys, self._scene.ledger.trust), now)

    def decided(self, now: Now) -> list[MemberEffect]:
        """Go on as the log says of the cluster's keys."""
        return self._rotated(self.rotation.decided(self._scene.ledger.trust, now), now)

    def view_changed(self, now: Now) -> list[MemberEffect]:
        """Say in the new view what this node has."""
        return self._rotated(self.rotation.view_changed(self._scene.ledger.trust), now)

    def offered(self, key: bytes, now: Now) -> list[MemberEffect]:
        """Take the cluster's coming key from the leader."""
        return self._rotated(self.rotation.offered(key, self._scene.ledger.trust), now)

    def rotate(self, key: bytes, why: str, now: Now) -> list[MemberEffect]:
        """Begin to use *key* as the cluster's key, as the leader."""
        return self._rotated(self.rotation.begin(key, why), now)

    def go_by(self, keys: tuple[bytes, ...], now: Now, *, sure: bool) -> list[MemberEffect]:
        """Use the cluster's *keys*, which changed while this node was away, if that is *sure*."""
        return self._rotated(self.rotation.recalled(keys, sure=sure), now)

    def awaited(self, now: Now) -> list[int]:
        """Return the nodes that a change of the key waits for.

        Who is away for long, or known to be down, is given the key when it is back, by its own.
        """
        return [
            node.id
            for node in self._scene.config.nodes
            if node.id in self._scene.members
            or not (
                self._scene.is_clean_down(node.id)
                or now.ms - max(self._scene.lost_ms.get(node.id, 0), self.led_ms)
                >= rotation.ABSENT_MS
            )
        ]

    def lead(self, now: Now) -> list[MemberEffect]:
        """Carry a change of the cluster's key on, as the leader."""
        told = self.rotation.lead(
            self._scene.ledger.trust,
            nodes=self.awaited(now),
            members=self._scene.members,
            now=now,
        )
        return self._rotated(told, now)

    def _rotated(self, told: list[rotation.RotationEffect], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case rotation.Offer(node, key):
                    offer = messages.encode(messages.KeyOffer(key))
                    effects += self._hands.ring(port.SendTo(node, offer), now)
                case rotation.Keep(keys):
                    effects.append(KeepKeys(self._scene.config.cluster, keys))
                case rotation.Use(keys):
                    effects.append(port.Note("keys", f"{len(keys)} keys open sessions now"))
                    effects += [
                        TellHeart(said.frame)
                        for said in self._machine.use_keys(keys)
                        if isinstance(said, port.Say)
                    ]
                case rotation.Held(digest, used):
                    effects += self._hands.tell(messages.KeyHeld(digest, used), now)
                case rotation.Decide(fact):
                    effects += self._proposals.decide(fact, now, self._proposed)
        return effects

    def _proposed(self, proposed: port.Proposed, _: Now) -> list[MemberEffect]:
        if not proposed.index:
            self.rotation.refused()
        return []

    # --- this node's own key ----------------------------------------------------------------------

    def change_own(
        self, key: bytes, then: Callable[[], list[Effect]], now: Now
    ) -> list[MemberEffect]:
        """Begin to change this node's own key to the private *key*; do *then* once it is so."""
        self._key_changed = then
        return self._rekeyed(self.rekeying.begin(key), now)

    def _rekeyed(self, told: list[rekeying.RekeyingEffect], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case KeepIdentity():
                    effects.append(effect)
                    if not effect.coming:
                        effects.append(port.Note("keys", "this node's own key is another now"))
                        then, self._key_changed = self._key_changed, list
                        effects += then()
                case rekeying.BeKnownBy(identities):
                    effects.append(Known(identities[0]))
                    effects += [
                        TellHeart(said.frame)
                        for said in self._machine.use_identities(identities)
                        if isinstance(said, port.Say)
                    ]
                case rekeying.AskForKey(public):
                    if (leader := self._scene.leader) in self._scene.members:
                        wish = messages.encode(messages.KeyWish(public))
                        effects += self._hands.ring(port.SendTo(leader, wish), now)
        return effects

    def wished(self, sender: int, key: bytes, now: Now) -> list[MemberEffect]:
        """Have the configuration say that *key* is that of *sender*, as the leader."""
        config = self._scene.config
        if not self._scene.leading or config.with_key(sender, key) == config:
            return []
        return self._proposals.edit(lambda config: config.with_key(sender, key), now)
