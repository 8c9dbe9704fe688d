"""The branch itself: its name, services, counters and staff."""
