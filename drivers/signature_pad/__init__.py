"""Signature pads: handwriting as the pen wrote it, with time and pressure."""
