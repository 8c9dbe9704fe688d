"""Device drivers: codecs, drivers and byte-level emulators. Never imports edge."""
