"""The CIB: the cluster's one document, its typed objects, patches, checks and replica."""

from pcsx.cib.document import SECTIONS, Cib, Version

__all__ = ["SECTIONS", "Cib", "Version"]
