"""How long the branch keeps what belongs to a person, and how it is destroyed on request."""
