-- What joins the network with hosts. Summaries of telescopes and suspects of flows are observations like all others; here is
-- only what finds a host by its address, and what was last joined to its findings.

-- By the newest run that saw the network configuration. Several hosts may have the same private address.
CREATE TABLE network_address (
    address TEXT NOT NULL,
    asset INTEGER NOT NULL REFERENCES asset (n),
    PRIMARY KEY (address, asset)
) STRICT, WITHOUT ROWID;
CREATE INDEX network_address_asset ON network_address (asset);

-- evidence: JSON array as the core made it, the findings of the asset say the same. expires: the first of it grows too old.
CREATE TABLE network_join (
    asset INTEGER PRIMARY KEY REFERENCES asset (n),
    evidence TEXT NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX network_join_expires ON network_join (expires) WHERE expires > 0;

-- Who watches: few assets have a telescope's module among many hosts.
CREATE INDEX cover_module ON cover (module);
