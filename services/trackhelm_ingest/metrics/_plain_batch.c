/* Reads the body of a log-batch of plain points straight into columns: no object a point, a key or a number.

   `read` takes what training loops send by far the most: a run and metrics with key, value, timestamp and step,
   in this order, keys of ASCII without escapes, whole numbers of at most 18 digits, NaN and infinity as the stock
   client spells them, and numbers as text too, as R sends them (`"1e+05"`). What follows these fields of a point (its
   model, dataset or labels) is not read here but returned as text, once for each series: `reading.py` reads it. Of
   anything else it says None, and never why: `reading.py` reads it again, in Python, and explains violations. It must
   accept nothing that Python refuses and read nothing differently;
   tests/unit/trackhelm_ingest/metrics/test_plain_batch.py compares both.

   Reading stays within the body because a `bytes` object ends with a NUL, which no token contains: every loop
   stops there at the latest, and whoever looks further ahead asks `end` first.
*/

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <stdint.h>
#include <string.h>

enum {
    MOST_POINTS = 1000,      /* as many as a batch may hold: limits.BATCH_METRICS */
    SLOTS = 2048,            /* of the table of names: a power of two, at most half full */
    INTEGER_DIGITS = 18,     /* what surely fits 64 bits */
    SIGNIFICANT_DIGITS = 19, /* what surely fits 64 bits without a sign */
    EXPONENT_DIGITS = 4,     /* beyond 10^308 a double is infinite, beyond 10^-400 zero */
    MOST_DECIMALS = 400,     /* likewise */
    EXACT_POWERS = 23,       /* of ten, from 10^0 on, that are doubles */
    POWERS_OF_FIVE = 28      /* from 5^0 on, below 2^64 */
};

static const int64_t MOST_TIMES_TEN = 100000000000000000; /* below it, a tenfold has INTEGER_DIGITS at most */

typedef struct {
    const char *text;
    Py_ssize_t length;
} Text;

/* The name of a series: its key, and the fields behind those that are read here, mostly none. */
typedef struct {
    Text key;
    Text rest;
    int32_t count;
    int32_t follower; /* the name that came after this one the last time */
} Name;

typedef struct {
    const char *at;
    const char *end;
    int32_t points;
    int32_t names;
    int32_t has_rests;
    Name name[MOST_POINTS];
    uint16_t slot[SLOTS]; /* number of the name, plus one */
    uint16_t code[MOST_POINTS];
    int64_t step[MOST_POINTS];
    int64_t timestamp[MOST_POINTS];
    double value[MOST_POINTS];
} Batch;

static uint64_t power_of_five[POWERS_OF_FIVE];

static void skip_space(Batch *batch)
{
    while (*batch->at == ' ' || *batch->at == '\n' || *batch->at == '\r' || *batch->at == '\t')
        batch->at++;
}

/* Pass one character and the space before and after it. */
static int pass(Batch *batch, char expected)
{
    skip_space(batch);
    if (*batch->at != expected)
        return 0;
    batch->at++;
    skip_space(batch);
    return 1;
}

/* Pass the text, which has no NUL. Inline, as comparing a length that the compiler knows is a step or two. */
static inline int pass_literal(Batch *batch, const char *text, Py_ssize_t length)
{
    if (batch->end - batch->at < length || memcmp(batch->at, text, (size_t)length) != 0)
        return 0;
    batch->at += length;
    return 1;
}

#define PASS_QUOTED(batch, text) pass_literal(batch, "\"" text "\"", (Py_ssize_t)sizeof("\"" text "\"") - 1)
#define PASS_FIELD(batch, name) (PASS_QUOTED(batch, name) && pass(batch, ':'))

/* Return where a string of ASCII without escapes ends, NULL if it is none; `at` is behind its first quote. */
static inline const char *end_of_text(const char *at)
{
    while (*at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\')
        at++;
    return *at == '"' ? at : NULL;
}

/* Pass a string of ASCII without escapes that is not empty; say where its text is. */
static int pass_text(Batch *batch, Text *text)
{
    if (*batch->at != '"')
        return 0;
    text->text = batch->at + 1;
    const char *end = end_of_text(text->text);
    if (!end || end == text->text)
        return 0;
    text->length = end - text->text;
    batch->at = end + 1;
    return 1;
}

/* Pass strings, objects and what is between them, up to the end of the point; say where that is. */
static int pass_rest(Batch *batch, Text *rest)
{
    const char *at = rest->text = batch->at;
    for (int depth = 0; depth > 0 || *at != '}'; at++) {
        switch (*at) {
        case '"':
            at = end_of_text(at + 1);
            if (!at)
                return 0;
            break;
        case '{':
            depth++;
            break;
        case '}':
            depth--;
            break;
        case ',':
        case ':':
        case ' ':
        case '\n':
        case '\r':
        case '\t':
            break;
        default:
            return 0;
        }
    }
    rest->length = at - rest->text;
    batch->at = at;
    batch->has_rests = 1;
    return rest->length > 0;
}

static int is_same(Text one, Text other)
{
    return one.length == other.length && memcmp(one.text, other.text, (size_t)one.length) == 0;
}

static uint32_t hashed(uint32_t hash, Text text)
{
    for (Py_ssize_t index = 0; index < text.length; index++)
        hash = (hash ^ (unsigned char)text.text[index]) * 16777619u; /* FNV-1a */
    return hash;
}

/* Return the number of a name, a new one if need be. */
static int32_t number_of(Batch *batch, Text key, Text rest)
{
    uint32_t slot = hashed(hashed(2166136261u, key), rest) % SLOTS;
    while (batch->slot[slot]) {
        int32_t number = batch->slot[slot] - 1;
        const Name *name = &batch->name[number];
        if (is_same(name->key, key) && is_same(name->rest, rest))
            return number;
        slot = (slot + 1) % SLOTS;
    }
    int32_t number = batch->names++;
    batch->slot[slot] = (uint16_t)(number + 1);
    batch->name[number] = (Name){key, rest, 0, 0};
    return number;
}

/* Pass a key; return 1 if it is the one of the name that is expected, which needs no search, -1 if not, else 0. */
static int pass_key(Batch *batch, const Name *expected, Text *key)
{
    if (expected && batch->end - batch->at > expected->key.length + 1 && batch->at[0] == '"'
        && batch->at[expected->key.length + 1] == '"'
        && memcmp(batch->at + 1, expected->key.text, (size_t)expected->key.length) == 0) {
        *key = expected->key;
        batch->at += key->length + 2;
        return 1;
    }
    return pass_text(batch, key) ? -1 : 0;
}

static int is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* Return `number` with the digits at `*at` behind it, as far as they go but at most `most`; pass them. */
static inline uint64_t digits_at(const char **at, const char *end, uint64_t number, Py_ssize_t most)
{
    const char *next = *at;
    const char *last = next + most;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    /* Eight at once, pairs to fours to eights: a third less time for a batch whose numbers are long. */
    while (last - next >= 8 && end - next >= 8) {
        uint64_t eight;
        memcpy(&eight, next, sizeof eight);
        eight -= 0x3030303030303030u;
        if ((eight | (eight + 0x7676767676767676u)) & 0x8080808080808080u)
            break;
        eight = eight * 10 + (eight >> 8);
        eight = ((eight & 0x000000ff000000ffu) * 0x000f424000000064u
                 + ((eight >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u)
                >> 32;
        number = number * 100000000 + eight;
        next += 8;
    }
#endif
    while (next < last && is_digit(*next))
        number = number * 10 + (uint64_t)(*next++ - '0');
    *at = next;
    return number;
}

static const char *behind_digits(const char *at)
{
    while (is_digit(*at))
        at++;
    return at;
}

/* Pass the fraction and the power of ten behind a whole number's first digits; make `*number` what all says. */
static int pass_scale(Batch *batch, Py_ssize_t digits, int64_t *number)
{
    const char *at = batch->at;
    int64_t zeros = 0;
    if (*at == '.') {
        const char *fraction = ++at;
        *number = (int64_t)digits_at(&at, batch->end, (uint64_t)*number, INTEGER_DIGITS - digits);
        zeros = fraction - at;
        if (at == fraction || is_digit(*at))
            return 0;
    }
    if ((*at | 0x20) == 'e') {
        at++;
        int is_small = *at == '-';
        at += is_small || *at == '+';
        const char *first = at;
        int64_t power = (int64_t)digits_at(&at, batch->end, 0, EXPONENT_DIGITS);
        if (at == first || is_digit(*at))
            return 0;
        zeros += is_small ? -power : power;
    }
    batch->at = at;
    for (; zeros < 0 && *number % 10 == 0 && *number; zeros++)
        *number /= 10;
    for (; zeros > 0 && *number < MOST_TIMES_TEN && *number; zeros--)
        *number *= 10;
    return zeros == 0 || *number == 0;
}

/* Pass a whole number, in decimal or exponent form, as text or not. */
static int pass_integer(Batch *batch, int64_t *number)
{
    int is_text = *batch->at == '"';
    batch->at += is_text;
    int is_negative = *batch->at == '-';
    const char *first = batch->at + is_negative;
    const char *at = first;
    *number = (int64_t)digits_at(&at, batch->end, 0, INTEGER_DIGITS);
    batch->at = at;
    if (at == first || is_digit(*at) || (at - first > 1 && *first == '0'))
        return 0;
    if ((*at == '.' || (*at | 0x20) == 'e') && !pass_scale(batch, at - first, number))
        return 0;
    if (is_negative)
        *number = -*number;
    return !is_text || *batch->at++ == '"';
}

#ifdef __SIZEOF_INT128__
/* Return quotient / 2^shift, rounded once: half to even, where `rest` says whether there is more below. */
static double rounded(unsigned __int128 quotient, int rest, int shift)
{
    uint64_t high = (uint64_t)(quotient >> 64);
    int bits = high ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)quotient);
    int dropped = bits - DBL_MANT_DIG;
    uint64_t top = (uint64_t)(quotient >> dropped);
    unsigned __int128 half = (unsigned __int128)1 << (dropped - 1);
    unsigned __int128 below = quotient & (2 * half - 1);
    top += below > half || (below == half && (rest || (top & 1)));
    /* A sum, not an or: rounding up to the next power of two carries into the exponent. */
    uint64_t biased = (uint64_t)(DBL_MAX_EXP - 1 + DBL_MANT_DIG - 1 + dropped - shift);
    uint64_t image = (biased << (DBL_MANT_DIG - 1)) + (top - ((uint64_t)1 << (DBL_MANT_DIG - 1)));
    double number;
    memcpy(&number, &image, sizeof number);
    return number;
}
#endif

/* Return whether digits * 10^exponent could be had exactly rounded without arithmetic of many words. */
static int scaled(uint64_t digits, int exponent, double *number)
{
    static const double power_of_ten[EXACT_POWERS] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (digits == 0) {
        *number = 0.0;
        return 1;
    }
#if FLT_EVAL_METHOD == 0
    /* Both are doubles, so one operation rounds once (Clinger 1990, "How to read floating point numbers"). */
    if (digits <= (uint64_t)1 << DBL_MANT_DIG && exponent > -EXACT_POWERS && exponent < EXACT_POWERS) {
        *number = exponent < 0 ? (double)digits / power_of_ten[-exponent] : (double)digits * power_of_ten[exponent];
        return 1;
    }
#endif
#ifdef __SIZEOF_INT128__
    /* digits / 10^n = digits / 5^n / 2^n; the quotient has 65 bits or more, as its dividend has 128. */
    if (exponent < 0 && exponent > -POWERS_OF_FIVE) {
        int zeros = __builtin_clzll(digits);
        unsigned __int128 dividend = (unsigned __int128)(digits << zeros) << 64;
        uint64_t divisor = power_of_five[-exponent];
        unsigned __int128 quotient = dividend / divisor;
        *number = rounded(quotient, quotient * divisor != dividend, 64 + zeros - exponent);
        return 1;
    }
#endif
    return 0;
}

/* Pass a number as JSON spells it; one that is too great for a double is left to Python. */
static int pass_number(Batch *batch, double *number)
{
    const char *first = batch->at;
    int is_negative = *first == '-';
    const char *at = first + is_negative;
    if (!is_digit(*at) || (*at == '0' && is_digit(at[1])))
        return 0;
    const char *begin = at;
    uint64_t digits = digits_at(&at, batch->end, 0, SIGNIFICANT_DIGITS);
    Py_ssize_t significant = *begin == '0' ? 0 : at - begin;
    int is_short = !is_digit(*at);
    at = behind_digits(at);
    int exponent = 0;
    if (*at == '.') {
        const char *fraction = ++at;
        if (!is_digit(*at))
            return 0;
        while (significant == 0 && *at == '0')
            at++;
        digits = digits_at(&at, batch->end, digits, is_short ? SIGNIFICANT_DIGITS - significant : 0);
        is_short = is_short && !is_digit(*at) && at - fraction <= MOST_DECIMALS;
        exponent = is_short ? (int)(fraction - at) : 0;
        at = behind_digits(at);
    }
    if ((*at | 0x20) == 'e') {
        at++;
        int is_small = *at == '-';
        at += is_small || *at == '+';
        if (!is_digit(*at))
            return 0;
        int power = (int)digits_at(&at, batch->end, 0, EXPONENT_DIGITS);
        is_short = is_short && !is_digit(*at);
        at = behind_digits(at);
        exponent += is_small ? -power : power;
    }
    batch->at = at;
    if (is_negative && digits == 0 && exponent == 0)
        return 0; /* `-0` is an integer to Python, which loses the sign */
    if (is_short && scaled(digits, exponent, number)) {
        *number = is_negative ? -*number : *number;
        return 1;
    }
    /* Many digits, or a power of ten that is no double: rare, so it may take longer. */
    char *behind;
    *number = PyOS_string_to_double(first, &behind, NULL);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return 0;
    }
    return behind == at && *number >= -DBL_MAX && *number <= DBL_MAX;
}

/* Pass what protobuf's JSON writes for a double, and a number as text. */
static int pass_value(Batch *batch, double *number)
{
    if (*batch->at != '"')
        return pass_number(batch, number);
    if (PASS_QUOTED(batch, "NaN"))
        *number = Py_NAN;
    else if (PASS_QUOTED(batch, "Infinity"))
        *number = Py_HUGE_VAL;
    else if (PASS_QUOTED(batch, "-Infinity"))
        *number = -Py_HUGE_VAL;
    else {
        batch->at++;
        return pass_number(batch, number) && *batch->at++ == '"';
    }
    return 1;
}

/* Pass `{"key":…,"value":…,"timestamp":…,"step":…}`, perhaps with more fields. */
static int pass_point(Batch *batch)
{
    int32_t point = batch->points;
    if (point == MOST_POINTS || !pass(batch, '{') || !PASS_FIELD(batch, "key"))
        return 0;
    /* Mostly the name that followed the name before the last time, too. */
    Name *before = point ? &batch->name[batch->code[point - 1]] : NULL;
    int32_t number = before ? before->follower : 0;
    const Name *expected = before ? &batch->name[number] : NULL;
    Text key, rest = {"", 0};
    int found = pass_key(batch, expected, &key);
    if (!found || !pass(batch, ',') || !PASS_FIELD(batch, "value") || !pass_value(batch, &batch->value[point])
        || !pass(batch, ',') || !PASS_FIELD(batch, "timestamp") || !pass_integer(batch, &batch->timestamp[point])
        || batch->timestamp[point] < 0)
        return 0;
    batch->step[point] = 0;
    int has_more = pass(batch, ',');
    if (has_more && PASS_QUOTED(batch, "step")) {
        if (!pass(batch, ':') || !pass_integer(batch, &batch->step[point]))
            return 0;
        has_more = pass(batch, ',');
    }
    if (has_more && !pass_rest(batch, &rest))
        return 0;
    if (found < 0 || !is_same(expected->rest, rest)) {
        number = number_of(batch, key, rest);
        if (before)
            before->follower = number;
    }
    batch->name[number].count++;
    batch->code[point] = (uint16_t)number;
    batch->points++;
    return pass(batch, '}');
}

/* Pass the whole body; say where the run's id is. */
static int pass_batch(Batch *batch, Text *run)
{
    if (!pass(batch, '{') || !PASS_FIELD(batch, "run_id") || !pass_text(batch, run) || !pass(batch, ',')
        || !PASS_FIELD(batch, "metrics") || !pass(batch, '['))
        return 0;
    do {
        if (!pass_point(batch))
            return 0;
    } while (pass(batch, ','));
    return pass(batch, ']') && pass(batch, '}') && batch->at == batch->end;
}

/* Put a new object into a tuple; return whether it could be made. */
static int put(PyObject *tuple, Py_ssize_t place, PyObject *item)
{
    if (item)
        PyTuple_SET_ITEM(tuple, place, item);
    return item != NULL;
}

/* Return a new reference to names and counts, and put each name's points after those of the names before. */
static PyObject *columns_of(const Batch *batch, Text run)
{
    Py_ssize_t size = (Py_ssize_t)sizeof(int64_t) * batch->points;
    PyObject *result = Py_BuildValue(
        "(s#NNNNNN)", run.text, run.length, PyTuple_New(batch->names),
        PyTuple_New(batch->has_rests ? batch->names : 0), PyTuple_New(batch->names),
        PyBytes_FromStringAndSize(NULL, size), PyBytes_FromStringAndSize(NULL, size),
        PyBytes_FromStringAndSize(NULL, size));
    if (!result)
        return NULL;
    PyObject *keys = PyTuple_GET_ITEM(result, 1), *rests = PyTuple_GET_ITEM(result, 2);
    PyObject *counts = PyTuple_GET_ITEM(result, 3);
    int32_t place[MOST_POINTS];
    int32_t taken = 0;
    for (int32_t number = 0; number < batch->names; number++) {
        const Name *name = &batch->name[number];
        if (!put(keys, number, PyUnicode_FromStringAndSize(name->key.text, name->key.length))
            || !put(counts, number, PyLong_FromLong(name->count))
            || (batch->has_rests
                && !put(rests, number, PyUnicode_FromStringAndSize(name->rest.text, name->rest.length)))) {
            Py_DECREF(result);
            return NULL;
        }
        place[number] = taken;
        taken += name->count;
    }
    int64_t *steps = (int64_t *)PyBytes_AS_STRING(PyTuple_GET_ITEM(result, 4));
    int64_t *timestamps = (int64_t *)PyBytes_AS_STRING(PyTuple_GET_ITEM(result, 5));
    double *values = (double *)PyBytes_AS_STRING(PyTuple_GET_ITEM(result, 6));
    for (int32_t point = 0; point < batch->points; point++) {
        int32_t to = place[batch->code[point]]++;
        steps[to] = batch->step[point];
        timestamps[to] = batch->timestamp[point];
        values[to] = batch->value[point];
    }
    return result;
}

static PyObject *read_batch(PyObject *module, PyObject *body)
{
    (void)module;
    if (!PyBytes_Check(body))
        return PyErr_Format(PyExc_TypeError, "a body is bytes, not %s", Py_TYPE(body)->tp_name);
    Batch *batch = PyMem_Malloc(sizeof(Batch));
    if (!batch)
        return PyErr_NoMemory();
    batch->at = PyBytes_AS_STRING(body);
    batch->end = batch->at + PyBytes_GET_SIZE(body);
    batch->points = batch->names = batch->has_rests = 0;
    memset(batch->slot, 0, sizeof batch->slot);
    Text run = {NULL, 0};
    PyObject *result = pass_batch(batch, &run) ? columns_of(batch, run) : Py_NewRef(Py_None);
    PyMem_Free(batch);
    return result;
}

static PyMethodDef methods[] = {
    {"read", read_batch, METH_O,
     "Return run, keys, what follows in their points, points a key, steps, timestamps and values; None for others."},
    {NULL, NULL, 0, NULL}};

static int prepare(PyObject *module)
{
    (void)module;
    power_of_five[0] = 1;
    for (int power = 1; power < POWERS_OF_FIVE; power++)
        power_of_five[power] = 5 * power_of_five[power - 1];
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, prepare}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_plain_batch", "Reads log-batch of plain points into columns.", 0, methods, slots,
    NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__plain_batch(void)
{
    return PyModuleDef_Init(&definition);
}
