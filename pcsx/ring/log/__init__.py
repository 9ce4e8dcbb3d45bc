"""What was decided, durably: one log that a quorum of the voters keeps, after Raft (RING.md 6).

`Log` is the state machine. `entries` holds the log in memory, `lease` what voters promise and
leaders may do meanwhile, `progress` how far each follower is, `snapshot` how a log is taken anew.
"""

from pcsx.ring.log.raft import Log, LogStatus

__all__ = ["Log", "LogStatus"]
