/* Forms of strings in CycloneDX. */
#include "base/str.h"
#include "format/sbom/cdx_rules.h"
#include "format/sbom/licence.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool lower_hex(char c)
{
    return digit(c) || (c >= 'a' && c <= 'f');
}

static bool any_hex(char c)
{
    return lower_hex(c | 0x20) || digit(c);
}

static bool letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Takes n digits, whose value must be from min to max. */
static bool number(struct hn_str *s, size_t n, int min, int max)
{
    int v = 0;

    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!digit(s->p[i]))
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    *s = hn_str_cut(*s, n, s->n);
    return v >= min && v <= max;
}

static bool take(struct hn_str *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    *s = hn_str_cut(*s, 1, s->n);
    return true;
}

/* RFC 3339 full-date; the day is checked against the month. */
static bool date_part(struct hn_str *s)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct hn_str whole = *s;

    if (!number(s, 4, 0, 9999) || !take(s, '-') || !number(s, 2, 1, 12) || !take(s, '-') || !number(s, 2, 1, 31))
        return false;
    int year = (whole.p[0] - '0') * 1000 + (whole.p[1] - '0') * 100 + (whole.p[2] - '0') * 10 + (whole.p[3] - '0');
    int month = (whole.p[5] - '0') * 10 + (whole.p[6] - '0'), day = (whole.p[8] - '0') * 10 + (whole.p[9] - '0');
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

static bool is_date(struct hn_str s)
{
    return date_part(&s) && s.n == 0;
}

/* RFC 3339 date-time: an offset is needed; a leap second is allowed. */
static bool is_date_time(struct hn_str s)
{
    if (!date_part(&s) || !(take(&s, 'T') || take(&s, 't')) || !number(&s, 2, 0, 23) || !take(&s, ':') ||
        !number(&s, 2, 0, 59) || !take(&s, ':') || !number(&s, 2, 0, 60))
        return false;
    if (take(&s, '.')) {
        if (!s.n || !digit(s.p[0]))
            return false;
        while (s.n && digit(s.p[0]))
            s = hn_str_cut(s, 1, s.n);
    }
    if (take(&s, 'Z') || take(&s, 'z'))
        return s.n == 0;
    return (take(&s, '+') || take(&s, '-')) && number(&s, 2, 0, 23) && take(&s, ':') && number(&s, 2, 0, 59) &&
           s.n == 0;
}

/* RFC 3987, but only its characters: what is refused could not be written into any reference. */
static bool is_iri(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F || strchr("<>\"{}|\\^`", s.p[i]))
            return false;
    return true;
}

static bool is_uri(struct hn_str s)
{
    size_t i = 0;

    while (i < s.n && (letter(s.p[i]) || (i > 0 && (digit(s.p[i]) || strchr("+-.", s.p[i])))))
        i++;
    return i > 0 && i < s.n && s.p[i] == ':' && is_iri(s);
}

static bool is_email(struct hn_str s)
{
    ptrdiff_t at = hn_str_chr(s, '@');

    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ')
            return false;
    return at > 0 && (size_t)at + 1 < s.n;
}

static bool take_uuid(struct hn_str *s)
{
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (i >= s->n || (dash ? s->p[i] != '-' : !lower_hex(s->p[i])))
            return false;
    }
    *s = hn_str_cut(*s, 36, s->n);
    return true;
}

static bool is_serial(struct hn_str s)
{
    if (!hn_str_starts(s, "urn:uuid:"))
        return false;
    s = hn_str_cut(s, 9, s.n);
    return take_uuid(&s) && s.n == 0;
}

/* urn:cdx:UUID/VERSION and perhaps #REFERENCE */
static bool is_bomlink(struct hn_str s, bool element)
{
    if (!hn_str_starts(s, "urn:cdx:"))
        return false;
    s = hn_str_cut(s, 8, s.n);
    if (!take_uuid(&s) || !take(&s, '/') || !s.n || s.p[0] == '0')
        return false;
    size_t i = 0;
    while (i < s.n && digit(s.p[i]))
        i++;
    if (i == 0)
        return false;
    s = hn_str_cut(s, i, s.n);
    return (s.n == 0 && !element) || (s.n > 1 && s.p[0] == '#');
}

static bool is_digest(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!any_hex(s.p[i]))
            return false;
    return s.n == 32 || s.n == 40 || s.n == 64 || s.n == 96 || s.n == 128;
}

static bool is_mime(struct hn_str s)
{
    ptrdiff_t slash = hn_str_chr(s, '/');

    for (size_t i = 0; i < s.n; i++)
        if ((ptrdiff_t)i != slash && !digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') && !strchr("-+.", s.p[i]))
            return false;
    return slash > 0 && (size_t)slash + 1 < s.n;
}

static bool is_locale(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (i < 2 ? s.p[i] < 'a' || s.p[i] > 'z' : i == 2 ? s.p[i] != '-' : s.p[i] < 'A' || s.p[i] > 'Z')
            return false;
    return s.n == 2 || s.n == 5;
}

/* The list of CycloneDX is that of SPDX with its exceptions, and with the old spelling of "or later". */
static bool is_licence_id(struct hn_str s)
{
    static const char *const later[] = {"GPL-1.0+", "GPL-2.0+", "GPL-3.0+", "LGPL-2.0+", "LGPL-2.1+", "LGPL-3.0+"};
    const char *known = hn_licence_known(s), *exception = hn_licence_exception_known(s);

    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (hn_str_eqc(s, later[i]))
            return true;
    return (known && hn_str_eqc(s, known)) || (exception && hn_str_eqc(s, exception));
}

static bool is_cre(struct hn_str s)
{
    size_t dashes = 0, digits = 0;

    if (!hn_str_starts(s, "CRE:"))
        return false;
    s = hn_str_cut(s, 4, s.n);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '-' && digits) {
            dashes++;
            digits = 0;
        } else if (digit(s.p[i])) {
            digits++;
        } else {
            return false;
        }
    }
    return dashes == 1 && digits > 0;
}

static bool is_country(struct hn_str s)
{
    return s.n == 2 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' && s.p[1] <= 'Z';
}

static bool is_patent_number(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool plain = letter(s.p[i]) || digit(s.p[i]);
        if (!plain && (i == 0 || i + 1 == s.n || !strchr("-/.() \t\n\v\f\r", s.p[i])))
            return false;
    }
    return s.n >= 2 && s.n <= 30;
}

/* XML schema, part 2, 3.2.7: a year of four digits or more, perhaps 24:00:00, perhaps no offset. */
static bool is_xs_date_time(struct hn_str s)
{
    char text[64];
    size_t n = 0;

    if (take(&s, '-') || s.n >= sizeof text - 2)
        return false;
    while (s.n > 4 && digit(s.p[4])) /* a longer year: only its last four digits decide about days */
        s = hn_str_cut(s, 1, s.n);
    for (size_t i = 0; i < s.n; i++)
        text[n++] = s.p[i];
    if (n >= 19 && memcmp(text + 11, "24:00:00", 8) == 0)
        text[11] = text[12] = '0';
    if (n >= 19 && text[n - 1] != 'Z' && (n < 25 || (text[n - 6] != '+' && text[n - 6] != '-')))
        text[n++] = 'Z';
    if (n >= 6 && (text[n - 6] == '+' || text[n - 6] == '-')) { /* at most 14:00 */
        int hours = (text[n - 5] - '0') * 10 + (text[n - 4] - '0');
        if (hours > 14)
            return false;
    }
    return memchr(text, 't', n) == NULL && memchr(text, 'z', n) == NULL && is_date_time((struct hn_str){text, n});
}

static bool is_urn_uuid(struct hn_str s)
{
    if (is_serial(s))
        return true;
    /* The braces stand behind the alternation of the schema's pattern: "{…}" alone. */
    return take(&s, '{') && take_uuid(&s) && take(&s, '}') && s.n == 0;
}

/* One attribute of a CPE 2.3 name: "*", "-", or characters with those that are special behind a backslash, "?" and "*"
 * only at the ends. Takes it. */
static bool cpe_attribute(struct hn_str *s)
{
    size_t i = 0, plain = 0;
    const char *p = s->p;

    if (s->n && (p[0] == '*' || p[0] == '-') && (s->n == 1 || p[1] == ':')) {
        *s = hn_str_cut(*s, 1, s->n);
        return true;
    }
    while (i < s->n && (p[i] == '?' || (p[i] == '*' && i == 0)))
        i++;
    while (i < s->n && p[i] != ':' && p[i] != '?' && p[i] != '*') {
        if (p[i] == '\\' && i + 1 < s->n && strchr("\\*?!\"#$%&'()+,/:;<=>@[]^`{|}~", p[i + 1]))
            i++;
        else if (!letter(p[i]) && !digit(p[i]) && !strchr("-._", p[i]))
            return false;
        i++;
        plain++;
    }
    while (i < s->n && (p[i] == '?' || p[i] == '*'))
        i++;
    *s = hn_str_cut(*s, i, s->n);
    return plain > 0;
}

/* NISTIR 7695 §6: cpe:2.3:part:vendor:product:version:update:edition:language:sw_edition:target_sw:target_hw:other */
static bool is_cpe23(struct hn_str s)
{
    s = hn_str_cut(s, 8, s.n);
    if (!s.n || !strchr("aho*-", s.p[0]))
        return false;
    s = hn_str_cut(s, 1, s.n);
    for (int i = 0; i < 10; i++)
        if (!take(&s, ':') || !cpe_attribute(&s))
            return false;
    return s.n == 0;
}

static bool is_cpe(struct hn_str s)
{
    int colons = 0;

    if (hn_str_starts(s, "cpe:2.3:"))
        return is_cpe23(s);
    if (s.n < 5 || s.p[0] != 'c' || (s.p[1] | 0x20) != 'p' || (s.p[2] | 0x20) != 'e' || s.p[3] != ':' || s.p[4] != '/')
        return false;
    s = hn_str_cut(s, 5, s.n);
    if (s.n && s.p[0] != ':') {
        if (!strchr("AHOaho", s.p[0]))
            return false;
        s = hn_str_cut(s, 1, s.n);
    }
    if (s.n && s.p[0] != ':')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        colons += s.p[i] == ':';
        if (!letter(s.p[i]) && !digit(s.p[i]) && !strchr(":._-~%", s.p[i]))
            return false;
    }
    return colons <= 6;
}

bool cdx_format_is(enum cdx_format f, struct hn_str s)
{
    switch (f) {
    case CDX_IS_DATE_TIME:
        return is_date_time(s);
    case CDX_IS_DATE:
        return is_date(s);
    case CDX_IS_IRI:
        return is_iri(s);
    case CDX_IS_URI:
        return is_uri(s);
    case CDX_IS_EMAIL:
        return is_email(s);
    case CDX_IS_BOMLINK:
        return is_bomlink(s, false);
    case CDX_IS_BOMLINK_ELEMENT:
        return is_bomlink(s, true);
    case CDX_IS_SERIAL:
        return is_serial(s);
    case CDX_IS_DIGEST:
        return is_digest(s);
    case CDX_IS_MIME:
        return is_mime(s);
    case CDX_IS_LOCALE:
        return is_locale(s);
    case CDX_IS_LICENCE_ID:
        return is_licence_id(s);
    case CDX_IS_CRE:
        return is_cre(s);
    case CDX_IS_COUNTRY:
        return is_country(s);
    case CDX_IS_PATENT_NUMBER:
        return is_patent_number(s);
    case CDX_IS_DATETIME:
        return is_xs_date_time(s);
    case CDX_IS_URN_UUID:
        return is_urn_uuid(s);
    case CDX_IS_CPE:
        return is_cpe(s);
    }
    return false;
}

const char *cdx_format_name(enum cdx_format f)
{
    static const char *const names[] = {
        [CDX_IS_DATE_TIME] = "RFC 3339 date-time, 2026-01-31T12:00:00Z",
        [CDX_IS_DATE] = "date, 2026-01-31",
        [CDX_IS_IRI] = "IRI reference (RFC 3987)",
        [CDX_IS_URI] = "URI",
        [CDX_IS_EMAIL] = "e-mail address",
        [CDX_IS_BOMLINK] = "BOM-Link, urn:cdx:UUID/VERSION",
        [CDX_IS_BOMLINK_ELEMENT] = "BOM-Link, urn:cdx:UUID/VERSION#REF",
        [CDX_IS_SERIAL] = "urn:uuid:8-4-4-4-12",
        [CDX_IS_DIGEST] = "32, 40, 64, 96 or 128 hexadecimal digits",
        [CDX_IS_MIME] = "type/subtype",
        [CDX_IS_LOCALE] = "locale, ja or ja-JP",
        [CDX_IS_LICENCE_ID] = "SPDX licence identifier",
        [CDX_IS_CRE] = "CRE:1-2",
        [CDX_IS_COUNTRY] = "ISO 3166-1 alpha-2, JP",
        [CDX_IS_DATETIME] = "xs:dateTime, 2026-01-31T12:00:00Z",
        [CDX_IS_URN_UUID] = "urn:uuid:8-4-4-4-12",
        [CDX_IS_CPE] = "CPE 2.2 or 2.3 name",
        [CDX_IS_PATENT_NUMBER] = "patent number, 2 to 30 characters",
    };
    return names[f];
}
