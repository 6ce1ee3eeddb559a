"""The job over the years: its schedule, record and notices, what is late, objections, audit, reissue and rollback."""
