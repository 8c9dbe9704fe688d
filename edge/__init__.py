"""Branchbox edge: everything that runs on the branch's own box."""

__version__ = "2026.11.0"
