"""Signed zones asked by a validator (BIND's delv) that trusts the zone's key and nobody else."""

SIGNED = ("nsec.test", "nsec3.test", "optout.test")

# Name and type in each zone; what of it is denied.
EXISTING = ["@ DNSKEY", "@ SOA", "types TXT", "rare LOC", "big TXT", "chain1 A", "secured DS"]
DENIED = {"types DS": "NXRRSET", "empty.ones A": "NXRRSET", "far DS": "NXRRSET", "inner.empty DS": "NXRRSET", "nowhere A": "NXDOMAIN", "x.wild AAAA": "NXRRSET"}
RENAMED = "x.renamed TXT"  # by a DNAME, to where there is nothing
FROM_WILDCARD = ["x.wild TXT", "a.b.wild MX"]


def anchors(folder):
    """A file for delv: each zone's key that signs keys, as ldns-keygen has written it beside the zones."""
    lines = []
    for zone in SIGNED:
        for file in folder.glob(f"K{zone}.*.key"):
            words = file.read_text().split()
            flags, protocol, algorithm, key = words[words.index("DNSKEY") + 1:][:4]
            if flags == "257":
                lines.append(f'"{zone}." static-key {flags} {protocol} {algorithm} "{key}";')
    assert len(lines) == len(SIGNED)
    path = folder / "anchors"
    path.write_text("trust-anchors {\n" + "\n".join(lines) + "\n};\n")
    return path


def check(lan, folder, address):
    """Whatever is there, comes of a wildcard or is not there, with NSEC and with NSEC3."""
    trusted = anchors(folder)

    def ask(zone, question):
        name, kind = question.split()
        words = ["@" + address, "-a", trusted, f"+root={zone}", zone if name == "@" else f"{name}.{zone}", kind]
        told = lan.run("delv", *map(str, words))
        return told.stdout + told.stderr

    for zone in SIGNED:
        for question in EXISTING:
            assert ask(zone, question).startswith("; fully validated\n"), (zone, question, ask(zone, question))
        for question, why in DENIED.items():
            told = ask(zone, question)
            assert told.startswith("; negative response, fully validated\n") and "$" + why in told, (zone, question, told)
        assert "$NXDOMAIN" in ask(zone, RENAMED)
        # With opt-out the name could be an insecure delegation: that is no proof (RFC 5155, section 12.1).
        for question in FROM_WILDCARD:
            wanted = "; unsigned answer\n" if zone == "optout.test" else "; fully validated\n"
            assert ask(zone, question).startswith(wanted), (zone, question, ask(zone, question))
    # Somebody else's key is believed by nobody.
    trusted.write_text(trusted.read_text().replace('"nsec3.test."', '"nsec.test."', 1).replace('"nsec.test."', '"nsec3.test."', 1))
    assert "validated" not in ask("nsec.test", "@ SOA")
