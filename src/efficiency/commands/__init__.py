"""One module for each command: its options and what it prints.

A command imports what it runs only when it is chosen, so that `efficiency --help` is quick.
"""
