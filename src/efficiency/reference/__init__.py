"""Reference tables: units, energy carriers, limits of unit product energy, industries; each row with its source."""
