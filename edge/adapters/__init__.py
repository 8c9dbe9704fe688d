"""Ports to the bank's own systems. A bank's adapter is a distribution of its own; here are the ports, and what stands in."""
