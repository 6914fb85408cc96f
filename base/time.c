/* time.c: instants. The calendar is computed here: timegm and strptime are not POSIX or follow the
 * locale, and the tool must print and read the same on every machine.
 */
#include "base/time.h"
#include "base/diag.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct civil {
    int64_t year;
    int month, day, hour, minute, second; /* month and day from 1 */
};

int64_t lb_time_now(void)
{
    return (int64_t)time(NULL);
}

int64_t lb_time_monotonic_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        LB_BUG("no monotonic clock");
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years count from March, so that the
 * leap day is the last (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_from_days(int64_t days, struct civil *civil)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    civil->day = (int)(of_year - (153 * month + 2) / 5 + 1);
    civil->month = (int)(month < 10 ? month + 3 : month - 9);
    civil->year = year + era * 400 + (civil->month <= 2);
}

static void civil_from_seconds(int64_t seconds, struct civil *civil)
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    civil_from_days(days, civil);
    civil->hour = (int)(rest / 3600);
    civil->minute = (int)(rest / 60 % 60);
    civil->second = (int)(rest % 60);
}

/* Checks the ranges; a leap second counts as the one after it. */
static int seconds_from_civil(const struct civil *c, int64_t *out)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
    if (c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > lengths[c->month - 1] + (leap && c->month == 2) || c->hour > 23 ||
        c->minute > 59 || c->second > 60)
        return -1;
    *out = days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 +
           c->second;
    return 0;
}

char *lb_time_format(struct lb_arena *arena, int64_t seconds)
{
    struct civil c;
    civil_from_seconds(seconds, &c);
    return lb_arena_printf(arena, "%04lld-%02d-%02dT%02d:%02d:%02dZ", (long long)c.year, c.month,
                           c.day, c.hour, c.minute, c.second);
}

void lb_time_amz(int64_t seconds, char out[17])
{
    struct civil c;
    civil_from_seconds(seconds, &c);
    if (c.year < 0 || c.year > 9999)
        LB_BUG("a date in the year %lld", (long long)c.year);
    char text[64];
    snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ", (int)c.year, c.month, c.day, c.hour,
             c.minute, c.second);
    memcpy(out, text, 17);
}

/* Exactly `count` digits; NULL passes through, so reads can be chained and checked once. */
static const char *read_digits(const char *p, int count, int *out)
{
    *out = 0;
    for (int i = 0; p && i < count; i++, p++) {
        if (*p < '0' || *p > '9')
            return NULL;
        *out = *out * 10 + (*p - '0');
    }
    return p;
}

static const char *read_char(const char *p, const char *accepted)
{
    return p && *p && strchr(accepted, *p) ? p + 1 : NULL;
}

static const char *read_clock(const char *p, struct civil *c)
{
    p = read_char(read_digits(p, 2, &c->hour), ":");
    p = read_char(read_digits(p, 2, &c->minute), ":");
    return read_digits(p, 2, &c->second);
}

/* "Z", "+02:00", "+0200" */
static const char *read_offset(const char *p, int64_t *offset)
{
    int hours, minutes;
    *offset = 0;
    if (!p || *p == 'Z' || *p == 'z')
        return p ? p + 1 : NULL;
    int sign = *p == '-' ? -1 : 1;
    p = read_digits(read_char(p, "+-"), 2, &hours);
    if (p && *p == ':')
        p++;
    p = read_digits(p, 2, &minutes);
    if (!p || hours > 23 || minutes > 59)
        return NULL;
    *offset = sign * (int64_t)(hours * 3600 + minutes * 60);
    return p;
}

int lb_time_parse(const char *text, int64_t *out)
{
    struct civil c = {0};
    int year;
    int64_t offset, seconds;
    const char *p = read_char(read_digits(text, 4, &year), "-");
    p = read_char(read_digits(p, 2, &c.month), "-");
    p = read_char(read_digits(p, 2, &c.day), "Tt ");
    p = read_clock(p, &c);
    c.year = year;
    if (p && *p == '.') {
        size_t fraction = strspn(p + 1, "0123456789");
        p = fraction ? p + 1 + fraction : NULL;
    }
    p = read_offset(p, &offset);
    if (!p || *p || seconds_from_civil(&c, &seconds) != 0)
        return -1;
    *out = seconds - offset;
    return 0;
}

int lb_time_parse_http(const char *text, int64_t *out)
{
    static const char days[] = "Mon,Tue,Wed,Thu,Fri,Sat,Sun,";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil c = {0};
    int year;
    if (!text || strlen(text) != 29)
        return -1;
    char day[5] = {0}, month[4] = {0};
    memcpy(day, text, 4);
    memcpy(month, text + 8, 3);
    const char *day_at = strstr(days, day), *month_at = strstr(months, month);
    if (!day_at || (day_at - days) % 4 || !month_at || (month_at - months) % 3 || text[7] != ' ')
        return -1;
    c.month = (int)(month_at - months) / 3 + 1;
    if (!read_digits(read_char(text + 4, " "), 2, &c.day))
        return -1;
    const char *p = read_char(read_digits(read_char(text + 11, " "), 4, &year), " ");
    p = read_clock(p, &c);
    c.year = year;
    return p && strcmp(p, " GMT") == 0 ? seconds_from_civil(&c, out) : -1;
}
