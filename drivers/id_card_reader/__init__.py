"""Readers of identity cards around the police's security module (SDT, SAM_V): serial, USB and TCP."""
