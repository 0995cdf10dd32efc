"""Pseudonyms that no single custodian can compute: a threshold VOPRF. Pure: no clock, file, socket or thread.

RFC 9497 in its verifiable mode over ristretto255-SHA512, with the key in three parts of which any two answer.

| file | what |
|---|---|
| `scalars` | whole numbers below the group's order: reading, drawing, inverting many |
| `hashing` | bytes to an element, bytes to a scalar (RFC 9380, RFC 9497) |
| `voprf` | blind, evaluate, finalize, and the clear twin with one whole key |
| `proof` | that two scalar products have the same scalar (DLEQ, RFC 9497, 2.2) |
| `keys` | a part, the public key of all parts, and what each part weighs in a pair |
| `threshold` | a pair's answers: made, proven, checked, combined |
| `recheck` | which answers of a bulk run another pair gives again |
| `dealing` | a key that nobody ever holds, made by three: promise, open, share, check |
| `renewing` | new parts of the same key |
| `recover` | a lost custodian's part from the other two, learnt by nobody else |

Why and against whom: docs/protocol.
"""
