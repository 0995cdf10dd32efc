"""Who a person is: identifiers, records, legal basis and retention, sealed under keys that this folder never keeps.

| file | what |
|---|---|
| `identifier`, `countries`, `resident`, `mrz` | numbers that name one person, each in one writing |
| `schema`, `values`, `record` | fields, their values, and one person's |
| `seal`, `framing` | how a value looks at rest, and what binds it to its place |
| `mask`, `index` | what is shown without a reason, and what people may be looked up by |
| `consent`, `retention` | why a person may be kept, how long, and days that no clock can skip |
| `tables`, `rows`, `sql` | the record store, on SQLite or PostgreSQL |
| `mapping`, `readers` | from another system's files to records |
| `synth`, `places` | made-up people |

Only `tables`, `rows` and `sql` reach a database, and only `readers` a file; all else is pure. Nothing here knows of
custodians, shares, evaluations or faces.
"""
