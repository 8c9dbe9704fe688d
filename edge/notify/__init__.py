"""Telling people: the live feed's topics, the phone's view of its ticket, notices to staff."""
