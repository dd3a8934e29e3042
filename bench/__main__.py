"""``python3 -m bench [--quick] [--json FILE] [--only NAME]``: measure, print, judge.

Every Python 3 since 3.6 can read this file, so that one too old is told so in one line.
"""

from bench.threads import use_one_thread
from server.bootstrap import prepare

if __name__ == "__main__":
    use_one_thread()
    # The page is measured in the tests' browser. Peers are taken where the extra `bench` is there.
    prepare("test")

    # Only now are the packages there that the rest is built on.
    from bench.command import main

    raise SystemExit(main())
