"""Measures Neurarium against its goals and its peers; `README.md` tells how.

``python3 -m bench`` measures, ``python3 -m bench.rows tiny`` shows where one training step's time
goes.
"""
