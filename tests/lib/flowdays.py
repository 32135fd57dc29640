#!/usr/bin/env python3
"""Whole days of a network as flow records, with known truth: what people and machines do, and command channels among it.

  tests/lib/flowdays.py [SHIFT] FOLDER [SCENARIO…]    writes SCENARIO.log (Zeek's conn.log) and SCENARIO.truth.json

Every scenario has a seed of its own and is the same every time; SHIFT, a number, gives other days of the same kind. The habits are those of the programs named beside them, as
far as flow records show them; nothing here was tuned after what hinomi says of it. Truth: {infected: [host], channels:
[[host, peer, port]], host_hours}. A benign scenario has none infected."""
import json
import math
import pathlib
import random
import sys

SHIFT = 0  # added to every seed: other days of the same kind
START = 1_750_000_000 - 1_750_000_000 % 86400
HOUR, DAY = 3600, 86400
FIELDS = "ts id.orig_h id.orig_p id.resp_h id.resp_p proto duration conn_state orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes"


class Day:
    """One network of `hosts` workstations, with servers, printers and telephones, for `hours`."""

    def __init__(self, seed, hosts=24, hours=24, net="10.20"):
        self.random = random.Random(seed + SHIFT)
        self.rows, self.hours, self.net = [], hours, net
        self.end = hours * HOUR
        self.people = [f"{net}.1.{10 + i}" for i in range(hosts)]
        self.servers = [f"{net}.2.{10 + i}" for i in range(6)]
        self.printers = [f"{net}.3.{10 + i}" for i in range(3)]
        self.phones = [f"{net}.4.{10 + i}" for i in range(6)]
        self.resolver, self.files, self.monitor = f"{net}.2.53", f"{net}.2.20", f"{net}.2.30"
        self.infected, self.channels = set(), set()
        self.names = []  # of dns.log, where a day has one
        self.used = set()
        self.cdn = self.pool(5, 40)            # content networks: a few prefixes, everybody's
        self.office = self.pool(3, 25)         # the suite of mail, chat and documents that the house pays for
        self.maker = self.pool(2, 12)          # updates and telemetry of the operating system
        self.push = self.pool(1, 16)           # push notifications
        self.web = [self.outside() for _ in range(1500)]  # the rest of the web

    # ------------------------------------------------------------ addresses, records

    def prefix(self):
        r = self.random
        while True:
            p = f"{r.choice([23, 34, 45, 52, 66, 88, 93, 104, 142, 151, 185, 199])}.{r.randrange(1, 255)}.{r.randrange(256)}"
            if p not in self.used:
                self.used.add(p)
                return p

    def outside(self):
        return f"{self.prefix()}.{self.random.randrange(1, 255)}"

    def pool(self, prefixes, each):
        out = []
        for _ in range(prefixes):
            p = self.prefix()
            out += [f"{p}.{n}" for n in self.random.sample(range(1, 255), each)]
        return out

    def zipf(self, pool):
        return pool[min(int(len(pool) ** self.random.random()) - 1, len(pool) - 1)]

    def add(self, at, src, dst, port, out, back, proto="tcp", state=None, lasts=None, sport=None):
        if not 0 <= at < self.end:
            return
        r = self.random
        state = state or ("SF" if proto != "icmp" else "OTH")
        if state in ("S0", "REJ"):
            back = 0 if state == "S0" else 40
        lasts = lasts if lasts is not None else r.uniform(0.02, 0.4)
        packets = max(1, round(out / 700)) + (4 if proto == "tcp" and state not in ("S0", "REJ") else 0)
        answers = max(1, round(back / 1200)) + (3 if proto == "tcp" and state == "SF" else 0) if back else 0
        self.rows.append((at, src, sport or r.randrange(32768, 61000), dst, port, proto, min(lasts, self.end - at), state,
                          packets, int(out), answers, int(back)))

    def size(self, middle, spread=0.8):
        return int(middle * math.exp(self.random.gauss(0, spread)))

    def every(self, seconds, jitter=0.0, first=None, until=None):
        """Times of a timer: `jitter` is the share by which each wait may be longer or shorter."""
        at = self.random.uniform(0, seconds) if first is None else first
        while at < (until or self.end):
            yield at
            at += seconds * (1 + self.random.uniform(-jitter, jitter))

    def shift(self):
        """When somebody is at work."""
        begin = self.random.gauss(8.5, 0.7) * HOUR
        return begin, begin + self.random.gauss(9, 1) * HOUR

    # ------------------------------------------------------------ people

    def ask_name(self, at, host):
        self.add(at, host, self.resolver, 53, self.random.randrange(55, 85), self.random.randrange(90, 260), "udp", lasts=0.02)
        if self.random.random() < 0.3:
            self.add(at + 0.01, self.resolver, self.zipf(self.web), 53, self.random.randrange(60, 90), self.random.randrange(100, 400), "udp")

    def browsing(self, host, begin, end, blocked_quic=False):
        """Pages in bursts; a third of the connections over QUIC (UDP 443), which some networks drop in silence."""
        r, at = self.random, begin
        while at < end:
            t = at
            for _ in range(r.randrange(2, 9)):
                server = self.zipf(self.cdn) if r.random() < 0.6 else self.zipf(self.web)
                self.ask_name(t, host)
                if r.random() < 0.33:
                    if blocked_quic:
                        self.add(t + 0.03, host, server, 443, 1280 * r.randrange(1, 4), 0, "udp", "S0")
                        self.add(t + 0.35, host, server, 443, self.size(1800), self.size(20000, 1.4), lasts=self.size(8))
                    else:
                        self.add(t + 0.03, host, server, 443, self.size(3500), self.size(40000, 1.5), "udp", lasts=self.size(20))
                else:
                    self.add(t + 0.03, host, server, 443, self.size(1800), self.size(25000, 1.5), lasts=self.size(10))
                t += r.expovariate(0.8)
            at += r.expovariate(1 / 75) if r.random() < 0.93 else r.uniform(600, 4000)

    def desktop(self, host):
        """What runs while somebody is signed in: chat held open, mail asked for, documents synchronised, telemetry."""
        r = self.random
        begin, end = self.shift()
        self.browsing(host, begin, end)
        chat = r.choice(self.office)
        at = begin
        while at < end:  # a socket to the chat, renewed now and then
            lasts = min(r.uniform(1200, 9000), end - at)
            self.add(at, host, chat, 443, 900 + lasts * 3, 1500 + lasts * 9, lasts=lasts)
            at += lasts + r.uniform(1, 20)
            chat = r.choice(self.office)
        for at in self.every(300, 0.02, begin, end):  # mail
            self.add(at, host, self.office[3], 993, self.size(700, 0.1), self.size(2500, 0.9))
        for at in self.every(60, 0.05, begin, end):   # documents: "anything new?"
            self.add(at, host, r.choice(self.office[:6]), 443, self.size(1500, 0.05), self.size(4200, 0.1))
        for at in self.every(900, 0.1, begin, end):   # telemetry
            self.add(at, host, self.zipf(self.maker), 443, self.size(6000, 0.9), self.size(5200, 0.1))

    def always_on(self, host):
        """What a workstation does day and night."""
        r = self.random
        for at in self.every(r.choice([64, 128, 256, 1024]), 0.01):
            self.add(at, host, self.monitor if r.random() < 0.5 else self.servers[0], 123, 76, 76, "udp", lasts=0.01)
        for at in self.every(4.5 * HOUR, 0.3):  # updates
            for _ in range(r.randrange(1, 6)):
                self.add(at, host, r.choice(self.maker), 443, self.size(3000), self.size(90000, 1.5), lasts=self.size(5))
                at += r.uniform(0, 20)
        push, at = r.choice(self.push), r.uniform(0, 1800)
        while at < self.end:  # push notifications: held for hours, a keep-alive each quarter of an hour
            lasts = r.uniform(0.3, 8) * HOUR
            self.add(at, host, push, 5228, 1200 + lasts / 900 * 120, 5200 + lasts / 900 * 140, lasts=lasts)
            at += lasts + r.uniform(1, 60)
            push = r.choice(self.push)

    # ------------------------------------------------------------ machines

    def agents(self):
        """Monitoring: an agent asked each minute, metrics pulled each 15 s, a service outside that the servers report to."""
        outside = self.pool(1, 6)
        for host in self.servers:
            for at in self.every(60, 0.003):
                self.add(at, self.monitor, host, 10050, 320, 400, lasts=0.05)
            for at in self.every(15, 0.002):
                self.add(at, self.monitor, host, 9100, 480, self.size(21000, 0.02))
            for at in self.every(60, 0.01):
                self.add(at, host, self.random.choice(outside), 443, self.size(5200, 0.3), self.size(4300, 0.03))

    def linux(self):
        mirror = self.pool(1, 4)
        for host in self.servers:
            for at in self.every(12 * HOUR, 0.2):
                for _ in range(12):
                    self.add(at, host, self.random.choice(mirror), 80, self.size(500, 0.3), self.size(200000, 1.5))
                    at += self.random.uniform(0.1, 3)
            for at in self.every(3600, 0.05):  # the cloud's own agent
                self.add(at, host, "169.254.169.254", 80, 220, 900)

    def mail_server(self):
        host = self.servers[1]
        for _ in range(60 * self.hours):
            at = self.random.uniform(0, self.end)
            self.add(at, self.zipf(self.web), host, 25, self.size(9000, 1.2), 900, lasts=2)
            if self.random.random() < 0.5:
                self.add(at + 30, host, self.zipf(self.web), 25, self.size(7000, 1.2), 800, lasts=2)

    def backup(self):
        """At night: inside, and the servers' copy to a store outside."""
        store = self.pool(1, 8)
        for k, host in enumerate(self.servers):
            at = 1.5 * HOUR + 900 * k
            self.add(at, host, self.files, 445, self.size(4e9, 0.3), 3e6, lasts=600)
            for _ in range(40):
                self.add(at, host, self.random.choice(store), 443, self.size(6e7, 0.4), self.size(30000, 0.2), lasts=20)
                at += self.random.uniform(5, 25)

    def tunnels(self):
        """WireGuard to the branch (a keep-alive each 25 s, told as a flow a quarter of an hour), IPsec with NAT-T."""
        branch, hq = self.outside(), self.outside()
        for at in self.every(900, 0.0):
            self.add(at, self.servers[2], branch, 51820, 36 * 60, 36 * 60, "udp", lasts=890, sport=51820)
            self.add(at, self.servers[3], hq, 4500, 45 * 29, 45 * 29, "udp", lasts=880, sport=4500)
        home = self.people[-1]  # and somebody's own OpenVPN by day
        away, (begin, end) = self.outside(), self.shift()
        self.add(begin, home, away, 1194, 4e7, 3e8, "udp", lasts=end - begin)

    def telephones(self):
        provider = self.outside()
        for host in self.phones:
            for at in self.every(60, 0.02):
                self.add(at, host, provider, 5060, 620, 540, "udp", lasts=0.05, sport=5060)
            for _ in range(14):
                at = self.random.uniform(8, 18) * HOUR
                lasts = self.size(150)
                self.add(at, host, provider, self.random.randrange(10000, 20000), lasts * 10000, lasts * 10000, "udp", lasts=lasts)

    def offices(self):
        """Printers ask their maker for orders; they are asked for their toner; doors, cameras, an air conditioner's cloud."""
        maker = self.pool(1, 5)
        for host in self.printers:
            for at in self.every(1800, 0.15):
                self.add(at, host, self.random.choice(maker), 443, self.size(2200, 0.2), self.size(5600, 0.1))
            for at in self.every(300, 0.01):
                self.add(at, self.monitor, host, 161, 90, 140, "udp", lasts=0.02)
            for at in self.every(120, 0.1):
                self.add(at, host, "224.0.0.251", 5353, self.random.randrange(90, 400), 0, "udp", "S0")
        for host in self.people[:10]:
            for at in self.every(1500, 0.4):
                self.add(at, host, self.random.choice(self.printers), 9100, self.size(60000, 1), 400, lasts=3)

    def sharing(self, host):
        """BitTorrent, with a hash table over UDP: many peers, many of them gone."""
        r = self.random
        peers = [self.outside() for _ in range(500)]
        ports = {p: r.randrange(1025, 65000) for p in peers}
        begin = r.uniform(0, 10) * HOUR
        for _ in range(5000):
            p, at = self.zipf(peers), r.uniform(begin, begin + 9 * HOUR)
            if r.random() < 0.6:
                self.add(at, host, p, ports[p], r.randrange(90, 150), r.choice([0, 330]), "udp", "S0" if r.random() < 0.45 else None, sport=51413)
            elif r.random() < 0.5:
                self.add(at, host, p, ports[p], 120, 0, state="S0")
            else:
                self.add(at, host, p, ports[p], self.size(200000, 2), self.size(500000, 2), lasts=self.size(200))

    def runners(self):
        """Machines that build: they ask the forge for work all the time, and fetch packages in bursts."""
        forge = self.pool(1, 4)
        for host in self.servers[4:6]:
            at = self.random.uniform(0, 50)
            while at < self.end:  # long poll: answered after 50 s when there is nothing
                lasts = 50 if self.random.random() < 0.9 else self.random.uniform(1, 50)
                self.add(at, host, self.random.choice(forge), 443, self.size(1700, 0.03), self.size(4800, 0.05), lasts=lasts)
                at += lasts + 0.2
            for at in self.every(1700, 0.8):
                for _ in range(self.random.randrange(10, 60)):
                    self.add(at, host, self.zipf(self.cdn), 443, self.size(900), self.size(600000, 1.5), lasts=1)
                    at += self.random.uniform(0.05, 2)

    def background(self):
        """What the Internet sends to anybody: scans of all sorts, answered by nobody."""
        addresses = self.people + self.servers
        for _ in range(120 * self.hours):
            self.add(self.random.uniform(0, self.end), self.zipf(self.web), self.random.choice(addresses),
                     self.random.choice([22, 23, 80, 443, 445, 3389, 5060, 8080, 8443]), 60, 0, state="S0")

    def things(self):
        """What hangs in a house: a broker held by a plug, a camera's keep-alives, a television; security agents that all
        hosts have; one private mailbox; names of a line whose address changes."""
        r, plug, camera, television = self.random, f"{self.net}.5.10", f"{self.net}.5.11", f"{self.net}.5.12"
        broker, relay, shows = self.outside(), self.outside(), self.pool(1, 3)
        for k in range(3):
            self.add(60 + k * 8 * HOUR, plug, broker, 8883, 480 * 110, 480 * 90, lasts=7.9 * HOUR)
        for at in self.every(300, 0.0):  # a keep-alive each 20 s, told as a flow in five minutes
            self.add(at, camera, relay, 32100, 15 * 60, 15 * 60, "udp", lasts=285, sport=32100)
        for at in self.every(600, 0.2):
            self.add(at, television, r.choice(shows), 443, self.size(1900, 0.3), self.size(6500, 0.4))
        agent = self.pool(2, 4)
        for host in self.people:
            for at in self.every(120, 0.02):
                self.add(at, host, r.choice(agent), 443, self.size(1100, 0.02), self.size(3900, 0.02))
        mailbox, (begin, end) = self.outside(), self.shift()
        for at in self.every(300, 0.01, begin, end):
            self.add(at, self.people[5], mailbox, 993, self.size(900, 0.03), self.size(3200, 0.3))
        for at in self.every(300, 0.0):
            self.add(at, f"{self.net}.0.1", r.choice(self.cdn[:4]), 443, self.size(800, 0.01), self.size(4500, 0.01))

    def benign(self, blocked_quic=False, p2p=True):
        for host in self.people:
            self.desktop(host)
            self.always_on(host)
        if blocked_quic:
            for host in self.people:
                self.browsing(host, *self.shift(), blocked_quic=True)
        self.agents()
        self.linux()
        self.mail_server()
        self.backup()
        self.tunnels()
        self.telephones()
        self.offices()
        self.runners()
        self.background()
        self.things()
        if p2p:
            self.sharing(self.people[3])
        return self

    # ------------------------------------------------------------ names

    def ask(self, at, host, query, answers=(), ttl=300, code=None, kind="A"):
        """A line of dns.log; the host's flow to the resolver as well."""
        if 0 <= at < self.end:
            code = code or ("NOERROR" if answers else "NXDOMAIN")
            self.names.append((at, host, self.random.randrange(32768, 61000), self.resolver, 53, "udp", query, kind, code,
                               ",".join(answers) or "-", ",".join(f"{ttl}.000000" for _ in answers) or "-"))
            self.ask_name(at, host)

    def word(self, least=2, most=4):
        return "".join(self.random.choice("bcdfghklmnprstvw") + self.random.choice("aeiou") + self.random.choice(("", "", "n", "r", "s"))
                       for _ in range(self.random.randrange(least, most + 1)))

    def dice(self, least, most, letters="abcdefghijklmnopqrstuvwxyz"):
        return "".join(self.random.choice(letters) for _ in range(self.random.randrange(least, most)))

    def ordinary_names(self):
        """What people and programs ask: sites, some mistyped; Chrome's three probes; the suffix of the house; lists of
        reputation and the virus scanner's questions, by the thousand below one name; addresses turned round; time servers
        out of a pool; a cloud's balancers, whose addresses change; a mail server that looks up senders."""
        r, end = self.random, self.end
        sites = [f"{self.word()}.{r.choice(('com', 'net', 'org', 'co.jp', 'jp'))}" for _ in range(400)]
        where = {s: [self.zipf(self.web) for _ in range(r.choice((1, 1, 2, 4)))] for s in sites}
        clouds = self.pool(20, 30)
        for host in self.people:
            begin, stop = self.shift()
            for _ in range(400):
                site = sites[min(int(len(sites) ** r.random()) - 1, len(sites) - 1)]
                self.ask(r.uniform(begin, stop), host, f"{r.choice(('www', 'api', 'img'))}.{site}", where[site], r.choice((60, 300, 3600)))
            for _ in range(6):
                self.ask(r.uniform(begin, stop), host, f"www.{self.word()}.com")
            for _ in range(3):
                for probe in (self.dice(7, 16) for _ in range(3)):
                    self.ask(begin, host, probe)
                    self.ask(begin, host, f"{probe}.corp.{self.net}.example")
            for at in self.every(1024, 0.05):
                self.ask(at, host, f"{r.randrange(4)}.debian.pool.ntp.org", [self.outside() for _ in range(4)], 130)
            for _ in range(60):
                self.ask(r.uniform(begin, stop), host, f"{self.dice(26, 32)}.avqs.scanner.example")
                self.ask(r.uniform(begin, stop), host, "lb-7.eu.balancer.example", r.sample(clouds, 4), 60)
        mail = self.servers[1]
        for _ in range(3000):
            at = r.uniform(0, end)
            self.ask(at, mail, f"{r.randrange(1, 255)}.{r.randrange(255)}.{r.randrange(255)}.{r.randrange(1, 255)}.bl.reputation.example")
            self.ask(at, mail, f"{r.randrange(255)}.{r.randrange(255)}.9.8.in-addr.arpa", kind="PTR")
            if r.random() < 0.1:
                self.ask(at, mail, f"{self.word()}{self.word()}.{r.choice(('com', 'info', 'top'))}")
        return self

    def seeks_its_server(self, host, peer, port, letters, least, most, each):
        """Names made up of the date, tried in turn until one exists; that one is the server, which is then polled."""
        r, n = self.random, 0
        self.bot(host, peer, port)
        for at in self.every(2 * HOUR, 0.3, 600):
            for _ in range(each):
                self.ask(at, host, f"{self.dice(least, most, letters)}.{r.choice(('com', 'net', 'biz', 'ru', 'info'))}")
                at += r.uniform(0.1, 2)
                n += 1
            name = f"{self.dice(least, most, letters)}.com"
            self.ask(at, host, name, [peer], 300)
            for k in range(3):
                self.add(at + 1 + k * r.uniform(300, 900), host, peer, port, self.size(500, 0.2), self.size(900, 0.4))

    def flux(self, host, name, port=80):
        """A name whose addresses are infected homes: five an answer, other ones a few minutes later."""
        r = self.random
        agents = [self.outside() for _ in range(120)]
        self.infected.add(host)
        for at in self.every(420, 0.5):
            five = r.sample(agents, 5)
            self.ask(at, host, name, five, r.choice((60, 120, 180)))
            self.add(at + 0.2, host, five[0], port, self.size(450, 0.2), self.size(800, 0.4))

    # ------------------------------------------------------------ command channels

    def bot(self, host, peer, port):
        self.infected.add(host)
        self.channels.add((host, peer, port))

    def beacon(self, host, peer, port, every, jitter=0.0, lost=0.0, skewed=False, dead=None, out=(420, 0.0), back=(900, 0.05), begin=None):
        """A poll for orders. `skewed`: the wait is shortened only (Cobalt Strike); `dead`: the server answers no more from
        then on, and every contact is three SYN."""
        r, at = self.random, r_or(begin, self.random.uniform(0, 2 * HOUR))
        self.bot(host, peer, port)
        while at < self.end:
            gone = dead is not None and at >= dead
            if r.random() >= lost:
                self.ask_name(at - 0.05, host) if r.random() < 0.1 else None
                self.add(at, host, peer, port, 180 if gone else self.size(*out), 0 if gone else self.size(*back),
                         state="S0" if gone else None, lasts=3 if gone else None)
                if not gone and r.random() < 0.01:  # orders
                    self.add(at + 1, host, peer, port, self.size(9000), self.size(30000))
            at += every(at) if callable(every) else every * (1 - r.uniform(0, jitter) if skewed else 1 + r.uniform(-jitter, jitter))

    def held(self, host, peer, port):
        """One connection for the day with a keep-alive a minute, opened anew when it breaks."""
        self.bot(host, peer, port)
        at = 0.6 * HOUR
        while at < self.end:
            lasts = self.random.uniform(5, 11) * HOUR
            self.add(at, host, peer, port, 1000 + lasts / 60 * 92, 1000 + lasts / 60 * 80, lasts=lasts, state="S1")
            at += lasts + self.random.uniform(5, 60)

    def dns_tunnel(self, host, through_resolver):
        """Names as a carrier: a poll a second while idle, more while something is carried."""
        peer, r = self.outside(), self.random
        at = r.uniform(6, 10) * HOUR
        self.infected.add(host)
        self.channels.add((host, self.resolver if through_resolver else peer, 53))
        if through_resolver:
            self.channels.add((self.resolver, peer, 53))
        while at < self.end - 2 * HOUR:
            busy = r.random() < 0.3
            for _ in range(r.randrange(100, 900)):
                out, back = r.randrange(110, 240), r.randrange(150, 420)
                self.add(at, host, self.resolver if through_resolver else peer, 53, out, back, "udp", lasts=0.1)
                if through_resolver:
                    self.add(at + 0.01, self.resolver, peer, 53, out + 11, back, "udp", lasts=0.09)
                at += 0.15 if busy else r.uniform(0.8, 1.2)
            at += r.uniform(60, 1500)

    def fronted(self, host, every, jitter):
        """Behind a content network that everybody uses: another address of it each time."""
        prefix = self.cdn[0].rsplit(".", 1)[0]
        pool = [a for a in self.cdn if a.startswith(prefix + ".")][:12]
        self.infected.add(host)
        for a in pool:
            self.channels.add((host, a, 443))
        for at in self.every(every, jitter):
            self.add(at, host, self.random.choice(pool), 443, self.size(640, 0.02), self.size(4300, 0.03))

    def p2p_bot(self, host):
        """Few dozens of peers that it knows, asked in turn for a newer list of orders; a part of them is gone."""
        r = self.random
        peers = [(self.outside(), r.randrange(2000, 60000), r.random() < 0.35) for _ in range(60)]
        self.infected.add(host)
        for p, port, _ in peers:
            self.channels.add((host, p, port))
        for at in self.every(900, 0.05):
            for p, port, gone in peers:
                t = at + r.uniform(0, 60)
                self.add(t, host, p, port, 44 + 28, 0 if gone else self.size(540, 0.2), "udp", "S0" if gone else None, sport=16471)

    def exfiltrates(self, host, peer, port):
        at = 15 * HOUR
        for _ in range(6):
            self.add(at, host, peer, port, self.size(4e8, 0.3), 400000, lasts=300)
            at += self.random.uniform(320, 700)

    def moves(self, host):
        """After the order: from host to host by SMB, RDP and WinRM; many do not listen."""
        at = 13.2 * HOUR
        for port in (445, 3389, 5985):
            for target in self.people + self.servers:
                if target != host:
                    self.add(at, host, target, port, 900, 700, state="S0" if self.random.random() < 0.6 else None)
                    at += self.random.uniform(0.5, 6)

    # ------------------------------------------------------------ out

    def truth(self):
        hosts = len(self.people + self.servers + self.printers + self.phones) + 6
        return {"infected": sorted(self.infected), "channels": sorted(map(list, self.channels)), "host_hours": hosts * self.hours,
                "flows": len(self.rows)}

    def write(self, path):
        self.rows.sort()
        with open(path, "w", encoding="ascii") as out:
            out.write("#separator \\x09\n#path\tconn\n#fields\t" + FIELDS.replace(" ", "\t") + "\n")
            for at, src, sport, dst, port, proto, lasts, state, packets, size, answers, back in self.rows:
                out.write(f"{START + at:.6f}\t{src}\t{sport}\t{dst}\t{port}\t{proto}\t{lasts:.6f}\t{state}\t{packets}\t{size}\t{answers}\t{back}\n")


    def write_names(self, path, as_json=False):
        """Zeek's dns.log, in either form."""
        self.names.sort()
        keys = "ts id.orig_h id.orig_p id.resp_h id.resp_p proto query qtype_name rcode_name answers TTLs".split()
        with open(path, "w", encoding="ascii") as out:
            if not as_json:
                out.write("#separator \\x09\n#set_separator\t,\n#path\tdns\n#fields\t" + "\t".join(keys) + "\n")
            for at, *rest in self.names:
                row = dict(zip(keys, (START + at, *rest)))
                if not as_json:
                    out.write("\t".join([f"{START + at:.6f}"] + [str(v) for v in rest]) + "\n")
                    continue
                row["answers"] = [v for v in row["answers"].split(",") if v != "-"]
                row["TTLs"] = [float(v) for v in row["TTLs"].split(",") if v != "-"]
                out.write(json.dumps({k: v for k, v in row.items() if v != []}) + "\n")


def r_or(value, other):
    return other if value is None else value


# ---------------------------------------------------------------- scenarios


def one(seed, infect, **how):
    day = Day(seed, **how).benign()
    infect(day, day.people[7])
    return day


def several(seed, infect, hosts=30, **how):
    day = Day(seed, hosts=hosts, **how).benign()
    infect(day)
    return day


def sleeps(seed):
    """Orders to sleep longer or shorter."""
    def infect(d, host):
        wait = lambda at: (60, 900, 20, 300)[int(at / (5 * HOUR)) % 4] * (1 + d.random.uniform(-0.1, 0.1))
        d.beacon(host, d.outside(), 443, wait)
    return one(seed, infect)


def six_bots(d):
    """Six hosts of one botnet, one rare server, half the wait at random."""
    peer = d.outside()
    for host in d.people[4:10]:
        d.beacon(host, peer, 443, 420, jitter=0.5, out=(530, 0.25))


def takeover(d, host):
    peer = d.outside()
    d.beacon(host, peer, 443, 45, jitter=0.3)
    d.moves(host)
    d.exfiltrates(host, peer, 443)


def two_families(d):
    d.beacon(d.people[2], d.outside(), 8080, 120, jitter=0.1)
    d.beacon(d.people[9], d.outside(), 443, 300, jitter=0.2, dead=9 * HOUR)
    d.held(d.people[12], d.outside(), 4444)


SCENARIOS = {
    "benign-office": lambda: Day(101).benign(),
    "benign-quic-dropped": lambda: Day(102, hosts=20).benign(blocked_quic=True),
    "benign-public-addresses": lambda: Day(103, hosts=20, net="133.9").benign(),
    "benign-no-p2p": lambda: Day(104, hosts=30, net="192.168").benign(p2p=False),
    "benign-half-day": lambda: Day(105, hosts=24, hours=12).benign(),
    "http-clock": lambda: one(201, lambda d, h: d.beacon(h, d.outside(), 80, 60)),
    "https-jitter-20": lambda: one(202, lambda d, h: d.beacon(h, d.outside(), 443, 300, jitter=0.2, out=(700, 0.02))),
    "https-jitter-50": lambda: one(203, lambda d, h: d.beacon(h, d.outside(), 443, 180, jitter=0.5, out=(700, 0.1))),
    "https-skewed": lambda: one(204, lambda d, h: d.beacon(h, d.outside(), 443, 240, jitter=0.5, skewed=True)),
    "sleep-changes": lambda: sleeps(205),
    "drop-outs": lambda: one(206, lambda d, h: d.beacon(h, d.outside(), 443, 120, jitter=0.05, lost=0.33)),
    "dead-server": lambda: one(207, lambda d, h: d.beacon(h, d.outside(), 443, 150, jitter=0.1, dead=0)),
    "held-rare-port": lambda: one(208, lambda d, h: d.held(h, d.outside(), 4444)),
    "held-https": lambda: one(209, lambda d, h: d.held(h, d.outside(), 443)),
    "dns-tunnel": lambda: one(210, lambda d, h: d.dns_tunnel(h, False)),
    "dns-tunnel-resolver": lambda: one(211, lambda d, h: d.dns_tunnel(h, True)),
    "fronted": lambda: one(212, lambda d, h: d.fronted(h, 90, 0.15)),
    "p2p-bot": lambda: one(213, lambda d, h: d.p2p_bot(h)),
    "once-an-hour": lambda: one(214, lambda d, h: d.beacon(h, d.outside(), 443, 3600, jitter=0.1)),
    "public-addresses": lambda: one(215, lambda d, h: d.beacon(h, d.outside(), 443, 600, jitter=0.3), net="133.9"),
    "takeover": lambda: one(216, takeover),
    "several-one-server": lambda: several(301, six_bots),
    "several-families": lambda: several(302, two_families),
}


def of_names(seed, infect=None, **how):
    day = Day(seed, **how).benign().ordinary_names()
    if infect:
        infect(day, day.people[7])
    return day


LETTERS = "abcdefghijklmnopqrstuvwxyz"
NAMED = {  # with a dns.log beside
    "benign-names": lambda: of_names(401),
    "benign-names-small": lambda: of_names(402, hosts=8, net="192.168"),
    "made-up-letters": lambda: of_names(403, lambda d, h: d.seeks_its_server(h, d.outside(), 443, LETTERS, 12, 18, 8)),
    "made-up-figures": lambda: of_names(404, lambda d, h: d.seeks_its_server(h, d.outside(), 80, "0123456789abcdef", 12, 20, 20)),
    "made-up-short": lambda: of_names(405, lambda d, h: d.seeks_its_server(h, d.outside(), 8080, LETTERS, 8, 12, 40)),
    "flux": lambda: of_names(406, lambda d, h: d.flux(h, "cheap-watches.example")),
    "flux-json": lambda: of_names(407, lambda d, h: d.flux(h, "update.cheap-watches.example", 443)),
}


def make(name, folder):
    """Writes a scenario; its truth."""
    day = {**SCENARIOS, **NAMED}[name]()
    if day.names:
        day.write_names(pathlib.Path(folder) / f"{name}.dns.log", name.endswith("json"))
    day.write(pathlib.Path(folder) / f"{name}.log")
    (pathlib.Path(folder) / f"{name}.truth.json").write_text(json.dumps(day.truth(), indent=1) + "\n", encoding="ascii")
    return day.truth()


def main():
    global SHIFT  # pylint: disable=global-statement
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    words = sys.argv[1:]
    if words[0].isdigit():
        SHIFT = int(words.pop(0))
    folder = pathlib.Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name in words[1:] or SCENARIOS:
        print(name, make(name, folder)["flows"], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
