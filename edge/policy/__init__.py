"""What head office, the region and the outlet have set: values in layers, with locks and their origin."""
