"""HTTP and WebSocket plumbing. Knows no capability: they declare routes here, `edge/app.py` joins them."""
