"""The configuration language: text to configuration and back, one file a family of elements.

`read` turns text into definitions (plain trees without the ids that can be made), `Workspace`
puts them into a configuration, and `show` prints one. What is printed always reads back into the
same configuration; what the language cannot say is printed as `xml`.
"""

from pcsx.shell.syntax.definition import Definition
from pcsx.shell.syntax.printing import show
from pcsx.shell.syntax.reading import read
from pcsx.shell.syntax.workspace import Workspace

__all__ = ["Definition", "Workspace", "read", "show"]
