"""One module a command: what it takes, and what it prints. Nothing heavy is imported before one is chosen."""
