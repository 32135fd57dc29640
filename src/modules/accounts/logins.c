/* Last logins: /var/log/lastlog (one record of 292 bytes per uid, sparse) and wtmp (utmp(5), 384 bytes each).
 *
 *   lastlog  0 time u32 │ 4 line[32] │ 36 host[256]
 *   utmp     0 type i16 │ 4 pid │ 8 line[32] │ 40 id[4] │ 44 user[32] │ 76 host[256] │ … │ 340 tv_sec u32 │ … 384
 *
 * Times are read unsigned, so that they hold until 2106. */
#include "base/cur.h"
#include "modules/accounts/accounts.h"

#define UT_USER_PROCESS 7

/* Up to the first NUL. */
static struct hn_bytes c_field(struct hn_bytes b)
{
    const uint8_t *end = memchr(b.p, 0, b.n);
    return hn_bytes_of(b.p, end ? (size_t)(end - b.p) : b.n);
}

/* Cuts a chunk of a file into records of len bytes; what does not fit waits for the next chunk. */
static void each_record(struct hn_parse *p, struct accounts_carry *c, struct hn_bytes data, size_t len,
                        void (*one)(struct hn_parse *p, uint64_t index, struct hn_bytes rec))
{
    while (data.n) {
        if (c->n || data.n < len) {
            size_t take = len - c->n < data.n ? len - c->n : data.n;
            memcpy(c->rest + c->n, data.p, take);
            c->n += take;
            data = hn_bytes_of(data.p + take, data.n - take);
            if (c->n < len)
                return;
            one(p, c->index++, hn_bytes_of(c->rest, len));
            c->n = 0;
            continue;
        }
        one(p, c->index++, hn_bytes_of(data.p, len));
        data = hn_bytes_of(data.p + len, data.n - len);
    }
}

void accounts_note_login(struct hn_parse *p, struct accounts_user *u, hn_time t, struct hn_bytes host)
{
    if (t <= u->last_login || t > hn_parse_now(p) + HN_DAY)
        return; /* older, or from a clock that was wrong */
    u->last_login = t;
    struct hn_arena *a = hn_parse_arena(p);
    u->last_from = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), c_field(host), 256));
}

/* uid → account is a search over the accounts, so only records that hold a login pay for it. */
static void lastlog_one(struct hn_parse *p, uint64_t index, struct hn_bytes rec)
{
    struct accounts_state *s = hn_parse_state(p);
    struct hn_cur c;
    hn_cur_init(&c, rec, 8);
    uint32_t when = hn_cur_le32(&c);
    s->lastlog_records = index + 1;
    if (!when)
        return;
    hn_cur_skip(&c, 32);
    struct hn_bytes host = hn_cur_take(&c, 256);
    unsigned work = ACCOUNTS_MAX_USERS;
    for (struct accounts_user *u = s->users; u && work; u = u->next, work--)
        if (!u->number_bad && u->uid == index)
            accounts_note_login(p, u, (hn_time)when * HN_SECOND, host);
}

static void wtmp_one(struct hn_parse *p, uint64_t index, struct hn_bytes rec)
{
    struct accounts_state *s = hn_parse_state(p);
    struct hn_cur c;
    hn_cur_init(&c, rec, 8);
    unsigned type = hn_cur_le16(&c);
    hn_cur_skip(&c, 42);
    struct hn_bytes user = c_field(hn_cur_take(&c, 32));
    struct hn_bytes host = hn_cur_take(&c, 256);
    hn_cur_skip(&c, 8);
    uint32_t when = hn_cur_le32(&c);
    if (hn_cur_bad(&c) || type != UT_USER_PROCESS || !user.n)
        return;
    struct accounts_user *u = hn_map_find(&s->by_name, user);
    if (u)
        accounts_note_login(p, u, (hn_time)when * HN_SECOND, host);
}

static void end_of_file(struct hn_parse *p, struct accounts_carry *c, const struct hn_rec *r, const char *why)
{
    if (r->more)
        return;
    if (c->n && !r->truncated)
        hn_parse_malformed(p, r->path, r->offset + r->data.n - c->n, why);
    *c = (struct accounts_carry){0};
}

void accounts_lastlog(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    if (r->err)
        return;
    s->lastlog_seen = true;
    each_record(p, &s->lastlog, r->data, ACCOUNTS_LASTLOG_LEN, lastlog_one);
    if (r->truncated)
        s->lastlog_cut = true;
    end_of_file(p, &s->lastlog, r, "ends within a record");
}

void accounts_wtmp(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    if (r->err)
        return;
    s->wtmp_seen = true;
    each_record(p, &s->wtmp, r->data, ACCOUNTS_UTMP_LEN, wtmp_one);
    end_of_file(p, &s->wtmp, r, "ends within a record");
}
