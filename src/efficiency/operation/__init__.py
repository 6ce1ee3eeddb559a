"""What keeps the job honest over the years: its record, time travel, objections, watching."""
