"""The sandbox: a demo branch with emulated devices, a clock that can be set and a line that can be cut.

Its routes exist only with `--sandbox`. It speaks to the branch the way the world does: devices by their bytes, head office
through a real TCP line.
"""
