"""Arithmetic that people can read: which number, its formula, the live values, in TeX."""
