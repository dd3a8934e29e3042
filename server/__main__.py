"""``python3 -m server``: prepare the environment where needed, then start Neurarium.

Every Python 3 since 3.6 can read this file, so that one too old is told so in one line.
"""

import gc

from server.bootstrap import prepare

if __name__ == "__main__":
    prepare()

    # Only now are the packages there that the rest is built on. Nothing that an import makes is
    # garbage: looking for some would take a tenth of the start.
    gc.disable()
    from server.cli import main

    gc.enable()
    raise SystemExit(main())
