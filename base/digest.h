/* digest.h: SHA-256, HMAC and the encodings around them. The only user of OpenSSL beside transport.
 */
#ifndef LB_BASE_DIGEST_H
#define LB_BASE_DIGEST_H

#include "base/arena.h"
#include "base/value.h"

#include <stddef.h>

#define LB_SHA256_BYTES 32
#define LB_SHA256_HEX 65 /* with NUL */

/* For who starts another library that uses libcrypto: ends the program when there is no memory for
 * it, which that library would not notice. The functions here do it themselves. */
void lb_digest_prepare(void);
void lb_sha256(const void *bytes, size_t length, unsigned char out[LB_SHA256_BYTES]);
void lb_sha256_hex(const void *bytes, size_t length, char out[LB_SHA256_HEX]);
void lb_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                    unsigned char out[LB_SHA256_BYTES]);
void lb_hex(const unsigned char *bytes, size_t length, char *out); /* 2*length+1 bytes */
char *lb_base64(struct lb_arena *arena, const void *bytes, size_t length);
/* SHA-256 of the canonical JSON, hex, in the arena. NULL hashes as JSON null. */
const char *lb_value_digest(struct lb_arena *arena, const struct lb_value *value);
/* Wipes memory that held a secret, also where the compiler would drop a plain memset. */
void lb_wipe(void *bytes, size_t length);

#endif
