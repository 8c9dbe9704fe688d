"""A device behind somebody else's XFS4IoT service: a vendor's, or another Branchbox's."""
