"""Everything that Neurarium promises, as tests; ``python3 -m tests`` runs them."""
