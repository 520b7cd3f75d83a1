CREATE TABLE handshake (
    id             TEXT PRIMARY KEY,
    version        INTEGER NOT NULL,
    phase          TEXT NOT NULL,
    our_resource   TEXT NOT NULL,
    their_resource TEXT NOT NULL,
    our_half       TEXT,
    their_half     TEXT,
    updated_at     INTEGER NOT NULL,
    record         TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX by_phase ON handshake (phase, updated_at);
CREATE INDEX by_our_resource ON handshake (our_resource);
CREATE INDEX by_their_resource ON handshake (their_resource);
CREATE INDEX by_our_half ON handshake (our_half);
CREATE INDEX by_their_half ON handshake (their_half);
CREATE TABLE history (
    id        TEXT NOT NULL,
    version   INTEGER NOT NULL,
    line      TEXT NOT NULL,
    PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE hint (
    key       TEXT PRIMARY KEY,
    ticket    TEXT NOT NULL,
    due       INTEGER NOT NULL,
    state     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE request (
    id        TEXT PRIMARY KEY,
    digest    TEXT NOT NULL,
    body      TEXT NOT NULL,
    standing  TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE outcome (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    subject   TEXT NOT NULL,
    request   TEXT,
    body      TEXT NOT NULL
) STRICT;
CREATE TABLE checked (
    id        TEXT PRIMARY KEY,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sweep (
    number    INTEGER PRIMARY KEY CHECK (number = 1),
    note      TEXT NOT NULL
) STRICT;
CREATE INDEX hint_by_age ON hint (due);
CREATE INDEX request_by_age ON request (at);
PRAGMA user_version = 3;
