"""The stories: enrol, verify, identify, erase, refresh, each over ports only."""
