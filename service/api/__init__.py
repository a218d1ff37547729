"""The REST surface: one module for each resource, and the bridge that they stand on."""
