"""Readers a bank card is swiped through: keyboard wedges, and those on or inside a teller's serial keypad."""
