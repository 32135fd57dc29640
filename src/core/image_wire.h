/* How an image gets into the role that reads it: the files of its format as descriptors over a socket, one message
 * each, {u8 kind, name}: 'T' one archive of all, 'F' a file of that name in a folder, 'E' that was all, 'X' there were
 * more. The role opens nothing. */
#pragma once

#include "core/image.h"

#define HN_IMAGE_FILES 4096u /* in a folder */
#define HN_IMAGE_SPOOL (UINT64_C(32) << 30)

/* Front: sends what path (an archive or a folder) consists of. */
HN_MUST struct hn_err hn_image_send(int sock, const char *path, struct hn_diag *reterr);
/* Front: a nameless file to unpack layers into; memory when no folder takes one. */
int hn_image_spool(void);
/* Role, before its sandbox: takes everything. False: the other side is gone. */
bool hn_image_receive(int sock, struct hn_image *im);
