"""Other libraries doing the same training steps, each as well as we can make it.

A module here names the package it needs and offers `contestants(workload)`: every reasonable way
to write the step with that library. The fastest of them in a short heat is compared. A package that
is not installed, or doesn't load on this machine, takes no part.
"""

from bench.peers import jax_peer, scikit_peer, torch_peer
from bench.peers.peer import Peer

PEERS: tuple[Peer, ...] = (torch_peer.PEER, jax_peer.PEER, scikit_peer.PEER)

__all__ = ["PEERS", "Peer"]
