"""The two commands, the package, and the rules of the house."""
