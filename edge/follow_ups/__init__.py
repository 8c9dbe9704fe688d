"""差评回访: somebody calls the customer behind a bad rating back, once, and the books say what came of it (R079)."""
