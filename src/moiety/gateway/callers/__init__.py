"""Who asks the gateway: keys, roles, and what each may."""
