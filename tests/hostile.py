"""Addresses that strangers may give us so that we dial into the network that we stand in."""

import socket

PUBLIC = "93.184.215.14"

NAMES = {
    "public.test": [PUBLIC],
    "ten.test": ["10.1.2.3"],
    "loop.test": ["127.0.0.1"],
    "loop6.test": ["::1"],
    "both.test": [PUBLIC, "127.0.0.1"],
    "both6.test": [PUBLIC, "fe80::1%lo"],
    "cloud.test": ["169.254.169.254"],
    "carrier.test": ["100.64.0.1"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "6to4.test": ["2002:7f00:1::1"],
    "mapped.test": ["::ffff:10.0.0.1"],
    "teredo.test": ["2001:0:7f00:1::1"],
    "nowhere.test": [],
    "odd.test": ["not an address"],
    "localhost": ["::1", "127.0.0.1"],
}

SPELLINGS_OF_HERE = [
    *("127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0x7F.0.0.0x1"),
    *("0177.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0", "00.0.0.0", "localhost", "LocalHost", "localhost."),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]"),
    *(
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "[fe80::1]",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "%31%32%37.1",
    ),
]
INNER_ADDRESSES = [
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1.254"),
    *("169.254.169.254", "169.254.170.2", "100.100.100.200", "100.64.0.1", "192.0.0.192", "198.18.0.1", "192.88.99.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "[fd00:ec2::254]", "[fc00::1]", "[fec0::1]"),
    *("[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[64:ff9b:1::1]", "[2001::1]", "[5f00::1]"),
]
NO_FEED_ADDRESSES = [
    *(
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/",
        "ftp://public.test/",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
    ),
    *("unix:///var/run/docker.sock", "http+unix://%2Frun%2Fdocker.sock/info", "jar:http://public.test/!/", "", "http"),
    *(
        "http://",
        "http:///x",
        "//127.0.0.1/",
        "http:127.0.0.1",
        "http://[::1",
        "http://public.test:99999/",
        "/etc/passwd",
    ),
    *("http://public.test:22/", "http://public.test:25/", "http://public.test:6379/", "https://public.test:0/"),
    *("http://public.test@127.0.0.1/", "http://user:word@public.test/", "http://127.0.0.1\\@public.test/"),
    *(
        "http://public.test\\.ten.test/",
        "http://ten.test\t/",
        "http://127.0.0.1\r\nHost: public.test/",
        " http://ten.test/",
    ),
    *("http://public.test\x00.ten.test/", "http://127.0.0.1%00.public.test/", "http://.ten.test/", "http://..../"),
    *("http://" + "a" * 64 + ".test/", "http://" + "a." * 200 + "test/", "http://xn--/", "http://\u2028ten.test/"),
]
HOSTILE = [
    *(f"http://{host}/" for host in SPELLINGS_OF_HERE + INNER_ADDRESSES),
    *(f"http://{name}/" for name in NAMES if name != "public.test"),
    *NO_FEED_ADDRESSES,
]

ELSEWHERE = [url for url in HOSTILE if url not in {"", "http", "/etc/passwd"} and url.isprintable() and url.isascii()]
"""Those that a redirect can name; without an address of its own it leads back to the page that sent it."""


async def resolve(host: str, port: int) -> list[str]:
    """Answer for the names above; the system's own reading for every way to write a number."""
    if host.rstrip(".") in NAMES:
        return NAMES[host.rstrip(".")]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(address[0]) for *_, address in found]
