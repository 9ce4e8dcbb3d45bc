"""Cluster properties as JSON, in the shape that callers of pcs read."""

from __future__ import annotations

import json

from pcsx.cib.document import Cib
from pcsx.cib.objects.document import Document
from pcsx.shell.output.resources import block_object


def properties_json(cib: Cib) -> str:
    """Return the property sets of *cib*."""
    return json.dumps({"nvsets": [block_object(block) for block in Document(cib).crm_config]})
