"""Reconciling branches with head office: one sans-IO protocol, two ends. Never imports edge."""
