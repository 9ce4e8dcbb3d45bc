"""What resource and fence agents are: names, metadata, invocations and outcomes.

What is named here is loaded when it is first used: one command needs little of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pcsx.agents.find import Installed, ocf_root_of
    from pcsx.agents.invoke import (
        Call,
        Host,
        fence_invocation,
        invocation_of,
        metadata_invocation,
    )
    from pcsx.agents.metadata import (
        AdvisedAction,
        AgentMetadata,
        Parameter,
        check_parameters,
        metadata_from_json,
        parse_metadata,
    )
    from pcsx.agents.names import STANDARDS, AgentName, parse_agent
    from pcsx.agents.outcome import last_words, outcome_of, plain
    from pcsx.agents.types import Exit, Invocation, Outcome, Secret, Status, UnitTask

_HOMES: Final = {
    "find": "Installed ocf_root_of",
    "invoke": "Call Host fence_invocation invocation_of metadata_invocation",
    "metadata": "AdvisedAction AgentMetadata Parameter check_parameters metadata_from_json "
    "parse_metadata",
    "names": "STANDARDS AgentName parse_agent",
    "outcome": "last_words outcome_of plain",
    "types": "Exit Invocation Outcome Secret Status UnitTask",
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names.split():
            return getattr(import_module(f"pcsx.agents.{module}"), name)
    raise AttributeError(name)


__all__ = [
    "STANDARDS",
    "AdvisedAction",
    "AgentMetadata",
    "AgentName",
    "Call",
    "Exit",
    "Host",
    "Installed",
    "Invocation",
    "Outcome",
    "Parameter",
    "Secret",
    "Status",
    "UnitTask",
    "check_parameters",
    "fence_invocation",
    "invocation_of",
    "last_words",
    "metadata_from_json",
    "metadata_invocation",
    "ocf_root_of",
    "outcome_of",
    "parse_agent",
    "parse_metadata",
    "plain",
]
