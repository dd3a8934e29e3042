"""Tests of the server: its parts by themselves, and the whole with real sockets and engine."""
