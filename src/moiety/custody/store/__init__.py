"""What one custodian keeps, and how: nothing here knows what it is for.

| file | what |
|---|---|
| `page`, `slots`, `handles` | how 64 slots lie in a row; how a free one is drawn; a person's handle (pure) |
| `seal`, `stored` | how a row is sealed under its epoch's key (pure); rows opened as they are read |
| `token`, `pkcs11` | the root keys of epochs, and their end: in files, or in a PKCS#11 token |
| `keyring` | data keys, wrapped in SQL and unwrapped in memory |
| `kept`, `keeping` | small things that a custodian keeps for itself, sealed; the port of those who need them kept |
| `noise` | random bytes in bulk |
| `tables`, `sql` | the tables and statements; transactions, commit points, overwriting |
| `sqlite`, `postgresql` | what differs between the two databases |
| `versions`, `migrations` | a store of an older format, brought up to date |
| `credentials` | a database that lets anybody in over a network is refused |
| `transfer` | rows from one store into another, sealed as they are |
| `lock` | many searches or one change, over threads and processes |
"""
