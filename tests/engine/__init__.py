"""Tests of the engine: every promise of its docstrings, each number against an obvious twin."""
