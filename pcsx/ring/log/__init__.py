"""What was decided, durably: one log that a quorum of the voters keeps, after Raft (RING.md 6).

`Log` is the state machine, made of parts that share a `State`: `elections` and `turns` say who
leads, `sending`, `confirming`, `leading` and `reconfiguring` are the leader's, `following` the
follower's; `applying` gives out what is decided, `keeping` holds snapshots, `alone` goes on without
a quorum. `entries` holds the log in memory, `lease` what voters promise and leaders may do
meanwhile, `progress` how far each follower is, `snapshot` how a log is taken anew.
"""

from pcsx.ring.log.raft import Log, LogStatus

__all__ = ["Log", "LogStatus"]
