"""Settings out of the environment and `.env`, typed, checked, and told of in sentences."""
