/* s3_checksum.c: the digests S3 checks and gives back: MD5 for ETags and Content-MD5, and the five
 * algorithms of x-amz-checksum-*, of which SDKs send CRC32 unasked.
 */
#include "sandbox/s3.h"

#include "base/digest.h"

#include <openssl/evp.h>
#include <string.h>

#define CRC32_POLY 0xEDB88320u
#define CRC32C_POLY 0x82F63B78u
#define CRC64NVME_POLY 0x9A6C9329AC4BC9B5u

/* Reflected CRC of up to 64 bits, a byte at a time over a table made for the call: objects of tests
 * are small, and one loop serves three polynomials. */
static uint64_t crc(uint64_t poly, uint64_t all, const unsigned char *bytes, size_t length)
{
    uint64_t table[256];
    for (unsigned i = 0; i < 256; i++) {
        uint64_t value = i;
        for (int bit = 0; bit < 8; bit++) {
            value = value & 1 ? value >> 1 ^ poly : value >> 1;
        }
        table[i] = value;
    }
    uint64_t value = all;
    for (size_t i = 0; i < length; i++) {
        value = value >> 8 ^ table[(value ^ bytes[i]) & 0xff];
    }
    return value ^ all;
}

static const char *crc_text(struct lb_arena *arena, uint64_t value, size_t width)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (unsigned char)(value >> 8 * (width - 1 - i));
    }
    return lb_base64(arena, bytes, width);
}

static const char *evp_text(struct lb_arena *arena, const EVP_MD *algorithm, const void *bytes,
                            size_t length)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(bytes, length, out, &size, algorithm, NULL);
    return lb_base64(arena, out, size);
}

static const char *checksum(struct lb_arena *arena, const char *algorithm, const void *bytes,
                            size_t length)
{
    if (strcmp(algorithm, "crc32") == 0) {
        return crc_text(arena, crc(CRC32_POLY, 0xffffffffu, bytes, length), 4);
    }
    if (strcmp(algorithm, "crc32c") == 0) {
        return crc_text(arena, crc(CRC32C_POLY, 0xffffffffu, bytes, length), 4);
    }
    if (strcmp(algorithm, "crc64nvme") == 0) {
        return crc_text(arena, crc(CRC64NVME_POLY, UINT64_MAX, bytes, length), 8);
    }
    if (strcmp(algorithm, "sha1") == 0) {
        return evp_text(arena, EVP_sha1(), bytes, length);
    }
    return strcmp(algorithm, "sha256") == 0 ? evp_text(arena, EVP_sha256(), bytes, length) : NULL;
}

static bool check_md5(struct s3_call *call, const char *claimed)
{
    const char *right = evp_text(call->arena, EVP_md5(), call->request->body,
                                 call->request->body_length);
    if (strlen(claimed) != strlen(right)) {
        s3_fail(call, 400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
    } else if (strcmp(claimed, right) != 0) {
        s3_fail(call, 400, "BadDigest",
                "The Content-MD5 you specified did not match what we received.");
    } else {
        return true;
    }
    return false;
}

static bool check_one(struct s3_call *call, const char *algorithm, const char *claimed, bool *seen)
{
    const char *right = checksum(call->arena, algorithm, call->request->body,
                                 call->request->body_length);
    if (!right) {
        return true;
    }
    *seen = true;
    if (strcmp(claimed, right) != 0) {
        s3_fail(call, 400, "BadDigest",
                "The %s you specified did not match the calculated checksum.", algorithm);
        return false;
    }
    return true;
}

bool s3_check_digests(struct s3_call *call, bool required, struct lb_value *kept)
{
    static const char prefix[] = "x-amz-checksum-";
    const char *md5 = s3_header(call, "content-md5");
    bool seen = md5 != NULL;
    if (md5 && !check_md5(call, md5)) {
        return false;
    }
    for (size_t i = 0; i < lb_value_count(call->request->headers); i++) {
        const struct lb_entry *entry = lb_map_nth(call->request->headers, i);
        if (!lb_starts_with(entry->key, prefix)) {
            continue;
        }
        bool known = false;
        if (!check_one(call, entry->key + sizeof prefix - 1, lb_text(entry->value, ""), &known)) {
            return false;
        }
        if (known && kept) {
            lb_map_set_string(call->sandbox->arena, kept, entry->key, lb_text(entry->value, ""));
        }
        seen = seen || known;
    }
    if (required && !seen) {
        s3_fail(call, 400, "InvalidRequest",
                "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
        return false;
    }
    return true;
}

const char *s3_etag(struct lb_arena *arena, const void *bytes, size_t length)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    EVP_Digest(bytes, length, out, &size, EVP_md5(), NULL);
    lb_hex(out, size, hex);
    return lb_arena_printf(arena, "\"%s\"", hex);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : 0;
}

const char *s3_multipart_etag(struct lb_arena *arena, const struct lb_value *etags)
{
    struct lb_str bytes = {0};
    for (size_t i = 0; i < lb_value_count(etags); i++) {
        const char *text = lb_text(lb_list_item(etags, i), "");
        for (text += *text == '"'; *text && *text != '"' && text[1]; text += 2) {
            lb_str_putc(&bytes, (char)(hex_digit(text[0]) << 4 | hex_digit(text[1])));
        }
    }
    const char *etag = s3_etag(arena, lb_str_text(&bytes), bytes.length);
    lb_str_release(&bytes);
    return lb_arena_printf(arena, "%.33s-%zu\"", etag, lb_value_count(etags));
}
