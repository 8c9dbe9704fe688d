"""What a bank does for its best customers beside the counter: a car that fetches them, cash brought to the door (S34)."""
