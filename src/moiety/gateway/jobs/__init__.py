"""Bulk work that goes on behind an answer: people who are brought in from a file, some at a time.

| file | what |
|---|---|
| `inputs` | what was sent, sealed under a key that only this process has, in a folder that goes with it |
| `sql` | what became of each job: states, counts, and rows that were refused, by number and code |
| `running` | one after another, stopped between two batches |
| `refusals` | what is refused |
"""
