"""Splitting a secret among three custodians and using it without putting it together. Pure: no clock, file or socket.

| file | what |
|---|---|
| `seat` | the three custodians a, b, c and who sits next to whom |
| `ring` | R_w = Z_2^w[x] / (x^2 + x + 1): products, the points, the constants |
| `encode` | words <-> ring elements, such that a product of elements is a dot product of words |
| `split` | split and combine: words and byte strings |
| `refresh` | new parts of the same secrets |
| `recover` | a lost custodian's part from the other two, learnt by nobody else |
| `streams` | pseudorandom words from a key: masks, sharings of zero, refresh |

Arithmetic and attacks: docs/protocol.
"""
