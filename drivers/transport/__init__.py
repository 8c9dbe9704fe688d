"""Wires: how bytes get to a device and back. The only place that may import pyserial, pyusb, evdev or pyscard."""
