/* blob.h: keeping and sweeping the bytes beside the state; for state.c alone. */
#ifndef LB_SANDBOX_BLOB_H
#define LB_SANDBOX_BLOB_H

#include "sandbox/internal.h"

/* Writes blobs that have no file yet into the state folder. */
void sb_blobs_save(struct sandbox *sandbox);
/* Frees what the state no longer names; `files`: their files too. Call it between requests only. */
void sb_blobs_sweep(struct sandbox *sandbox, bool files);
void sb_blobs_free(struct sandbox *sandbox);

#endif
