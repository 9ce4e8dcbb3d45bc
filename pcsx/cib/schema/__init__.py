"""The shape of a document: which elements stand where, and which attributes they have.

One table (`grammar.py`) says it for all releases of the field's schema, 1.0 to 4.0: what was
renamed is there under both names. `check_shape` tells what does not fit, by place and name;
`relax_ng` writes the same table as a RELAX NG schema, for tools of others.
"""

from pcsx.cib.schema.relaxng import relax_ng
from pcsx.cib.schema.shape import check_shape, check_shape_change

__all__ = ["check_shape", "check_shape_change", "relax_ng"]
