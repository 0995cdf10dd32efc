"""The Rekognition dialect: clients that were written for Amazon Rekognition, with another endpoint and another key.

| file | what |
|---|---|
| `route` | `POST /`: who asks, which operation, and answers and errors as those clients know them |
| `signature` | AWS Signature Version 4, verified |
| `seen` | signatures that were used already |
| `binding` | a key, and what it is bound to |
| `model` | what is sent, held against botocore's own model of the service |
| `errors` | refusals by the names that clients know |
| `ladder` | the caller's threshold and ours: a few constants in place of scores |
| `finds` | how often one face is found a day |
| `store`, `tables` | bindings, collections, faces and users, sealed |
| `dialect` | what every operation has in hand |
| `galleries`, `faces`, `pictures`, `users` | the operations |
| `detail` | a face in a picture, as it is answered |

What differs from Rekognition, operation by operation, is in docs/dialects/rekognition.md.
"""
