"""The web process: pages, REST, the websocket stream, and the command that starts them."""

__version__ = "0.1.0"
