"""Compiled kernels: calling convention, vector micro-kernels, mathematics, random numbers."""
