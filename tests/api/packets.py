"""Small captures and flow records of our own making, for tests of the network part."""
import ipaddress
import struct


def syn(src, dst, dport, sport=40000, seq=7, ident=1, window=1024, flags=2):
    """Ethernet, IPv4, TCP without options; checksums are left empty (a telescope does not look at them)."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, ident, 0, 50, 6, 0, ipaddress.ip_address(src).packed,
                     ipaddress.ip_address(dst).packed)
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, 0, 0x50, flags, window, 0, 0)
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + tcp


def pcap(path, packets):
    """packets: (seconds since 1970, bytes)"""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for at, data in sorted(packets, key=lambda p: p[0]):
            f.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(data), len(data)) + data)


def darknet(now, port=443, sources=300, member=None, hours=3):
    """A scan of `port` by so many sources over the last hours, and perhaps a member's machine that scans like Mirai."""
    out = []
    for i in range(sources):
        src = f"198.51.{100 + i // 250}.{i % 250 + 1}"
        for k in range(2):
            out.append((now - hours * 3600 * (sources - 1 - i) / sources - k, syn(src, f"203.0.113.{(i + k) % 250 + 1}", port,
                                                                             sport=40000 + i, seq=i * 77 + k, ident=i)))
    for k in range(40 if member else 0):
        dst = f"203.0.113.{k + 1}"
        seq = int(ipaddress.ip_address(dst))
        out.append((now - 600 + k, syn(member, dst, 23, sport=1025 + k, seq=seq, ident=900 + k, window=4321)))
    return out


def conn_log(path, rows):
    """Zeek's conn.log as JSON lines; rows: (seconds, host, peer, port, bytes out, bytes in)"""
    import json
    with open(path, "w", encoding="utf-8") as f:
        for at, host, peer, port, out, back in rows:
            f.write(json.dumps({"ts": at, "uid": f"C{at}", "id.orig_h": host, "id.orig_p": 40000 + int(at) % 20000,
                                "id.resp_h": peer, "id.resp_p": port, "proto": "tcp", "duration": 0.4,
                                "orig_bytes": out, "resp_bytes": back, "conn_state": "SF", "orig_pkts": 6,
                                "orig_ip_bytes": out + 240, "resp_pkts": 5, "resp_ip_bytes": back + 200}) + "\n")


def zeek(path, rows):
    """Zeek's conn.log as JSON lines; rows: (seconds, from, to, port, state)"""
    import json
    with open(path, "w", encoding="utf-8") as f:
        for i, (at, src, dst, port, state) in enumerate(sorted(rows)):
            back = 0 if state == "S0" else 1
            f.write(json.dumps({"ts": at, "uid": f"S{i}", "id.orig_h": src, "id.orig_p": 30000 + i % 30000,
                                "id.resp_h": dst, "id.resp_p": port, "proto": "tcp", "duration": 0.1,
                                "orig_bytes": 0, "resp_bytes": 0, "conn_state": state, "orig_pkts": 1 + back,
                                "orig_ip_bytes": 44 + 40 * back, "resp_pkts": back, "resp_ip_bytes": 44 * back}) + "\n")


def scans(now, live, port, scanners=12, others=()):
    """Scanners that go over a network: nobody answers but `live`, on `port`; and clients that only visit it."""
    out = []
    for i in range(scanners):
        src = f"203.0.113.{i + 1}"
        out += [(now - 3000 + i * 7 + k, src, f"198.18.50.{k + 1}", port, "S0") for k in range(8)]
        out.append((now - 2900 + i * 7, src, live, port, "RSTO"))
    out += [(now - 2000 + i, src, live, port, "SF") for i, src in enumerate(others)]
    return out


def beacon(now, host, peer, port=8443, every=60, hours=8):
    return [(now - hours * 3600 + i * every + (i * 7 % 5) * 0.3, host, peer, port, 312, 140)
            for i in range(hours * 3600 // every)]


def browsing(now, host, hours=8):
    """Visits of a person: bursts, many peers, sizes of all kinds."""
    import random
    r = random.Random(5)
    out, at = [], now - hours * 3600
    while at < now:
        peer = f"192.0.2.{r.randrange(1, 200)}"
        for _ in range(r.randrange(1, 9)):
            out.append((round(at, 3), host, peer, 443, r.randrange(300, 9000), r.randrange(800, 400000)))
            at += r.expovariate(1 / 4)
        at += r.expovariate(1 / 400)
    return out


def main():
    """packets.py darknet FILE MEMBER | conn FILE HOST PEER: the same for the browser's tests."""
    import sys
    import time
    what, path, *rest = sys.argv[1:]
    now = time.time() - 60
    if what == "darknet":
        packs = darknet(now, member=rest[0])
        for port, n in ((23, 120), (22, 80), (8080, 35), (3389, 12)):
            packs += darknet(now, port=port, sources=n, hours=7)
        pcap(path, packs)
    else:
        conn_log(path, beacon(now, rest[0], rest[1]) + browsing(now, rest[0]))


if __name__ == "__main__":
    main()
