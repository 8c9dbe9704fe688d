"""Who the branch recognises: keyed hashes of identities, a tier, and nothing in the clear."""
