"""The attacker: takes a store's bytes, attacks the copy and measures what comes out.

Nothing that attacks looks at anything but copied bytes, public formats and the people whom an attacker may be taken
to know. Every attack also runs, by the same code, on a plain twin, where it has to succeed.
"""
