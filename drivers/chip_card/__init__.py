"""Chip cards over PC/SC, by their contacts or their antenna. Only read, never asked for a cryptogram."""
