-- Software: what is delivered, what is in it, where it runs, what is known to be wrong with it. Products, deployments and
-- statements carry their organisation; releases and bills of materials belong to a product and so to its organisation.
-- Components and advisories are facts about the world: whoever may see a product or host that holds one may see it.

CREATE TABLE product (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    org INTEGER NOT NULL REFERENCES org (n),
    name TEXT NOT NULL CHECK (name <> ''),
    supplier TEXT NOT NULL,
    owner INTEGER REFERENCES account (n),
    contract TEXT NOT NULL,
    contract_from INTEGER NOT NULL,
    contract_until INTEGER NOT NULL,
    obligations TEXT NOT NULL, -- JSON array of strings
    note TEXT NOT NULL,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated INTEGER NOT NULL,
    ended_at INTEGER NOT NULL DEFAULT 0 -- taken out of the portfolio
) STRICT;
CREATE UNIQUE INDEX product_name ON product (org, supplier, name) WHERE ended_at = 0;
CREATE INDEX product_owner ON product (owner);

CREATE TABLE product_release (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    product INTEGER NOT NULL REFERENCES product (n),
    version TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX product_release_version ON product_release (product, version);

-- The newest document of a release counts: it ends the one before it. since/until are our own time.
CREATE TABLE sbom (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    release INTEGER NOT NULL REFERENCES product_release (n),
    sha256 BLOB NOT NULL,
    family TEXT NOT NULL,
    spec TEXT NOT NULL,
    subject TEXT NOT NULL,
    author TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    put_at INTEGER NOT NULL,
    put_by TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL DEFAULT 0,
    components INTEGER NOT NULL,
    edges INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    quality TEXT NOT NULL, -- JSON: verdict per element
    problems TEXT NOT NULL, -- JSON: what was wrong with the document, with place
    CHECK (until = 0 OR until >= since)
) STRICT;
CREATE INDEX sbom_release ON sbom (release, since);
CREATE UNIQUE INDEX sbom_same ON sbom (release, sha256) WHERE until = 0;

-- One row per distinct component, whoever holds it. hash = SHA-256 over the fields, shortened.
-- state: 0 never judged, 1 judged, 2 there is no data to judge it by (then why).
CREATE TABLE component (
    n INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    ecosystem TEXT NOT NULL,
    type TEXT NOT NULL,
    licence TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    source TEXT NOT NULL,
    source_version TEXT NOT NULL,
    purl TEXT NOT NULL,
    cpe TEXT NOT NULL,
    supplier TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
    why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX component_purl ON component (purl) WHERE purl <> '';

-- What a document holds, packed (see software_pack.c): components in the document's order, and what pulls each in.
CREATE TABLE sbom_part (
    sbom INTEGER PRIMARY KEY REFERENCES sbom (n),
    parts BLOB NOT NULL,
    edges BLOB NOT NULL
) STRICT;
CREATE TABLE sbom_raw (
    sbom INTEGER PRIMARY KEY REFERENCES sbom (n),
    size INTEGER NOT NULL,
    packed BLOB NOT NULL -- zlib
) STRICT;

-- The packages of a host as components: an index of its observations, kept when they change, so that a date can be asked.
CREATE TABLE asset_part (
    n INTEGER PRIMARY KEY,
    asset INTEGER NOT NULL REFERENCES asset (n),
    since INTEGER NOT NULL,
    until INTEGER NOT NULL DEFAULT 0,
    parts BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX asset_part_now ON asset_part (asset) WHERE until = 0;

CREATE TABLE deployment (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    org INTEGER NOT NULL REFERENCES org (n),
    release INTEGER NOT NULL REFERENCES product_release (n),
    asset INTEGER REFERENCES asset (n),
    owner INTEGER REFERENCES account (n),
    service TEXT NOT NULL,
    customers TEXT NOT NULL, -- JSON array of strings: who is to be told
    note TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL DEFAULT 0,
    created_by TEXT NOT NULL
) STRICT;
CREATE INDEX deployment_release ON deployment (release);
CREATE INDEX deployment_asset ON deployment (asset);

-- kev, automatable: -1 unknown, 0 no, 1 yes. impact: '' unknown, 'partial', 'total'. epss < 0: unknown.
CREATE TABLE advisory (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    aliases TEXT NOT NULL, -- JSON array of strings
    summary TEXT NOT NULL,
    severity INTEGER NOT NULL CHECK (severity BETWEEN -1 AND 4),
    cvss REAL NOT NULL,
    vector TEXT NOT NULL,
    kev INTEGER NOT NULL,
    epss REAL NOT NULL,
    automatable INTEGER NOT NULL,
    impact TEXT NOT NULL,
    published INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    licence TEXT NOT NULL
) STRICT;

-- since/until are dates of the advisory data, not of the work: what was known on a day can be asked later.
CREATE TABLE component_match (
    n INTEGER PRIMARY KEY,
    component INTEGER NOT NULL REFERENCES component (n),
    advisory INTEGER NOT NULL REFERENCES advisory (n),
    since INTEGER NOT NULL,
    until INTEGER NOT NULL DEFAULT 0,
    confidence INTEGER NOT NULL CHECK (confidence BETWEEN 0 AND 100),
    fixed TEXT NOT NULL,
    why TEXT NOT NULL, -- JSON
    CHECK (until = 0 OR until >= since)
) STRICT;
CREATE UNIQUE INDEX component_match_now ON component_match (component, advisory) WHERE until = 0;
CREATE INDEX component_match_advisory ON component_match (advisory);

CREATE TABLE match_run (
    n INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    feed_at INTEGER NOT NULL, -- newest date of the data used
    components INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    matches INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    feeds TEXT NOT NULL -- JSON: each feed with date, records, licence
) STRICT;

-- status: 0 not_affected, 1 affected, 2 fixed, 3 under_investigation. product NULL: every product of the organisation.
CREATE TABLE vex (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    org INTEGER NOT NULL REFERENCES org (n),
    product INTEGER REFERENCES product (n),
    release INTEGER REFERENCES product_release (n),
    purl TEXT NOT NULL, -- of the component, possibly without version; '' = the product as a whole
    vuln TEXT NOT NULL,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 3),
    justification TEXT NOT NULL,
    statement TEXT NOT NULL, -- impact or action statement
    author TEXT NOT NULL,
    origin TEXT NOT NULL, -- own, or the dialect it came in
    document TEXT NOT NULL,
    trust INTEGER NOT NULL CHECK (trust BETWEEN 0 AND 100),
    at INTEGER NOT NULL,
    expires INTEGER NOT NULL DEFAULT 0,
    put_at INTEGER NOT NULL,
    put_by TEXT NOT NULL,
    ended_at INTEGER NOT NULL DEFAULT 0,
    CHECK (status <> 0 OR justification <> '' OR statement <> '')
) STRICT;
CREATE INDEX vex_vuln ON vex (vuln);
CREATE INDEX vex_product ON vex (product);
