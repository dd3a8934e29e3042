"""Tests of the server: its parts by themselves, and the whole over real sockets with a real engine."""
