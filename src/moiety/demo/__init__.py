"""The demo: real photographs, real databases and a thief, in a temporary folder, for somebody who never heard
of it."""
