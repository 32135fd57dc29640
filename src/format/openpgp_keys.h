/* What of a file of keys an OpenPGP library is shown. */
#pragma once

#include "base/buf.h"

/* Public keys of a file, armored (any number of blocks) or binary, as packets in their order: keys that sign, their
 * user ids and signatures. Left out is what would be of no use or would cost without bound: keys of other versions and
 * secret ones, keys that only encrypt, numbers larger than anybody's, more keys and signatures than anybody has. Gives
 * the number of primary keys; 0 also when the file is no file of keys. */
size_t hn_pgp_key_packets(struct hn_bytes file, struct hn_buf *out);
