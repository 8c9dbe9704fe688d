"""Passbook printers: lines into a customer's book."""
