"""What outlives the process: sessions, their experiments, checkpoints and curves.

SQLAlchemy's Core rather than its ORM: the live objects are the registry's, the store only copies
them, so there is no identity map to keep; and importing Core alone takes a third less of a start.
"""
