/* smile.h: SMILE (binary JSON) out, in a Lucene codec envelope: what a repository's .dat files
 * hold. */
#ifndef LB_SANDBOX_SMILE_H
#define LB_SANDBOX_SMILE_H

#include "base/str.h"
#include "base/value.h"

/* 3fd76c17, the codec's name and version, SMILE content, footer with CRC-32. */
void sb_smile_file(struct lb_str *out, const char *codec, const struct lb_value *content);
/* The envelope is whole: magic in front, and the CRC-32 in the footer fits. */
bool sb_smile_whole(const void *bytes, size_t length);

#endif
