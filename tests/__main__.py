"""``python3 -m tests [pytest's arguments]``: prepare what the tests need, then run pytest.

Every Python 3 since 3.6 can read this file, so that one too old is told so in one line.
"""

from server.bootstrap import prepare

if __name__ == "__main__":
    prepare("test")

    # Only now are the packages there that the rest is built on.
    from tests.command import main

    raise SystemExit(main())
