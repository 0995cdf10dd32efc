"""What was done, provably: four logs of one office that hold each other to account.

| file | what |
|---|---|
| `entry` | what an entry says: one structure for each kind of thing that is done (pure) |
| `operation` | what the four logs have in common about a thing that was done (pure) |
| `seal` | the commitment to an entry, and the entry sealed to whom it is about (pure) |
| `tree` | the Merkle tree of RFC 9162, and its proofs (pure) |
| `head` | signed tree heads (pure) |
| `state` | what a log must know of itself to take more (pure) |
| `audit` | up to four logs held against each other: the first difference (pure) |
| `proof` | what anybody checks offline: an entry is in a ledger, and a ledger only grew (pure) |
| `receipt` | what three custodians sign when somebody is erased (pure) |
| `log` | an append-only log in a database |
| `checking` | whether a stored log is what it was |
| `sql` | the tables and statements |
| `refusals` | what is refused |

The ledger is commitments. Entries lie beside the tree, sealed to the people whom they are about; destroying a person's
private key blinds them, and every proof still holds.
"""
