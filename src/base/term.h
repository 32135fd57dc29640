/* Text for a terminal. Everything shown may come from outside: nothing reaches the terminal raw. */
#pragma once

#include "base/buf.h"

/* Control, escape and bidirectional characters become visible. s is valid UTF-8 (hn_str). */
void hn_term_put(struct hn_buf *out, struct hn_str s);
size_t hn_term_width(struct hn_str s); /* in cells; East Asian wide characters count two */
void hn_term_cut(struct hn_buf *out, struct hn_str s, size_t cells); /* at most so many, ending in … when cut */
