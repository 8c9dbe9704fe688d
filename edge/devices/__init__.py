"""The branch's devices: what staff see of them, and the floor of drivers below."""
