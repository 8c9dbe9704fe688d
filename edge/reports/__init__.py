"""Reports: what happened, as rows a branch administrator can read, print and export."""
