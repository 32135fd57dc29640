-- Documents that came over HTTP and are read by a worker: waiting, under way, and what became of them. The document itself
-- stays only until it was read (a bill of materials is then in sbom_raw).
-- args: JSON object of what was said with it (version, supplier, trust). result: JSON, what was read and what was wrong.
CREATE TABLE upload (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    org INTEGER NOT NULL REFERENCES org (n),
    kind TEXT NOT NULL CHECK (kind IN ('sbom', 'vex')),
    file TEXT NOT NULL,
    args TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    packed BLOB, -- deflate; NULL when it was read
    state TEXT NOT NULL CHECK (state IN ('waiting', 'reading', 'matching', 'done', 'refused', 'failed')),
    result TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    account INTEGER REFERENCES account (n),
    put_by TEXT NOT NULL,
    put_at INTEGER NOT NULL,
    taken_at INTEGER NOT NULL DEFAULT 0,
    ended_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX upload_open ON upload (n) WHERE ended_at = 0;
CREATE INDEX upload_account ON upload (account);
