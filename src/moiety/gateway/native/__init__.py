"""The gateway's own interface, under `/v1`."""
