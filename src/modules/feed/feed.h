/* Shared by the files of this module. */
#pragma once

#include "core/text.h"
#include "core/work.h"
#include "format/advisory/advisory.h"

struct feed_index {
    struct hn_adv_index x;
    bool there; /* no index is no error: nothing was added yet */
};
/* Maps the index in force; false, with a message, when it is damaged. It lives as long as the worker. */
bool feed_open(struct hn_work *w, struct feed_index *ret);

/* Tells what was taken in: a sentence, or the feed as `list --json` shows it, in one line. */
void feed_told(struct hn_work *w, const struct hn_adv_feed *f);
void feed_json(struct hn_work *w, const struct hn_adv_feed *list, size_t n); /* as `list --json` */

#define FEED_INDEX HN_STR("index")

int feed_add(struct hn_work *w);
int feed_remove(struct hn_work *w);
int feed_list(struct hn_work *w);
int feed_show(struct hn_work *w);
int feed_names(struct hn_work *w);
int feed_export(struct hn_work *w);
int feed_import(struct hn_work *w);
void feed_judge(struct hn_judge *j);

extern const struct hn_verb_option feed_add_options[], feed_list_options[], feed_show_options[], feed_names_options[],
    feed_export_options[], feed_import_options[];
/* The next index: what the old one has and the feeds of the bundle, which replace those of the same names. Exit code.
 */
int feed_join(struct hn_work *w, const struct feed_index *old, const struct hn_adv_index *bundle);
