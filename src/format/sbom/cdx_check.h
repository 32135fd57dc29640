#pragma once

#include "format/sbom/cdx.h"
#include "format/sbom/cdx_in.h"

/* 1 for "1.4" to 8 for "1.7"; 0 for others. */
unsigned cdx_version_bit(struct hn_str spec_version);
/* Checks the text behind the first `skip` bytes; what is wrong becomes a note of b with its JSON pointer. */
void cdx_check_json(struct hn_bom *b, struct hn_bytes json, size_t skip, unsigned version);
