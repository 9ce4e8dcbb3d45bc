"""What resource and fence agents are: names, metadata, invocations and outcomes."""

from pcsx.agents.types import Exit, Invocation, Outcome, Status

__all__ = ["Exit", "Invocation", "Outcome", "Status"]
