/* simdjson, a C++ library, behind one C function. It may read 64 bytes beyond the text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
bool bench_simdjson(const char *p, size_t n);
#ifdef __cplusplus
}
#endif
