"""What holds for all tests: none fails because the machine is busy or how they were started."""

from __future__ import annotations

import signal

from hypothesis import settings

# A shell has what it starts in the background ignore these, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
