"""A custodian as a process of its own, and a gateway's line to it.

| file | what |
|---|---|
| `config`, `misread`, `roots` | `custodian.toml` and `deployment.toml`; what is wrong with them; where root keys are |
| `server` | a process put together: the order in which it starts and stops |
| `grpc`, `serving`, `doors` | requests: who calls; what is done and in which turn; who is inside while it stops |
| `remote` | the other end: the verbs of a custodian that runs apart |
| `tls`, `ends`, `authority` | pinned keys; gRPC's ends of a connection; certificates for a trial |
| `lines`, `frames`, `attempts` | between custodians: a stream for each pair; what is said over it; rounds |
| `journal`, `metrics` | what it says of itself: events, counts and durations |
| `reckoning` | what its budgets come to, read on its own host |
| `memory` | what the process does with memory that it has used |
"""
