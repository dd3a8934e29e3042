"""Compiled kernels: calling convention, vector micro-kernels, elementary functions, random numbers."""
