"""The 办法: its shape, its loading and checking, its expressions, and the built-in ones as commented TOML."""
