"""Who calls, as far as counting goes: a client's address, as the proxy in front or the connection says."""

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

WHOLE_NETWORK = 64
"""Of an IPv6 address so many bits count: whoever has one has all the others of it (RFC 6177)."""


def caller_of(request: Request, header: str | None) -> str:
    """The address in `header` (web.client_header), else of the connection; text that is none counts as it is.

    Of several the last counts: the proxy put it there, and whatever is before it anybody may have written.
    """
    said = request.headers.get(header, "") if header else ""
    text = said.rpartition(",")[2].strip() or (request.client.host if request.client else "")
    try:
        address = ip_address(text)
    except ValueError:
        return text[:100]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), WHOLE_NETWORK), strict=False))
    return str(address)
