"""The cash drawer behind a receipt printer, as a device of its own."""
