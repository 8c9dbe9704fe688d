"""Scanners of QR and bar codes: keyboard wedges and those on a serial line, triggered or always on."""
