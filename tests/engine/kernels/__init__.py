"""Tests of what kernels are made of: calling convention, vectors, mathematics, chance, cache."""
