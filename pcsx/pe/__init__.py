"""The policy engine: from the document to what must happen, in which order, and why."""

from pcsx.pe.transition import Action, ActionKind, Transition

__all__ = ["Action", "ActionKind", "Transition"]
