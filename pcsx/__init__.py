"""pcsx keeps services running when machines die: one program is the daemon and the shell."""

__version__ = "0.1.0"
