/* digest.c: hashes and encodings over OpenSSL's EVP. Failing here means a broken libcrypto (a FIPS
 * module without SHA-256, say); no caller could go on, so it ends the program.
 */
#include "base/digest.h"
#include "base/diag.h"
#include "base/json.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* As libcrypto is: once in a process. A context of our own, since the default one goes on without
 * the locks that it had no memory for, and crashes (3.0.x); this one says so. */
static OSSL_LIB_CTX *context;
static EVP_MD *sha256;
static EVP_MAC_CTX *hmac; /* without a key: finding and fitting it costs more than the HMAC */

static EVP_MAC_CTX *hmac_new(void)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(context, "HMAC", NULL);
    EVP_MAC_CTX *out = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac); /* the context holds it */
    if (out && EVP_MAC_CTX_set_params(out, params) == 1)
        return out;
    EVP_MAC_CTX_free(out);
    return NULL;
}

void lb_digest_prepare(void)
{
    if (sha256)
        return;
    context = OSSL_LIB_CTX_new();
    sha256 = context ? EVP_MD_fetch(context, "SHA256", NULL) : NULL;
    hmac = sha256 ? hmac_new() : NULL;
    if (!hmac)
        LB_BUG("libcrypto is out of memory, or without HMAC-SHA-256");
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
    EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(hmac); /* freed, it forgets the key */
    if (!mac || !EVP_MAC_init(mac, key ? key : "", key_length, NULL) ||
        !EVP_MAC_update(mac, bytes ? bytes : (const void *)"", length) ||
        !EVP_MAC_final(mac, out, &written, LB_SHA256_BYTES))
        LB_BUG("libcrypto is out of memory, or without HMAC-SHA-256");
    EVP_MAC_CTX_free(mac);
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
