"""A care journey played against the running services and told step by step: `python -m demo`."""
