"""Before scoring: returns that are late or missing, and returns whose layout or figures have changed."""
