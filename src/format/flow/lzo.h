/* LZO1X, in which nfdump packs blocks when it is asked to (-z), as old versions do by default in many set-ups. */
#pragma once

#include "base/bytes.h"

/* Unpacks b into out; gives the octets written, or −1 when b is damaged or gives more than max. */
ptrdiff_t hn_lzo_unpack(struct hn_bytes b, uint8_t *out, size_t max);
