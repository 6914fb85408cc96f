/* digest.c: hashes and encodings over OpenSSL's EVP. Failing here means a broken libcrypto (a FIPS
 * module without SHA-256, say); no caller could go on, so it ends the program.
 */
#include "base/digest.h"
#include "base/diag.h"
#include "base/json.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

/* As libcrypto is: once in a process. A context of our own, since the default one goes on without
 * the locks that it had no memory for, and crashes (3.0.x); this one says so. */
static OSSL_LIB_CTX *context;
static EVP_MD *sha256;

void lb_digest_prepare(void)
{
    if (sha256)
        return;
    context = OSSL_LIB_CTX_new();
    sha256 = context ? EVP_MD_fetch(context, "SHA256", NULL) : NULL;
    if (!sha256)
        LB_BUG("libcrypto is out of memory, or without SHA-256");
}

void lb_sha256(const void *bytes, size_t length, unsigned char out[LB_SHA256_BYTES])
{
    lb_digest_prepare();
    if (EVP_Digest(bytes ? bytes : "", length, out, NULL, sha256, NULL) != 1)
        LB_BUG("libcrypto is out of memory, or without SHA-256");
}

void lb_sha256_hex(const void *bytes, size_t length, char out[LB_SHA256_HEX])
{
    unsigned char digest[LB_SHA256_BYTES];
    lb_sha256(bytes, length, digest);
    lb_hex(digest, sizeof digest, out);
}

void lb_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                    unsigned char out[LB_SHA256_BYTES])
{
    if (key_length > INT_MAX)
        LB_BUG("an HMAC key of %zu bytes", key_length);
    lb_digest_prepare();
    /* OpenSSL takes a NULL key as "the one of the last call", not as an empty one. */
    size_t written;
    if (!EVP_Q_mac(context, "HMAC", NULL, "SHA256", NULL, key ? key : "", key_length,
                   bytes ? (const unsigned char *)bytes : (const unsigned char *)"", length, out,
                   LB_SHA256_BYTES, &written))
        LB_BUG("libcrypto is out of memory, or without HMAC-SHA-256");
}

void lb_hex(const unsigned char *bytes, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

char *lb_base64(struct lb_arena *arena, const void *bytes, size_t length)
{
    if (length > INT_MAX / 2)
        LB_BUG("base64 of %zu bytes", length);
    char *text = lb_arena_alloc(arena, (length + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
    return text;
}

const char *lb_value_digest(struct lb_arena *arena, const struct lb_value *value)
{
    struct lb_str json = {0};
    lb_json_canonical(&json, value);
    if (json.overflow)
        LB_BUG("a value too large to hash");
    char *hex = lb_arena_alloc(arena, LB_SHA256_HEX);
    lb_sha256_hex(lb_str_text(&json), json.length, hex);
    lb_str_release(&json);
    return hex;
}

void lb_wipe(void *bytes, size_t length)
{
    if (bytes)
        OPENSSL_cleanse(bytes, length);
}
