"""The web pages: the stories of `identity`, for people, over the same callers, roles and scopes as `/v1`.

`visit` is how a page is asked for; `pages` lists them all. They work without any script: htmx and our own add comfort.
"""
