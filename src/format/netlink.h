/* Netlink messages as the kernel dumps them (netlink(7)): a 16-byte header, a body, attributes padded to four bytes.
 *
 *   u32 length · u16 type · u16 flags · u32 sequence · u32 port      (all in the byte order of the host)
 *   attribute: u16 length (with these four bytes) · u16 type · value
 *
 * Read through a cursor like any other input, although the kernel wrote it: captures come from elsewhere too. */
#pragma once

#include "base/cur.h"

struct hn_nl_msg {
    uint16_t type, flags;
    struct hn_cur body; /* behind the header; the family's own header first */
};

struct hn_nl_attr {
    uint16_t type; /* without the nested and byte order bits */
    struct hn_bytes value;
};

/* False at the end; then hn_cur_bad(c) tells whether it was an orderly one. */
bool hn_nl_next(struct hn_cur *c, struct hn_nl_msg *ret);
bool hn_nl_attr(struct hn_cur *c, struct hn_nl_attr *ret);
/* A cursor over the attributes inside a value. */
struct hn_cur hn_nl_nested(struct hn_bytes value);
/* The first attribute of a type, searched from the start of c (which is not moved); empty when there is none. */
struct hn_bytes hn_nl_find(const struct hn_cur *c, uint16_t type);

/* Numbers in the byte order of the host and of the network; 0 when the value is too short. */
uint16_t hn_nl_u16(struct hn_bytes v);
uint32_t hn_nl_u32(struct hn_bytes v);
uint16_t hn_nl_be16(struct hn_bytes v);
uint32_t hn_nl_be32(struct hn_bytes v);
/* Text up to its NUL. */
struct hn_bytes hn_nl_text(struct hn_bytes v);
/* The same from a cursor. */
uint16_t hn_nl_take_u16(struct hn_cur *c);
uint32_t hn_nl_take_u32(struct hn_cur *c);
