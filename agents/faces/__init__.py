"""The collector's faces: what each storefront SDK and each shop's webhooks expect of a server.

    paths          which path is whose
    face           what a face knows: who may send, and what is answered
    post           a request as the faces read it, and a reply
    answers        replies, as each SDK takes them for a success
    identification keys and secrets that a request shows
    senders        the source that a request is of, and how far it is trusted
    cors           what a browser asks before it posts
    robots         user agents of crawlers, pages loaded ahead
    batches        the messages of a body, for limits and for what is refused
    translated     a translation, checked as a worker will check it
    reception      one request from its bytes to its answer
    trying         what would become of a request, for `connect try`
    site           the service: its routes, and what runs behind them
    processes      several processes on one port

Source: docs/connect.md, 1 and 5.
"""
