/* The catalogue: every text that a person reads, in Japanese and English, with named placeholders. Built from all
 * text.yaml files by tools/build-catalogue; a key that lacks a language fails the build. The console gets the same
 * file. */
#pragma once

#include "base/buf.h"
#include "core/finding.h"

enum hn_lang { HN_EN, HN_JA, HN_LANGS };

/* The text with its placeholders, or NULL when there is no such key. */
const char *hn_text_find(enum hn_lang lang, const char *key);
/* The i-th key of the catalogue, in bytewise order; NULL beyond the end. */
const char *hn_text_key(size_t i);
/* Appends the text with {name} replaced from params (unknown names stay as they are, marked "{?name}"). A missing key
 * appends the key itself. {name|n} in English picks "s" when the number is not 1. */
void hn_text_add(struct hn_buf *out, enum hn_lang lang, const char *key, const struct hn_param *params);
struct hn_str hn_text(struct hn_arena *a, enum hn_lang lang, const char *key, const struct hn_param *params);
/* Appends why something could not be read or done; an English phrase (strerror, a parser's words) is said in the
 * language asked for as far as there is a text "reason.<phrase>". Done for the placeholders {why} and {detail} of every
 * text. */
void hn_reason_add(struct hn_buf *out, enum hn_lang lang, struct hn_str why);
/* From LC_ALL, LC_MESSAGES, LANG, or --lang. */
enum hn_lang hn_lang_default(void);
