/* Capabilities of processes and files by name (linux/capability.h). */
#pragma once

#include "base/bytes.h"

#define HN_CAPABILITIES     41u /* checkpoint_restore is the last one */
#define HN_CAPABILITIES_ALL ((UINT64_C(1) << HN_CAPABILITIES) - 1)

/* Names of the set bits, lowest first, without "cap_"; bits that have no name are left out. Gives how many. */
size_t hn_capability_names(uint64_t bits, struct hn_str out[HN_CAPABILITIES]);
