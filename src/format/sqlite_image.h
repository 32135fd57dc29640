/* Reads tables of an SQLite database file (sqlite.org/fileformat2.html, version 3) that lies in memory in pieces: table
 * b-trees and their overflow pages, nothing else. No SQL, no indexes, no write-ahead log. For databases of others that
 * are looked at and never trusted: every page is visited at most once, every length is bounded. */
#pragma once

#include "base/buf.h"
#include "base/cur.h"

struct hn_sqlite_image {
    /* Bytes [at, at + n) of the file, which never cross a multiple of 1 MiB; empty when they are not there. */
    struct hn_bytes (*read)(void *arg, uint64_t at, size_t n);
    void *arg;
    uint64_t size;
    uint32_t page_size, usable, pages, budget;
    const char *bad; /* why the walk ended early, or NULL */
};

#define HN_SQLITE_RECORD_MAX (64u << 20)

/* False when it is no such database (bad says why). */
bool hn_sqlite_open(struct hn_sqlite_image *db, struct hn_bytes (*read)(void *, uint64_t, size_t), void *arg,
                    uint64_t size);
/* Root page of a table, or 0. */
uint32_t hn_sqlite_table(struct hn_sqlite_image *db, const char *name);
/* Calls each for every row in order of the key; the record lives until each returns. Sets db->bad on damage; rows
 * before it were handed out. */
void hn_sqlite_rows(struct hn_sqlite_image *db, uint32_t root,
                    void (*each)(void *arg, int64_t rowid, struct hn_bytes record), void *arg);
/* Column number `column` of a record: text or blob as bytes, an integer in *ret_int. False when it is NULL, absent, a
 * float or damaged. */
bool hn_sqlite_column(struct hn_bytes record, unsigned column, struct hn_bytes *ret, int64_t *ret_int);
