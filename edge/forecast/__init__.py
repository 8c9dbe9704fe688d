"""How long everybody will wait: the real call rule, simulated forward many times. Read simulate.py first."""
