"""The collector: takes a storefront's events over HTTP at `POST /collect`."""
