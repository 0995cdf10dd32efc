"""Benchmarks: figures beside the peers at their best setting, on the same cores, in the same run.

| file | what |
|---|---|
| `timing` | contenders in turn, round by round: medians, and ratios within a round |
| `peers` | the plain searches that ours is held against |
| `readers` | how fast this machine reads one array, whatever it does with it |
| `search` | `moiety bench search` |
| `enrol` | `moiety bench enrol` |
"""
