"""Which events this member tells to programs: what happened here, and what no one node did."""

from __future__ import annotations

from pcsx.cib.alerts import tellers_of
from pcsx.daemon import alerts, ledger
from pcsx.daemon.alerts import Alerts
from pcsx.daemon.member.hands import MemberEffect
from pcsx.daemon.records import OpRecord
from pcsx.daemon.scene import Scene
from pcsx.values import Now


class Telling:
    """See the module's paragraph."""

    def __init__(self, alerts: Alerts, scene: Scene) -> None:
        self.alerts, self._scene = alerts, scene

    @property
    def speaks(self) -> bool:
        """Return whether this member tells of what no one node did: one of them must."""
        return self._scene.members[:1] == (self._scene.me,)

    def tell(self, event: alerts.Happened | None, now: Now) -> list[MemberEffect]:
        """Tell of *event*, if it is one and the configuration wants to hear of any."""
        if event is None or not self.alerts.wanted:
            return []
        # Read when one is told of, because there are few and rules turn with time.
        self.alerts.tellers = tellers_of(self._scene.ledger.replica.cib, now.wall)
        return list(self.alerts.tell(event, now))

    def of_operation(self, record: OpRecord, now: Now) -> list[MemberEffect]:
        """Tell what an operation on this node came to."""
        return self.tell(alerts.operation_event(self._scene.name, record), now)

    def of_view(self, old: tuple[int, ...], new: tuple[int, ...], now: Now) -> list[MemberEffect]:
        """Tell who came into the view and who is lost from it."""
        if not self.speaks or not old:
            return []
        states = [(id, "member") for id in new if id not in old]
        states += [(id, "lost") for id in old if id not in new]
        effects: list[MemberEffect] = []
        for id, state in sorted(states):
            effects += self.tell(
                alerts.node_event(self._scene.config.node(id).name, id, state), now
            )
        return effects

    def of_attribute(self, node: int, name: str, value: str, now: Now) -> list[MemberEffect]:
        """Tell that a transient attribute of *node* changed."""
        event = alerts.attribute_event(self._scene.config.node(node).name, node, name, value)
        return self.tell(event, now)

    def of_fencing(self, case: ledger.Fencing, now: Now) -> list[MemberEffect]:
        """Tell how a fencing ended."""
        if not self.speaks or case.verdict == "void":
            return []
        names = {node.id: str(node.name) for node in self._scene.config.nodes}
        event = alerts.fence_event(
            names.get(case.target, str(case.target)), case.action, by=names.get(case.executor, ""),
            origin=case.by, verdict=case.verdict, reason=case.reason, case=case.case,
        )  # fmt: skip
        return self.tell(event, now)
