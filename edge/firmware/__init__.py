"""New firmware for the branch's devices: a signed package, two people, block by block, believed when the device says so."""
