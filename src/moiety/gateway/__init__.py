"""The HTTP service: who asks, what they may, and what they are answered.

`service` builds the application from an opened office and the gateway's credentials; `serve` runs it. `native` is our
own interface, under `/v1`.
"""
