"""`make new-driver NAME=… KIND=…`: a family that passes its own conformance at once, to be filled with a real protocol."""
