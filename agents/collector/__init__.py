"""`POST /collect`: a storefront's events over HTTP."""
