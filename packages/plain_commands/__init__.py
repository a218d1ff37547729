"""Programs that tell people in sentences: their settings, their errors and their commands."""
