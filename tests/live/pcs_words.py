"""Debian's pcs, loaded once in its own python: a line of JSON with words in, what came of them out.

Each run is a fork, since pcs remembers between two runs that there were errors.
"""

import json
import os
import sys
import tempfile

from pcs import app

for line in sys.stdin:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if not child:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            try:
                app.main(json.loads(line))
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else int(bool(end.code))
            else:
                status = 0
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        err.seek(0)
        answer = {"status": status, "out": out.read(), "err": err.read()}
    print(json.dumps(answer), flush=True)
