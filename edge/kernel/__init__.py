"""The ground floor: one path from a command to a durable fact. Knows no capability."""
