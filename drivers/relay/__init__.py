"""Relays that open things: the barrier at the drive, a cash drawer of its own."""
