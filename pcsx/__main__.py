"""Which program is asked for: by the name we are called by, compat, else cli."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the program that the command line asks for and return its exit status."""
    try:
        return chosen()
    except KeyboardInterrupt:  # while the first modules load; later ones have their own frame
        print("Interrupted.", file=sys.stderr)
        return 130


def chosen() -> int:
    """Run the program of the name and the first words, with as little loaded as it needs."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from pcsx import __version__

        print(f"pcsx {__version__}")
        return 0
    if sys.argv[1:3] == ["completion", "ids"]:
        from pcsx.shell.ids import main as ids

        return ids(sys.argv[3:])
    if sys.argv[1:3] == ["completion", "reply"]:
        from pcsx.shell.params import main as params

        if (offered := params(sys.argv[3:])) is not None:
            return offered
    name = sys.argv[0].rpartition("/")[2]
    ours = name in ("pcsx", "pcs", "__main__.py")
    word = next((word for word in sys.argv[1:] if word[:1] != "-"), "")
    if ours and word == "status":
        from pcsx.shell.glance import main as glance

        if (seen := glance(sys.argv[1:])) is not None:
            return seen
    if word != "daemon":  # which uses them all
        from pcsx.later import put_off

        put_off()
    if not ours:
        from pcsx.shell import compat

        face = getattr(compat, "face", None)
        if face is not None and (program := face(name)) is not None:
            status: int = program(sys.argv[1:])
            return status
    from pcsx.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
