"""Whether the visitor sits at the machine that the app runs on: only they may have it fetch hundreds of megabytes."""

from urllib.parse import urlsplit

import streamlit as st

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_PROXY_HEADERS = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")


def is_at_this_machine() -> bool:
    """Tell whether the browser asked for a loopback name, from a loopback address, through no proxy."""
    host = urlsplit(f"//{st.context.headers.get('Host') or ''}").hostname
    is_proxied = any(st.context.headers.get(name) for name in _PROXY_HEADERS)
    address = st.context.ip_address  # None for this very machine
    return host in _LOOPBACK_NAMES and not is_proxied and address in (None, "127.0.0.1", "::1")
