"""PIN pads: the customer's secret, encrypted before it leaves the pad."""
