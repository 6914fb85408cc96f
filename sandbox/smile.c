/* smile.c: the files that OpenSearch's ChecksumBlobStoreFormat writes, as far as a reader can tell.
 * Format: github.com/FasterXML/smile-format-specification and Lucene's CodecUtil. */
#include "sandbox/smile.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC 0x3fd76c17U
#define FOOTER 0xc02893e8U
#define FOOTER_BYTES 16

static void big_endian(struct lb_str *out, uint64_t value, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        lb_str_putc(out, (char)(value >> shift & 0xff));
}

static uint32_t crc32(const unsigned char *bytes, size_t length)
{
    uint32_t crc = 0xffffffffU;

    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
    }
    return ~crc;
}

static bool ascii(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return false;
    }
    return true;
}

static void write_string(struct lb_str *out, const char *text)
{
    size_t length = strlen(text);

    if (length == 0) {
        lb_str_putc(out, 0x20);
    } else if (length <= 64 && ascii(text, length)) {
        lb_str_putc(out, (char)(length <= 32 ? 0x40 + length - 1 : 0x60 + length - 33));
        lb_str_puts(out, text);
    } else {
        lb_str_putc(out, (char)(ascii(text, length) ? 0xe0 : 0xe4));
        lb_str_puts(out, text);
        lb_str_putc(out, (char)0xfc);
    }
}

static void write_key(struct lb_str *out, const char *key)
{
    size_t length = strlen(key);

    if (length == 0) {
        lb_str_putc(out, 0x20);
    } else if (length <= 64 && ascii(key, length)) {
        lb_str_putc(out, (char)(0x80 + length - 1));
        lb_str_puts(out, key);
    } else {
        lb_str_putc(out, 0x34);
        lb_str_puts(out, key);
        lb_str_putc(out, (char)0xfc);
    }
}

/* Zigzag, then groups of seven bits; the last byte holds six and has its top bit set. */
static void write_integer(struct lb_str *out, int64_t number)
{
    uint64_t zigzag = (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
    unsigned char groups[10];
    size_t count = 0;

    if (zigzag < 32) {
        lb_str_putc(out, (char)(0xc0 + zigzag));
        return;
    }
    lb_str_putc(out, zigzag <= UINT32_MAX ? 0x24 : 0x25);
    groups[count++] = (unsigned char)(0x80 | (zigzag & 0x3f));
    for (zigzag >>= 6; zigzag; zigzag >>= 7)
        groups[count++] = (unsigned char)(zigzag & 0x7f);
    while (count > 0)
        lb_str_putc(out, (char)groups[--count]);
}

static void write_value(struct lb_str *out, const struct lb_value *value)
{
    size_t count = lb_value_count(value);

    switch (value ? value->type : LB_NULL) {
    case LB_BOOL:
        lb_str_putc(out, value->as.boolean ? 0x23 : 0x22);
        break;
    case LB_NUMBER:
        write_integer(out, lb_int(value, 0));
        break;
    case LB_STRING:
        write_string(out, lb_text(value, ""));
        break;
    case LB_LIST:
        lb_str_putc(out, (char)0xf8);
        for (size_t i = 0; i < count; i++)
            write_value(out, lb_list_item(value, i));
        lb_str_putc(out, (char)0xf9);
        break;
    case LB_MAP:
        lb_str_putc(out, (char)0xfa);
        for (size_t i = 0; i < count; i++) {
            write_key(out, lb_map_nth(value, i)->key);
            write_value(out, lb_map_nth(value, i)->value);
        }
        lb_str_putc(out, (char)0xfb);
        break;
    default:
        lb_str_putc(out, 0x21);
    }
}

void sb_smile_file(struct lb_str *out, const char *codec, const struct lb_value *content)
{
    big_endian(out, MAGIC, 4);
    lb_str_putc(out, (char)strlen(codec));
    lb_str_puts(out, codec);
    big_endian(out, 1, 4);
    lb_str_add(out, ":)\n\x04", 4); /* no shared names, no shared values, raw binary possible */
    write_value(out, content);
    big_endian(out, FOOTER, 4);
    big_endian(out, 0, 4);
    big_endian(out, crc32((const unsigned char *)out->data, out->length), 8);
}

bool sb_smile_whole(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint32_t crc, kept;

    if (!bytes || length < FOOTER_BYTES + 9 || memcmp(at, "\x3f\xd7\x6c\x17", 4) != 0)
        return false;
    crc = crc32(at, length - 8);
    at += length - 4;
    kept = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return crc == kept;
}
