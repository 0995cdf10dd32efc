"""All three custodians, as a gateway drives them.

| file | what |
|---|---|
| `together` | the three, whichever way they are reached: what `moiety.open` and `moiety.connect` give to the stories |
| `embedded` | in one process, over three folders |
| `apart`, `approving` | on machines of their own; whether the signatures that are brought are for what is asked |
| `three` | asked all at once; headers |
| `enrolment`, `searching`, `checks` | enrol and erase; verify and identify; check and mend |
| `entries` | what goes in and comes out |
| `adopting` | an embedded office moves into three custodians apart |
| `trial`, `processes`, `deployment` | a trial deployment: laid out, started and stopped, and told from an office |
"""
