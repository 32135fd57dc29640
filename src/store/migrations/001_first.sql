-- The schema. Times are UTC nanoseconds; 0 = unknown or none. Words (modules, kinds, scopes, rules …) are numbers from
-- `word`. Assets, accounts, events and audit rows carry their organisation; runs, observations, findings, actions, fixes
-- and baselines belong to exactly one asset and so to its organisation, which moves with it.

CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE setting (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE word (n INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

-- path is the materialised position: eight hex digits and a dot for each ancestor and the row itself. A subtree is one range
-- of the index on path, and the order of path is pre-order.
CREATE TABLE org (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    parent INTEGER REFERENCES org (n),
    path TEXT NOT NULL UNIQUE,
    name_en TEXT NOT NULL,
    name_ja TEXT NOT NULL,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    CHECK ((parent IS NULL) = (n = 1))
) STRICT;
CREATE INDEX org_parent ON org (parent);
INSERT INTO org VALUES (1, 'root', NULL, '00000001.', 'Organisation', '組織', 'organisation', 0);

CREATE TABLE account (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL COLLATE NOCASE UNIQUE,
    name TEXT NOT NULL,
    lang TEXT NOT NULL,
    password TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created INTEGER NOT NULL,
    last_sign_in INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE account_grant (
    account INTEGER NOT NULL REFERENCES account (n),
    org INTEGER NOT NULL REFERENCES org (n),
    role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 4),
    PRIMARY KEY (account, org)
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
    token TEXT NOT NULL PRIMARY KEY, -- hash of it
    account INTEGER REFERENCES account (n), -- NULL: bootstrap
    csrf TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE asset (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    org INTEGER NOT NULL REFERENCES org (n),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    os TEXT NOT NULL,
    names TEXT NOT NULL, -- JSON array
    criticality REAL NOT NULL DEFAULT 1 CHECK (criticality >= 0.1 AND criticality <= 10),
    first_seen INTEGER NOT NULL,
    last_run INTEGER NOT NULL DEFAULT 0, -- order time of the newest run
    -- what the roll-ups add up; kept with every change of the asset's findings
    has_score INTEGER NOT NULL DEFAULT 0,
    score REAL NOT NULL DEFAULT 0,
    worst INTEGER NOT NULL DEFAULT -1,
    open INTEGER NOT NULL DEFAULT 0,
    not_seen INTEGER NOT NULL DEFAULT 0,
    excepted INTEGER NOT NULL DEFAULT 0,
    -- counted against the clock; right until next_change
    overdue INTEGER NOT NULL DEFAULT 0,
    due_week INTEGER NOT NULL DEFAULT 0,
    new_today INTEGER NOT NULL DEFAULT 0,
    closed_lately INTEGER NOT NULL DEFAULT 0,
    next_change INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX asset_org ON asset (org);
CREATE TABLE asset_key (
    type TEXT NOT NULL,
    value TEXT NOT NULL,
    asset INTEGER NOT NULL REFERENCES asset (n),
    PRIMARY KEY (type, value, asset)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_key_asset ON asset_key (asset);

CREATE TABLE run (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    asset INTEGER NOT NULL REFERENCES asset (n),
    origin TEXT NOT NULL,
    collected_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    ordered_at INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE INDEX run_asset ON run (asset, ordered_at);
CREATE TABLE run_cover (
    run INTEGER NOT NULL REFERENCES run (n),
    module INTEGER NOT NULL REFERENCES word (n),
    scope INTEGER NOT NULL REFERENCES word (n),
    privilege INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    judged INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    observations INTEGER NOT NULL,
    malformed_n INTEGER NOT NULL,
    quarantined_n INTEGER NOT NULL,
    not_seen_n INTEGER NOT NULL,
    not_seen TEXT NOT NULL,
    malformed TEXT NOT NULL,
    quarantined TEXT NOT NULL,
    PRIMARY KEY (run, module, scope)
) STRICT, WITHOUT ROWID;
-- The newest run of each (asset, module, scope).
CREATE TABLE cover (
    asset INTEGER NOT NULL REFERENCES asset (n),
    module INTEGER NOT NULL REFERENCES word (n),
    scope INTEGER NOT NULL REFERENCES word (n),
    run INTEGER NOT NULL REFERENCES run (n),
    at INTEGER NOT NULL,
    PRIMARY KEY (asset, module, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX cover_run ON cover (run);

-- at 0: seen in the newest run of its scope (so that a run in which nothing changed writes nothing here); else when last
-- seen, and in which run.
CREATE TABLE observation (
    n INTEGER PRIMARY KEY,
    asset INTEGER NOT NULL REFERENCES asset (n),
    kind INTEGER NOT NULL REFERENCES word (n),
    scope INTEGER NOT NULL REFERENCES word (n),
    privilege INTEGER NOT NULL,
    at INTEGER NOT NULL,
    run INTEGER NOT NULL,
    gone_at INTEGER NOT NULL DEFAULT 0,
    changed_at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    subject TEXT NOT NULL,
    fields TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX observation_identity ON observation (asset, kind, subject);
CREATE INDEX observation_gone ON observation (gone_at) WHERE gone_at > 0;
CREATE TABLE observation_history (
    n INTEGER PRIMARY KEY,
    observation INTEGER NOT NULL REFERENCES observation (n),
    changed_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    fields TEXT NOT NULL
) STRICT;
CREATE INDEX observation_history_of ON observation_history (observation, until);
CREATE INDEX observation_history_until ON observation_history (until);

-- presence: 0 open, 1 not seen, 2 closed. at as in observation (only open ones follow). cause NULL: its own id.
CREATE TABLE finding (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    asset INTEGER NOT NULL REFERENCES asset (n),
    kind INTEGER NOT NULL REFERENCES word (n),
    class INTEGER NOT NULL REFERENCES word (n),
    scope INTEGER NOT NULL REFERENCES word (n),
    privilege INTEGER NOT NULL,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
    confidence INTEGER NOT NULL,
    presence INTEGER NOT NULL CHECK (presence BETWEEN 0 AND 2),
    excepted_until INTEGER NOT NULL DEFAULT 0,
    prior REAL NOT NULL,
    p REAL NOT NULL,
    loss REAL NOT NULL,
    score REAL NOT NULL,
    due_days INTEGER NOT NULL,
    due INTEGER NOT NULL,
    due_rule INTEGER NOT NULL REFERENCES word (n),
    first_seen INTEGER NOT NULL,
    first_run INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    run INTEGER NOT NULL,
    since INTEGER NOT NULL,
    closed_at INTEGER NOT NULL DEFAULT 0,
    closed_run INTEGER NOT NULL DEFAULT 0,
    reopened INTEGER NOT NULL DEFAULT 0,
    fix_kind INTEGER NOT NULL REFERENCES word (n),
    hash BLOB NOT NULL,
    subject TEXT NOT NULL,
    location TEXT NOT NULL,
    cause TEXT,
    CHECK ((presence = 2) = (closed_at > 0)),
    CHECK ((presence = 2) = (closed_run > 0)),
    CHECK (at > 0 OR presence = 0)
) STRICT;
CREATE INDEX finding_asset ON finding (asset);
CREATE INDEX finding_closed ON finding (closed_at) WHERE presence = 2;
CREATE TABLE finding_text (
    finding INTEGER PRIMARY KEY REFERENCES finding (n),
    fix_target TEXT NOT NULL,
    fix_value TEXT NOT NULL,
    params TEXT NOT NULL,
    terms TEXT NOT NULL,
    graph TEXT NOT NULL,
    evidence TEXT NOT NULL,
    due_inputs TEXT NOT NULL,
    reference TEXT NOT NULL
) STRICT;

-- What lists need of an asset's findings, packed (see rows.c): read at once when the list index is filled. Holds nothing that
-- `finding` does not say; may be missing.
CREATE TABLE finding_packed (
    asset INTEGER PRIMARY KEY REFERENCES asset (n),
    rows BLOB NOT NULL
) STRICT;

-- state as in enum hn_action_state; 4 = verified.
CREATE TABLE action (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    finding INTEGER NOT NULL REFERENCES finding (n),
    asset INTEGER NOT NULL REFERENCES asset (n),
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
    owner INTEGER REFERENCES account (n),
    due INTEGER NOT NULL,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL DEFAULT 0,
    verified_at INTEGER NOT NULL DEFAULT 0,
    verified_run INTEGER NOT NULL DEFAULT 0,
    excepted_until INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    reminded_at INTEGER NOT NULL DEFAULT 0,
    CHECK (state <> 4 OR (verified_at > 0 AND verified_run > 0)),
    CHECK ((state = 5) = (excepted_until > 0)),
    CHECK (state <> 3 OR claimed_at > 0)
) STRICT;
CREATE UNIQUE INDEX action_live ON action (finding) WHERE state <> 4;
CREATE INDEX action_finding ON action (finding);
CREATE INDEX action_asset ON action (asset);
CREATE INDEX action_expiry ON action (excepted_until) WHERE state = 5;

-- what: 1 finding, 2 action
CREATE TABLE history (
    n INTEGER PRIMARY KEY,
    what INTEGER NOT NULL,
    object INTEGER NOT NULL,
    at INTEGER NOT NULL,
    event INTEGER NOT NULL REFERENCES word (n),
    run INTEGER NOT NULL DEFAULT 0,
    by TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX history_of ON history (what, object);
CREATE TABLE comment (
    n INTEGER PRIMARY KEY,
    what INTEGER NOT NULL,
    object INTEGER NOT NULL,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    by_name TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX comment_of ON comment (what, object);

CREATE TABLE baseline (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    asset INTEGER NOT NULL REFERENCES asset (n),
    finding INTEGER REFERENCES finding (n),
    kind INTEGER REFERENCES word (n),
    reason TEXT NOT NULL CHECK (reason <> ''),
    owner INTEGER REFERENCES account (n),
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    expires INTEGER NOT NULL CHECK (expires > at),
    ended_at INTEGER NOT NULL DEFAULT 0,
    expired INTEGER NOT NULL DEFAULT 0,
    CHECK ((finding IS NULL) <> (kind IS NULL))
) STRICT;
CREATE INDEX baseline_asset ON baseline (asset) WHERE ended_at = 0;
CREATE INDEX baseline_finding ON baseline (finding);
CREATE INDEX baseline_expiry ON baseline (expires) WHERE ended_at = 0;

CREATE TABLE fix (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    finding INTEGER NOT NULL REFERENCES finding (n),
    asset INTEGER NOT NULL REFERENCES asset (n),
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
    kind INTEGER NOT NULL REFERENCES word (n),
    target TEXT NOT NULL,
    value TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    approved_by TEXT NOT NULL DEFAULT '',
    at INTEGER NOT NULL,
    approved_at INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL,
    journal TEXT NOT NULL DEFAULT '',
    CHECK (state NOT IN (1, 2, 3) OR approved_at > 0)
) STRICT;
CREATE UNIQUE INDEX fix_live ON fix (finding) WHERE state < 3;
CREATE INDEX fix_finding ON fix (finding);
CREATE INDEX fix_asset ON fix (asset);

CREATE TABLE asset_day (
    asset INTEGER NOT NULL REFERENCES asset (n),
    day INTEGER NOT NULL, -- since 1970
    has_score INTEGER NOT NULL,
    score REAL NOT NULL,
    open INTEGER NOT NULL,
    overdue INTEGER NOT NULL,
    PRIMARY KEY (asset, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE org_day (
    org INTEGER NOT NULL REFERENCES org (n),
    day INTEGER NOT NULL,
    has_score INTEGER NOT NULL,
    score REAL NOT NULL,
    open INTEGER NOT NULL,
    overdue INTEGER NOT NULL,
    PRIMARY KEY (org, day)
) STRICT, WITHOUT ROWID;

-- hash = SHA-256(hash before it, then each column with its length); the newest (seq, hash) stands in meta as well.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    what TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    org INTEGER NOT NULL REFERENCES org (n),
    prev BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    org INTEGER NOT NULL REFERENCES org (n),
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    what TEXT NOT NULL
) STRICT;
