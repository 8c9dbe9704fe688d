"""Rating pads beside a window: the customer's opinion with one key."""
