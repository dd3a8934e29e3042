"""``python3 -m bench.rows WORKLOAD``: where the time of one training step goes, row by row.

Every Python 3 since 3.6 can read this file, so that one too old is told so in one line.
"""

from bench.threads import use_one_thread
from server.bootstrap import prepare

if __name__ == "__main__":
    use_one_thread()
    prepare()

    # Only now are the packages there that the rest is built on.
    from bench.row_times import main

    raise SystemExit(main())
