"""Appointments: the slot book, signing in, experts, cash to be prepared, and codes that came by text message."""
