#!/usr/bin/env python3
"""Made-up roots for tests: make_root.py KIND DIR. Nothing in them is real; nothing outside DIR is touched.

  neglected   a small Debian 12 host with pending security updates, loose sshd and sudo, no backup
  hardened    the same host as a careful administrator keeps it
  alpine      an apk host
  hostile     names, titles and databases made to hurt
"""
import hashlib
import os
import pathlib
import sys

PACKAGES = [  # name, installed, source, fixed in security, files
    ("base-files", "12.4+deb12u10", "base-files", None, ["/etc/debian_version"]),
    ("libc6", "2.36-9+deb12u9", "glibc", "2.36-9+deb12u10", ["/usr/lib/x86_64-linux-gnu/libc.so.6"]),
    ("libssl3", "3.0.15-1~deb12u1", "openssl", "3.0.16-1~deb12u1", ["/usr/lib/x86_64-linux-gnu/libssl.so.3"]),
    ("openssl", "3.0.15-1~deb12u1", "openssl", "3.0.16-1~deb12u1", ["/usr/bin/openssl"]),
    ("openssh-server", "1:9.2p1-2+deb12u3", "openssh", None, ["/usr/sbin/sshd"]),
    ("sudo", "1.9.13p3-1+deb12u1", "sudo", None, ["/usr/bin/sudo"]),
    ("bash", "5.2.15-2+b8", "bash (5.2.15-2)", None, ["/usr/bin/bash"]),
    ("systemd", "252.36-1~deb12u1", "systemd", None, ["/usr/lib/systemd/systemd"]),
]
RELEASE = "bookworm"


def write(root, path, text, mode=0o644):
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text if isinstance(text, bytes) else text.encode())
    target.chmod(mode)


def stanza(name, version, source):
    lines = [f"Package: {name}", "Status: install ok installed", "Priority: optional", "Section: admin",
             "Maintainer: Nobody <nobody@example.invalid>", "Architecture: amd64", f"Version: {version}",
             f"Description: made-up {name}"]
    if source.split(" ")[0] != name:
        lines.insert(6, f"Source: {source}")
    return "\n".join(lines) + "\n\n"


def dpkg(root, updated):
    status = ""
    lists = {"": "", "-security": ""}
    for name, installed, source, fixed, files in PACKAGES:
        version = fixed if updated and fixed else installed
        status += stanza(name, version, source)
        write(root, f"/var/lib/dpkg/info/{name}.list", "/.\n" + "".join(f"{f}\n" for f in files))
        sums = ""
        for f in files:
            content = f"made-up {name} {version}\n"
            if not (root / f.lstrip("/")).exists():
                write(root, f, content, 0o755 if "/bin/" in f or "/sbin/" in f else 0o644)
            sums += f"{hashlib.md5(content.encode()).hexdigest()}  {f.lstrip('/')}\n"
        write(root, f"/var/lib/dpkg/info/{name}.md5sums", sums)
        lists[""] += stanza(name, installed, source).replace("Status: install ok installed\n", "")
        if fixed:
            lists["-security"] += stanza(name, fixed, source).replace("Status: install ok installed\n", "")
    write(root, "/var/lib/dpkg/status", status)
    for suffix, packages in lists.items():
        host = "security.example.invalid" if suffix else "deb.example.invalid"
        base = f"/var/lib/apt/lists/{host}_debian{suffix}_dists_{RELEASE}{suffix}"
        label = "Debian-Security" if suffix else "Debian"
        write(root, base + "_InRelease",
              f"Origin: Debian\nLabel: {label}\nSuite: oldstable{suffix}\nCodename: {RELEASE}{suffix}\n"
              "Date: Sat, 21 Nov 2026 08:00:00 UTC\nComponents: main\nArchitectures: amd64\n")
        write(root, base + "_main_binary-amd64_Packages", packages)


def common(root):
    for directory in ("bin", "sbin", "lib"):
        (root / "usr" / directory).mkdir(parents=True, exist_ok=True)
        if not (root / directory).exists():
            (root / directory).symlink_to(f"usr/{directory}")
    write(root, "/etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n'
          'VERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n')
    write(root, "/etc/debian_version", "12.10\n")
    write(root, "/etc/group", "root:x:0:\nsudo:x:27:alice\nalice:x:1000:\nbob:x:1001:\n")
    write(root, "/etc/login.defs", "PASS_MAX_DAYS 99999\nENCRYPT_METHOD YESCRYPT\nUMASK 022\n")
    write(root, "/etc/apt/sources.list",
          f"deb http://deb.example.invalid/debian {RELEASE} main\n"
          f"deb http://security.example.invalid/debian-security {RELEASE}-security main\n")
    write(root, "/etc/fstab", "/dev/vda1 / ext4 defaults 0 1\n")


def neglected(root):
    common(root)
    write(root, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    write(root, "/etc/hostname", "neglected\n")
    write(root, "/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\n"
          "bob:x:1001:1001::/home/bob:/bin/bash\ntoor:x:0:0::/root:/bin/bash\n")
    write(root, "/etc/shadow", "root:$1$abcdefgh$0123456789012345678901:19000:0:99999:7:::\nalice::19000:0:99999:7:::\n"
          "bob:*:19000:0:99999:7:::\ntoor:*:19000:0:99999:7:::\n", 0o644)
    write(root, "/etc/sudoers", "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) NOPASSWD: ALL\n@includedir /etc/sudoers.d\n",
          0o440)
    write(root, "/etc/ssh/sshd_config", "PermitRootLogin yes\nPasswordAuthentication yes\nPermitEmptyPasswords yes\n"
          "X11Forwarding yes\n")
    write(root, "/etc/sysctl.d/10-local.conf", "net.ipv4.ip_forward = 1\nkernel.kptr_restrict = 0\n")
    write(root, "/etc/cron.d/job", "* * * * * root /tmp/job.sh\n", 0o666)
    dpkg(root, updated=False)


def hardened(root):
    common(root)
    write(root, "/etc/machine-id", "fedcba9876543210fedcba9876543210\n")
    write(root, "/etc/hostname", "hardened\n")
    write(root, "/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\n")
    write(root, "/etc/shadow", "root:*:20700:0:365:7:::\nalice:$y$j9T$abcdefgh$0123456789:20700:1:365:7:::\n", 0o640)
    write(root, "/etc/sudoers", "Defaults use_pty\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n", 0o440)
    write(root, "/etc/ssh/sshd_config", "PermitRootLogin no\nPasswordAuthentication no\nPermitEmptyPasswords no\n"
          "X11Forwarding no\nMaxAuthTries 3\nLogLevel VERBOSE\n", 0o600)
    write(root, "/etc/hinomi/backup-evidence.yaml",
          "copies:\n  - name: nightly\n    medium: disk\n    location: other building\n    last_success: 2026-11-21\n"
          "    last_restore_test: 2026-11-01\n    attested_by: alice\n    valid_until: 2027-01-31\n    covers: [all]\n"
          "  - name: tape\n    medium: tape\n    location: vault\n    offline: true\n    last_success: 2026-11-20\n"
          "    last_restore_test: 2026-10-15\n    attested_by: alice\n    valid_until: 2027-01-31\n    covers: [all]\n")
    dpkg(root, updated=True)


def alpine(root):
    write(root, "/etc/os-release", 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n')
    write(root, "/etc/hostname", "alpine\n")
    write(root, "/etc/passwd", "root:x:0:0:root:/root:/bin/ash\n")
    write(root, "/lib/apk/db/installed",
          "C:Q1made-up=\nP:musl\nV:1.2.5-r0\nA:x86_64\nS:1\nI:2\nT:made-up libc\no:musl\nF:lib\nR:ld-musl-x86_64.so.1\n\n"
          "C:Q1made-up=\nP:libcrypto3\nV:3.3.2-r0\nA:x86_64\nS:1\nI:2\nT:made-up\no:openssl\nF:usr\nF:usr/lib\nR:libcrypto.so.3\n\n")
    write(root, "/usr/lib/libcrypto.so.3", "made-up\n")


def hostile(root):
    neglected(root)
    write(root, "/etc/hostname", b"\x1b[31mevil\x1b]0;pwned\x07<script>alert(1)</script>\xff\n")
    write(root, "/etc/machine-id", "00000000000000000000000000000bad\n")
    nasty = root / "etc/ssh/sshd_config.d"
    nasty.mkdir(parents=True, exist_ok=True)
    (nasty / "00-\x1b[2J\u202e.conf").write_bytes(b"PermitRootLogin \xff\xfe\x00yes\n" + b"A" * 100000)
    os.symlink("../../../../../../../../etc", root / "etc/escape")
    os.symlink("/proc/self/root/etc/shadow", root / "etc/ssh/sshd_config.d/99-out.conf")
    os.symlink("loop", root / "etc/loop")
    status = (root / "var/lib/dpkg/status").read_bytes()
    write(root, "/var/lib/dpkg/status", status[:700] + b"\x00\xff\nPackage\n:::\nVersion: " + b"9" * 200000 + b"\n\n" + status[700:])
    write(root, "/etc/passwd", b"root:x:0:0:root:/root:/bin/bash\n" + b":::::\n" + b"\xff" * 5000 + b"\nx:x:99999999999999999999:0\n")
    write(root, "/var/lib/dpkg/info/openssl.list", "/" + "a/" * 5000 + "\n/usr/bin/openssl\n")


def main():
    kinds = {"neglected": neglected, "hardened": hardened, "alpine": alpine, "hostile": hostile}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[2])
    root.mkdir(parents=True, exist_ok=True)
    kinds[sys.argv[1]](root)


if __name__ == "__main__":
    main()
