"""Looks at the built pages with a browser, without a box: see shots.py."""
