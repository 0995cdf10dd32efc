"""Three custodians, each with a folder, a database and keys of its own. It knows no pictures and no people.

One custodian, deployable alone; every method takes and returns plain values:

| file | what |
|---|---|
| `custodian` | one custodian: every step that a gateway can ask of it |
| `life` | prepare, activate, erase, settle: what changes a slot |
| `admitting` | templates on their way in, checked to be faces before they are stored |
| `answering` | its side of a search, and the pseudonyms it releases after one |
| `epochs` | its side of a refresh |
| `checking`, `mending` | its side of the gallery check; lost pages from the other two |
| `soundness` | which galleries it answers for: checked since it started, and lately |
| `headers` | what it checks of a header against its own copies |
| `gallery` | one gallery in SQL, opened as it is read, and its cache |
| `matrix` | the cache: parts in panels, as the searches read them |
| `page`, `slots`, `handles` | how 64 slots lie in a row; how a free one is drawn; a person's handle (pure) |
| `seal`, `stored` | how a row is sealed under its epoch's key (pure); rows opened as they are read |
| `token`, `pkcs11` | the root keys of epochs, and their end: in files, or in a PKCS#11 token |
| `keyring` | data keys, wrapped in SQL and unwrapped in memory |
| `kept` | small things that a custodian keeps for itself, sealed |
| `keys` | ephemeral pair keys |
| `noise` | random bytes in bulk |
| `tables`, `sql` | the tables and statements; transactions, commit points, overwriting |
| `sqlite`, `postgresql` | what differs between the two databases |
| `versions`, `migrations` | a store of an older format, brought up to date |
| `credentials` | a database that lets anybody in over a network is refused |

All three, as a gateway drives them:

| file | what |
|---|---|
| `embedded` | three custodians in one process: what `moiety.open` gives to the stories |
| `three` | asked all at once; headers |
| `enrolment`, `searching`, `checks` | enrol and erase; verify and identify; check and mend |
| `recovery` | after an interruption: what the three stores tell together |
| `lock` | many searches or one change, over threads and processes |
| `entries` | what goes in and comes out |
| `refusals`, `doubts` | what is refused, and what is unavailable |
"""
