"""The same kernels in plain Python: equal results, and every line of them executed."""
