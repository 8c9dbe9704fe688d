"""The branch's car park: a bay for a visit, the barrier that opens for its car (R093, S31–S33)."""
