#include "core/limiter.h"

#include "base/hash.h"

#define FORGET_AFTER (30 * HN_MINUTE)

void hn_limiter_init(struct hn_limiter *l, unsigned free_tries, hn_time most)
{
    *l = (struct hn_limiter){.free_tries = free_tries, .most = most};
}

static uint64_t key_of(struct hn_str key)
{
    uint64_t h = hn_hash64(hn_str_bytes(key));
    return h ? h : 1;
}

static struct hn_limiter_slot *find(const struct hn_limiter *l, uint64_t key)
{
    for (size_t i = 0; i < HN_LIMITER_SLOTS; i++)
        if (l->slot[i].key == key)
            return (struct hn_limiter_slot *)&l->slot[i];
    return NULL;
}

hn_time hn_limiter_wait(const struct hn_limiter *l, struct hn_str key, hn_time mono)
{
    const struct hn_limiter_slot *s = find(l, key_of(key));

    return s && s->wait_until > mono ? s->wait_until - mono : 0;
}

void hn_limiter_failed(struct hn_limiter *l, struct hn_str key, hn_time mono)
{
    uint64_t k = key_of(key);
    struct hn_limiter_slot *s = find(l, k);

    if (!s) {
        s = &l->slot[0];
        for (size_t i = 1; i < HN_LIMITER_SLOTS; i++)
            if (l->slot[i].last < s->last)
                s = &l->slot[i];
        *s = (struct hn_limiter_slot){.key = k};
    }
    if (s->last && mono - s->last > FORGET_AFTER)
        s->failures = 0;
    s->failures++;
    s->last = mono;
    if (s->failures < l->free_tries)
        return;
    unsigned doublings = s->failures - l->free_tries;
    hn_time wait = HN_SECOND << (doublings > 20 ? 20 : doublings);
    s->wait_until = mono + (wait > l->most ? l->most : wait);
}

void hn_limiter_cleared(struct hn_limiter *l, struct hn_str key)
{
    struct hn_limiter_slot *s = find(l, key_of(key));

    if (s)
        *s = (struct hn_limiter_slot){0};
}
