"""From a graph to an arena and an instruction table, and running them."""
