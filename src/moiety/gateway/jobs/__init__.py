"""Bulk work that goes on behind an answer: people who are brought in from a file, some at a time.

| file | what |
|---|---|
| `inputs` | what was sent, sealed, in a folder that whoever comes next takes over |
| `tickets` | the keys and the rest that they need who go on with a job, sealed under the gateway's root key |
| `standing` | whether what a job was begun with still may have it |
| `sql` | what became of each job: states, counts, and rows that were refused, by number and code; and its ticket |
| `running` | one after another, stopped between two batches, and gone on with after an end of whatever kind |
| `refusals` | what is refused |
"""
