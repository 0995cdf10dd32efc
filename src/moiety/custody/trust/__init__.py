"""Who may ask a custodian for what, who else has to approve it, and how much of it: decided from its own copies alone.

| file | what |
|---|---|
| `guard` | the order of it all, before a custodian does what it is asked |
| `verifying`, `spent` | whether somebody known asked, and enough approved; nothing is accepted twice |
| `roster`, `operators` | who may ask: one file for each person, in a folder on the custodian's host |
| `asked`, `matter`, `policy` | what of a request is signed; what people approve; what takes two of them |
| `signing`, `pledges` | statements and signatures; what they say of the shares that go to each custodian |
| `hand`, `keyfile`, `keycard` | the other side: who signs at a gateway, with a key in a file or in a token |
| `requests` | a request on its way from one approver to the next |
| `limits`, `budget`, `account`, `portions` | how much; what is left; one bucket; many small enrolments as one |
| `charges`, `tickets` | what a request draws of that; what two officers signed for, which is drawn from instead |
| `denials`, `spending` | what is refused of who asks, and of how much |
"""
