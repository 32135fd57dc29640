/* Limits attempts per key (account name, address) with growing waits: after `free` failures the next attempt must wait
 * 1 s, 2 s, 4 s … up to `most`. Fixed memory: the entry idle for longest gives way, so that made-up names can neither
 * fill memory nor push out a key that is being attacked now. */
#pragma once

#include "base/bytes.h"
#include "base/time.h"

#define HN_LIMITER_SLOTS 512
struct hn_limiter_slot {
    uint64_t key; /* keyed hash; 0 = free */
    unsigned failures;
    hn_time last, wait_until; /* monotonic */
};
struct hn_limiter {
    unsigned free_tries;
    hn_time most;
    struct hn_limiter_slot slot[HN_LIMITER_SLOTS];
};

void hn_limiter_init(struct hn_limiter *l, unsigned free_tries, hn_time most);
/* How long to wait before an attempt; 0 = now. */
hn_time hn_limiter_wait(const struct hn_limiter *l, struct hn_str key, hn_time mono);
void hn_limiter_failed(struct hn_limiter *l, struct hn_str key, hn_time mono);
void hn_limiter_cleared(struct hn_limiter *l, struct hn_str key);
