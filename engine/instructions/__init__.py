"""Blocks of the arena and rows of the instruction table: what layers and losses write."""

from engine.instructions.arena import Block, Plan
from engine.instructions.emitter import Emitter, Row

__all__ = ["Block", "Emitter", "Plan", "Row"]
