/* What show.c and show_affected.c share: one id at a time, as JSON or for people. */
#pragma once

#include "modules/feed/feed.h"

struct shown {
    struct hn_work *w;
    const struct hn_adv_index *x;
    struct hn_arena a; /* of this id */
    struct hn_jw *j;
};

#define WORD(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "")

/* A member that is left out when there is nothing to say. most: of a list. */
void feed_show_kstr(struct hn_jw *j, const char *key, struct hn_str s);
void feed_show_kstrs(struct hn_jw *j, const char *key, struct hn_adv_strs list, size_t most);
void feed_show_put_severities(struct hn_jw *j, const struct hn_adv_severity *list, size_t n);

/* What a record says of one package or product, and its configurations of CPE names: JSON, and lines for people. */
void feed_show_put_affected(struct hn_jw *j, const struct hn_adv_affected *f);
void feed_show_put_nodes(struct hn_jw *j, const struct hn_adv *r);
void feed_show_tell_affected(struct shown *s, const struct hn_adv_affected *f);
void feed_show_tell_nodes(struct shown *s, const struct hn_adv *r);
