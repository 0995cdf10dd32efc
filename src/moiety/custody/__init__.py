"""Three custodians, each with a folder, a database and keys of its own. It knows no pictures and no people.

Four folders around one custodian, deployable alone, whose every method takes and returns plain values:

| folder | what | may know |
|---|---|---|
| `store` | what a custodian keeps: databases, sealed pages, keys and their end | what is refused |
| here | one custodian: every step that a gateway can ask of it | `store` |
| `trust` | who may ask what of it, who approved it, and how much of it | here, `store` |
| `net` | a custodian as a process: lines, requests and answers over mutual TLS | here, `store`, `trust` |
| `gateway` | all three, as a gateway drives them: in this process or apart | everything |

| file | what |
|---|---|
| `verbs` | what a gateway may ask, and what goes in and out |
| `custodian` | does it, and says what each step makes durable |
| `life` | prepare, activate, erase, settle: what changes a slot |
| `admitting` | templates on their way in, checked to be faces before they are stored |
| `answering` | its side of a search, and the pseudonyms it releases after one |
| `changing` | one step of a change, which the three agree on first |
| `epochs` | its side of a refresh |
| `checking`, `mending` | its side of the gallery check; lost pages from the other two |
| `soundness` | which galleries it answers for: checked since it started, and lately |
| `recovery` | after an interruption: what the three stores tell together |
| `headers` | what it checks of a header against its own copies |
| `gallery`, `looking`, `matrix` | one gallery; all that SQL has of it; its parts in panels, as searches read them |
| `holding` | where it stands, as SQL has it and in numbers |
| `keys`, `turns`, `crew` | pair keys of one connection; many searches or one change; threads for distances |
| `messages`, `wire` | values on their way; what is asked and answered, as bytes |
| `refusals`, `doubts` | what is refused, and what is unavailable |
"""
