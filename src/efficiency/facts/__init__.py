"""From accepted figures to the profile of each enterprise: window totals, standard coal, land, products."""
