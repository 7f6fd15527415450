"""Who may be dialled: only public addresses, only the web's ports, unless the operator allows a host. Pure.

A feed's address comes from strangers (suggested feeds, redirects, OPML files), and the bot stands inside somebody's
network. `check_url` refuses what can be refused by reading; `bot.poll.fetch` asks `is_public` again for every address
that a name resolves to, and dials exactly the address that was checked.
"""

import ipaddress
import re
import socket
import unicodedata
from urllib.parse import unquote, urlsplit

WEB_PORTS = frozenset({80, 443, 8080, 8443})
_DEFAULT_PORTS = {"http": 80, "https": 443}

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")
"""Characters that URL parsers disagree about."""

# What `is_global` alone lets through, on one Python version or another.
_NOT_PUBLIC_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
# Inside the public range these carry, or once carried, an IPv4 address or nothing at all: Teredo, documentation, 6to4.
_NOT_PUBLIC_V6 = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


def is_public(address: str) -> bool:
    """Return whether the IP *address* is out on the internet; False for what is no IP address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not ip.is_global:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.scope_id is None and ip in _PUBLIC_V6 and not any(ip in network for network in _NOT_PUBLIC_V6)
    return not any(ip in network for network in _NOT_PUBLIC_V4)


def host_of(url: str) -> str:
    """Return the host that *url* names, in lower case and without a final dot; "" if it names none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def check_url(url: str, allow_private: frozenset[str] = frozenset()) -> str:
    """Return why *url* may not be fetched, "" if it may. Hosts in *allow_private* may use any port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "the address cannot be read"
    if _UNSAFE.search(url):
        return "the address contains spaces, backslashes or control characters"
    if parts.scheme not in _DEFAULT_PORTS:
        return f"only http and https are fetched, not {parts.scheme or 'an address without scheme'}"
    if "@" in parts.netloc:
        return "the address contains a user name"
    if not host_of(url):
        return "the address names no host"
    return check_port(host_of(url), _DEFAULT_PORTS[parts.scheme] if port is None else port, allow_private)


def check_port(host: str, port: int, allow_private: frozenset[str] = frozenset()) -> str:
    """Return why *port* of *host* may not be dialled, "" if it may."""
    if port in WEB_PORTS or host in allow_private:
        return ""
    return f"port {port} is not one of the web's ({', '.join(map(str, sorted(WEB_PORTS)))})"


def check_addresses(host: str, addresses: list[str], allow_private: frozenset[str] = frozenset()) -> str:
    """Return why *host* may not be dialled at its *addresses*, "" if it may. One bad address spoils them all."""
    if not addresses:
        return f"{host} has no address"
    if host in allow_private:
        return ""
    private = [address for address in addresses if not is_public(address)]
    return f"{host} is {private[0]}, which is not on the public internet" if private else ""


def check_given(url: str, allow_private: frozenset[str] = frozenset()) -> str:
    """Return why an address that somebody gave may not be kept, "" if it may.

    What a name resolves to is checked when it is dialled; an address in numbers can be refused at once.
    """
    if why := check_url(url, allow_private):
        return why
    host = host_of(url)
    spelled = unicodedata.normalize("NFKC", unquote(host)).replace("。", ".").rstrip(".")
    private = spelled == "localhost" or spelled.endswith((".localhost", ".local", ".internal"))
    if (number := _number(spelled)) is not None:
        private = not is_public(number)
    return f"{host} is not on the public internet" if private and host not in allow_private else ""


def _number(host: str) -> str | None:
    """Return the IP address that *host* spells, be it as C reads it ("127.1", "0x7f000001"); None if it is a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not re.fullmatch(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*", host):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return host  # no name is all numbers, so this is nothing that anybody could ask
