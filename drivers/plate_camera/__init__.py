"""Plate cameras at the drive: they push what they saw by HTTP."""
