"""What a physiotherapist signs: instruments, red flags, exercises, protocols and dose rules, as data.

The TOML files are the content, README.md is their format, the modules here read them and decide nothing.
"""
