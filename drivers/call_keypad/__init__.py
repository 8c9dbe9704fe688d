"""Call keypads on RS-485: several tellers' keypads on one bus, each with its own display."""
