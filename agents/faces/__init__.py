"""The collector's faces: what each storefront SDK and each shop's webhooks expect of a server.

    paths          which face answers which path
    face           a face: the kinds of sources that it serves, their credentials, its replies
    post           a request as the faces read it, and a reply
    answers        the reply that each SDK accepts as a success
    identification the keys and secrets in a request
    senders        the source of a request, and how far it is trusted
    cors           CORS headers, and the answer to a preflight
    robots         crawlers, and pages that a browser loads ahead
    batches        the messages of a body: how many are accepted, and the bytes of each
    translated     checks a translation as a worker will check it
    reception      one request from its bytes to its answer
    request_log    the last requests of each source
    trying         the result of a request, for `connect try`
    site           the service: its routes and background tasks
    processes      several processes on one port

Source: docs/connect.md, 1 and 5.
"""
