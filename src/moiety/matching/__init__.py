"""Who is it? Decided by three custodians on parts, exactly as the clear reference decides on whole templates. Pure.

| file | what |
|---|---|
| `words` | a unit vector as 16-bit words whose dot products cannot wrap |
| `reference` | the specification: the same decisions in the clear |
| `policy` | which threshold a purpose's targets ask for, and whether the model's measured rates carry them |
| `header` | what one attempt is about; its digest is what the custodians compare |
| `rounds` | protocol steps as generators, two of them side by side, and the driver that runs three in one process |
| `panels`, `distance` | parts laid out for the processor; a custodian's share of every inner product |
| `compare` | is a shared number at least zero: bit planes, one carry chain, the fewest bytes |
| `prefix` | the same by a tree, in the fewest rounds |
| `checks` | is this probe a face at all: degree, range, norm |
| `admission` | the same for templates before their rows are active, in bulk |
| `search` | one attempt, from the handshake to the parts of the match bits |
| `tally` | how many rows matched, shown to the custodians and nothing else |
| `integrity` | do the parts of a gallery still belong together |

Arithmetic and attacks: docs/protocol.
"""
