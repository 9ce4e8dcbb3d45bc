"""Fixtures of the tests of commands."""

from tests.shell.support import shell

__all__ = ["shell"]
