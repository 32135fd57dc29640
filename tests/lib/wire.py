"""Packets and captures, octet by octet: for tests that know what is in them."""
import ipaddress
import struct

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
ETHERNET, NULL, RAW, LOOP, SLL, SLL2 = 1, 0, 101, 108, 113, 276

MSS = b"\2\4\5\xb4"
LINUX = MSS + b"\4\2" + b"\x08\x0a\x12\x34\x56\x78\0\0\0\0" + b"\1\3\3\7"
WINDOWS = MSS + b"\1\3\3\x08\1\1\4\2"
APPLE = MSS + b"\1\3\3\6\1\1" + b"\x08\x0a\x12\x34\x56\x78\0\0\0\0" + b"\4\2\0\0"


def number(text):
    return int(ipaddress.ip_address(text))


def packed(a, family=4):
    if isinstance(a, str):
        return ipaddress.ip_address(a).packed
    return a.to_bytes(4 if family == 4 else 16, "big")


def tcp(sport, dport, flags=SYN, seq=1, ack=0, window=1024, options=b"", payload=b""):
    offset = (20 + len(options)) // 4
    return struct.pack(">HHIIBBHHH", sport, dport, seq, ack, offset << 4, flags, window, 0, 0) + options + payload


def udp(sport, dport, payload=b""):
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def icmp(kind, code=0, payload=b"", rest=0):
    return struct.pack(">BBHI", kind, code, 0, rest) + payload


def ip4(src, dst, proto, body, ttl=50, ident=7, df=False, tos=0, fragment=0):
    """fragment: more fragments 0x2000, offset in units of eight octets."""
    return struct.pack(">BBHHHBBH", 0x45, tos, 20 + len(body), ident, (0x4000 if df else 0) | fragment, ttl, proto, 0) + \
        packed(src) + packed(dst) + body


def ip6(src, dst, proto, body, hops=50):
    return struct.pack(">IHBB", 6 << 28, len(body), proto, hops) + packed(src, 6) + packed(dst, 6) + body


def extension(proto, size=8):
    """Hop-by-hop, routing or destination options: padding only."""
    return struct.pack(">BBBB", proto, size // 8 - 1, 1, size - 4) + bytes(size - 4)


def fragment6(proto, offset, more, ident=9):
    return struct.pack(">BBHI", proto, 0, offset | more, ident)


def kind_of(ip):
    return 0x86DD if ip[0] >> 4 == 6 else 0x0800


def ethernet(ip):
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + struct.pack(">H", kind_of(ip)) + ip


def linked(link, ip):
    if link == ETHERNET:
        return ethernet(ip)
    if link in (NULL, LOOP):
        return struct.pack("<I" if link == NULL else ">I", 2 if ip[0] >> 4 == 4 else 30) + ip
    if link == SLL:  # type 2, ARPHRD 2, length 2, address 8, protocol 2
        return struct.pack(">HHH", 0, 1, 6) + b"\2\0\0\0\0\1\0\0" + struct.pack(">H", kind_of(ip)) + ip
    if link == SLL2:  # protocol 2, reserved 2, interface 4, ARPHRD 2, type 1, length 1, address 8
        return struct.pack(">HHIHBB", kind_of(ip), 0, 3, 1, 0, 6) + b"\2\0\0\0\0\1\0\0" + ip
    return ip


def pcap(path, packets, order="<", nano=False, link=ETHERNET, snap=65535):
    """packets: (seconds since 1970, IP packet or frame); frames when link is None (Ethernet)."""
    out = bytearray(struct.pack(order + "IHHIIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, snap,
                                ETHERNET if link is None else link))
    for at, body in packets:
        frame = body if link is None else linked(link, body)
        unit = round((at - int(at)) * 1e6) * (1000 if nano else 1)
        out += struct.pack(order + "IIII", int(at), unit, len(frame[:snap]), len(frame)) + frame[:snap]
    path.write_bytes(out)
    return path


class Pcapng:
    """One section after another, each with interfaces of its own."""

    def __init__(self):
        self.out, self.order, self.interfaces = bytearray(), "<", []

    def block(self, kind, body):
        body += bytes(-len(body) % 4)
        size = 12 + len(body)
        self.out += struct.pack(self.order + "II", kind, size) + body + struct.pack(self.order + "I", size)

    def section(self, order):
        self.order, self.interfaces = order, []
        self.block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))

    def interface(self, link, resolution=None, offset=0, snap=0):
        """resolution: as written, 10^-n or 2^-n with the high bit; None: not said, microseconds."""
        options = b""
        if resolution is not None:
            options += struct.pack(self.order + "HHB3x", 9, 1, resolution)
        if offset:
            options += struct.pack(self.order + "HHq", 14, 8, offset)
        if options:
            options += struct.pack(self.order + "HH", 0, 0)
        self.block(1, struct.pack(self.order + "HHI", link, 0, snap) + options)
        units = 10 ** 6 if resolution is None else 2 ** (resolution & 127) if resolution & 128 else 10 ** resolution
        self.interfaces.append((link, units, offset, snap))

    def packet(self, at, ip, interface=0):
        link, units, offset, snap = self.interfaces[interface]
        frame = linked(link, ip)
        kept = frame[:snap] if snap else frame
        ticks = int(at - offset) * units + int((at - int(at)) * units)
        self.block(6, struct.pack(self.order + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(kept), len(frame)) + kept)

    def write(self, path):
        path.write_bytes(self.out)
        return path
