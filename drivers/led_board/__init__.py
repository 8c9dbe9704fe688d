"""Boards of lights on RS-485: the number over a window, the large one in the hall."""
