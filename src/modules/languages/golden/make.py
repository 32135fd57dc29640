#!/usr/bin/env python3
"""Writes programs.in and archives.in: tiny programs and archives, in the parts that the module asks for."""
import io
import json
import pathlib
import struct
import zipfile
import zlib

here = pathlib.Path(__file__).parent


def record(tag, path, data=b"", **more):
    head = f"@ tag={tag} path={path}" + "".join(f" {k}={v}" for k, v in more.items())
    lines = [head]
    for i in range(0, len(data), 32):
        lines.append("#" + data[i : i + 32].hex())
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- programs

MARK1, MARK2 = bytes.fromhex("3077af0c9274080241e1c107e6d618e6"), bytes.fromhex("f932433186182072008242104116d8f2")
MODULES = (
    "path\texample.com/tool/cmd/tool\n"
    "mod\texample.com/tool\t(devel)\t\n"
    "dep\tgithub.com/BurntSushi/toml\tv1.3.2\th1:o7IhLm0Msx3BaB+n3Ag7L8EVlByGnpq14C4YWiu/gL8=\n"
    "dep\texample.org/old\tv0.1.0\n"
    "=>\texample.net/new\tv0.2.0\th1:abc=\n"
    "dep\texample.org/local\tv0.3.0\n"
    "=>\t./vendored/local\t\n"
    "build\t-compiler=gc\n"
    "build\tvcs.revision=0123456789abcdef\n"
)


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def elf(sections, wide=True, big=False, apart=0):
    """Sections: [(name, address, bytes)]. Gives the file, where each section lies, and what is asked for first: the table with
    what lies before it, and the names of the sections when they are further away."""
    e = ">" if big else "<"
    names = b"\0" + b"".join(n.encode() + b"\0" for n, _, _ in sections) + b".shstrtab\0"
    head = 64 if wide else 52
    body, places = b"", []
    for _, _, data in sections + [("", 0, names)]:
        places.append(head + len(body))
        body += data
    body += b"\0" * apart
    table = head + len(body)
    rows, at = [b"\0" * (64 if wide else 40)], 1
    for (name, address, data), place in zip(sections + [(".shstrtab", 0, names)], places):
        rows.append(struct.pack(e + ("IIQQQQIIQQ" if wide else "10I"), at, 1, 0, address, place, len(data), 0, 0, 1, 0))
        at += len(name) + 1
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + b"\0" * 9
    word = "Q" if wide else "I"
    rest = struct.pack(e + "HHI" + word * 3 + "IHHHHHH", 2, 62, 1, 0, 0, table, 0, head, 0, 0, len(rows[0]), len(rows), len(rows) - 1)
    lead = min(table, 1024)
    asked = [(table - lead, lead + len(rows) * len(rows[0]))]
    if places[-1] < table - lead:
        asked.append((places[-1], len(names)))
    return ident + rest + body + b"".join(rows), places, asked


def parts(path, image, asked):
    out = record("program", path, image[:4096], mode="0100755", size=len(image))
    for at, n in asked:
        out += record("program-part", path, image[at : at + n], offset=at, mode="0100755", size=len(image))
    return out


def go_inline(modules=MODULES, apart=0):
    text = MARK1 + modules.encode() + MARK2
    version = b"go1.22.1 X:boringcrypto"
    info = b"\xff Go buildinf:" + b"\x08\x02" + b"\0" * 16 + varint(len(version)) + version + varint(len(text)) + text
    image, places, asked = elf([(".text", 0, b"\x90" * 64), (".go.buildinfo", 0x500000, info)], apart=apart)
    return image, asked + [(places[1], len(info))]


def go_pointers(big):
    """As linked by Go before 1.18: pointers to strings, here of 32 bits."""
    e = ">" if big else "<"
    version, text = b"go1.17.3", MARK1 + MODULES.encode() + MARK2
    base = 0x8000
    heads = struct.pack(e + "4I", base, len(version), base + len(version), len(text))
    info = b"\xff Go buildinf:" + bytes([4, 1 if big else 0]) + struct.pack(e + "2I", 0x9000, 0x9008) + b"\0" * 8
    image, places, asked = elf([(".rodata", base, version + text), (".data", 0x9000, heads), (".go.buildinfo", 0xA000, info)], False, big)
    return image, asked + [(places[2], len(info)), (places[1], 16), (places[0], len(version)), (places[0] + len(version), len(text))]


def rust(section):
    image, places, asked = elf([(".text", 0, b"\x90" * 64), (".dep-v0", 0, section)])
    return image, asked + [(places[1], len(section))]


def pe():
    text = MARK1 + MODULES.encode() + MARK2
    info = b"\xff Go buildinf:" + b"\x08\x02" + b"\0" * 16 + varint(8) + b"go1.21.0" + varint(len(text)) + text
    optional = struct.pack("<H", 0x20B) + b"\0" * 22 + struct.pack("<Q", 0x400000) + b"\0" * 80
    head = b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional), 0)
    head += optional + b".data\0\0\0" + struct.pack("<IIII", len(info), 0x1000, len(info), 512) + b"\0" * 16
    image = head.ljust(512, b"\0") + info
    return image, [(512, len(info))]


audit = zlib.compress(json.dumps({"packages": [
    {"name": "tool", "version": "0.1.0", "source": "local", "root": True, "dependencies": [1, 99]},
    {"name": "serde", "version": "1.0.190", "source": "crates.io"},
    {"name": "cc", "version": "1.0.83", "source": "crates.io", "kind": "build"}]}).encode())

with open(here / "programs.in", "w", encoding="ascii") as f:
    f.write("% live=0 now=2026-11-22T05:00:00Z\n")
    for name, (image, asked) in {"go": go_inline(), "go-plain": go_inline(""), "go-apart": go_inline("", 1100), "go-old": go_pointers(False), "go-old-big": go_pointers(True),
                                 "rust": rust(audit), "rust-damaged": rust(audit[:40]), "go.exe": pe()}.items():
        f.write(parts(f"/opt/bin/{name}", image, asked))
    image, asked = go_inline()
    f.write(record("program", "/opt/bin/cut", image[:70], mode="0100755", size=70))
    f.write(record("program", "/opt/bin/script", b"#!/bin/sh\n" * 10, mode="0100755", size=100))
    bent = bytearray(image)
    bent[60:62] = b"\xff\xff"  # more sections than there can be
    f.write(record("program", "/opt/bin/bent", bytes(bent), mode="0100755", size=len(bent)))

# ---------------------------------------------------------------- archives


def archive(members, comment=b"", method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.comment = comment
        for name, data in members:
            z.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, compress_type=method)
    return out.getvalue()


def properties(group, artifact, version):
    return (f"META-INF/maven/{group}/{artifact}/pom.properties", f"#Generated\ngroupId={group}\nartifactId={artifact}\nversion={version}\n")


POM = """<?xml version="1.0"?><!DOCTYPE project [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<project><parent><groupId>org.example</groupId><version>2.0</version></parent><artifactId>lib</artifactId>
<licenses><license><name>Apache-2.0</name></license></licenses><url>https://example.org/&x;</url>
<dependencies><dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId></dependency>
<dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>
<dependency><groupId>${project.groupId}</groupId><artifactId>other</artifactId></dependency></dependencies></project>"""
MANIFEST = ("Manifest-Version: 1.0\r\nImplementation-Vendor: The Example Foun\r\n dation\r\nBundle-SymbolicName: org.apache.commons.lang3;singleton:=true\r\n"
            "Bundle-Version: 3.12.0\r\nBundle-License: https://www.apache.org/licenses/LICENSE-2.0.txt\r\n\r\nName: x\r\nBundle-Version: 9\r\n")
lib = archive([properties("org.example", "lib", "2.0"), ("META-INF/maven/org.example/lib/pom.xml", POM), ("A.class", "x" * 100)])
shaded = archive([properties("org.example", "app", "1.1"), properties("com.google.guava", "guava", "31.1-jre"), ("META-INF/MANIFEST.MF", MANIFEST)])
inner = archive([("WEB-INF/lib/lib-2.0.jar", lib), ("WEB-INF/lib/commons-lang3-3.12.0.jar", archive([("META-INF/MANIFEST.MF", MANIFEST)])),
                 ("WEB-INF/lib/broken.jar", b"not an archive at all, but long enough for one")])
stored = archive([("BOOT-INF/lib/lib-2.0.jar", lib)], b"a comment", zipfile.ZIP_STORED)
plugin = archive([("META-INF/MANIFEST.MF", "Extension-Name: gradle\nPlugin-Version: 1.36\nGroup-Id: org.jenkins-ci.plugins\n\n")])
plain = archive([("A.class", "x")])
CLASSES = ["module-info.class", "META-INF/versions/9/net/other/A.class", "net/example/broker/A.class", "net/example/broker/inner/B.class",
           "org/springframework/boot/loader/Launcher.class"]
broker = archive([(name, "x") for name in CLASSES])


def said(*lines):
    return archive([("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n" + "\n".join(lines) + "\n\n")])


# without anything of Maven: which group
groups = archive([("WEB-INF/lib/" + name, data) for name, data in [
    ("spring-core-6.1.6.jar", said("Automatic-Module-Name: spring.core")),
    ("spring-boot-3.2.5.jar", said("Automatic-Module-Name: spring.boot")),
    ("unheard-1.0.jar", said("Automatic-Module-Name: some.unheard")),
    ("rank-eval-client-7.17.9.jar", said("Implementation-Title: org.elasticsearch.plugin#rank-eval;7.17.9")),
    ("another-7.17.9.jar", said("Implementation-Title: org.elasticsearch.plugin#rank-eval;7.17.9")),
    ("dom4j-1.6.1.jar", plain),
    ("dom4j-2.1.4.jar", plain),
    ("example-core-6.0.jar", said("Implementation-Vendor-Id: org.example", "Bundle-SymbolicName: org.example.orm.core")),
    ("example-tool-6.0.jar", said("Implementation-Vendor-Id: org.example", "Bundle-SymbolicName: com.foreign.tool")),
    ("ehcache-3.10.jar", said("Bundle-SymbolicName: org.ehcache")),
    ("broker-2.0.jar", broker),
    ("tracer-1.32.jar", archive([properties("org.example", "shaded-in", "4.0"), ("org/tracer/A.class", "x")])),
    ("renamed-4.0.jar", archive([properties("org.example", "once", "4.0")])),
    ("renamed.jar", archive([properties("org.example", "once", "4.0")])),
    ("mixed-2.0.jar", archive([("net/example/A.class", "x"), ("org/other/B.class", "x")])),
]])


def jar(path, image, cut=None):
    shown = image if cut is None else image[:cut]
    out = record("archive", path, mode="0100644", size=len(image)) + record("archive-part", path, shown, mode="0100644", size=len(image))
    for m in zipfile.ZipFile(io.BytesIO(image)).infolist() if cut is None else []:
        if m.filename.endswith((".MF", "pom.properties", "pom.xml", ".jar")):
            size = 30 + len(m.filename) + 1024 + m.compress_size
            out += record("archive-part", path, image[m.header_offset : m.header_offset + size], offset=m.header_offset, mode="0100644", size=len(image))
    return out


with open(here / "archives.in", "w", encoding="ascii") as f:
    f.write("% live=0 now=2026-11-22T05:00:00Z\n")
    f.write(jar("/opt/app/lib-2.0.jar", lib) + jar("/opt/app/app-1.1-all.jar", shaded) + jar("/srv/web.war", inner))
    f.write(jar("/srv/boot-0.1.jar", stored) + jar("/var/lib/jenkins/plugins/gradle.jpi", plugin) + jar("/opt/app/log4j-1.2-api-2.17.1.jar", plain))
    f.write(jar("/opt/app/cut-1.0.jar", lib, 100) + jar("/srv/groups.war", groups) + jar("/opt/app/broker-2.0.jar", broker))
