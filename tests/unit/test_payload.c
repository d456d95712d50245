/*
 * Every kernel that this CPU has, against section 5.3 of RFC 6455 and against utf8_check.
 *
 * This program needs nothing but the C library, so that it is easily built for another CPU and run
 * on an emulated one: tests/check-arm64.
 */
#include "protocol/payload_kernels.h"

#include "utf8_samples.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    KEY_BYTES = 4,
    LONGEST = 300,
    ALIGNMENTS = 65,
    FARTHEST = 80, /* from an overlapping source to its target */
    MARGIN_BYTES = 128,
    MARGIN_BYTE = 0xEE,
    RANDOM_TEXTS = 20000,
};

static const uint8_t keys[][4] = {
    {0, 0, 0, 0}, {0x37, 0xBA, 0x21, 0xF1}, {0xFF, 0xFF, 0xFF, 0xFF}, {1, 0, 0, 0}};

/* Its bytes would be mistaken for characters if they got behind a text. */
static const uint8_t *const key = keys[1];

/* A text, and what utf8_check says of it, one byte at a time. */
struct text {
    uint8_t bytes[LONGEST];
    struct utf8_state states[LONGEST + 1]; /* after so many bytes */
    size_t right;                          /* how many bytes may stand there */
};

/* Repeated over a whole text. */
static const char *const alphabets[] = {"a",
                                        "aaaaaaaaaaaaaaaa\xC3\xA9",
                                        "\xCE\xB1",
                                        "\xE4\xB8\xAD",
                                        "\xF0\x9F\x98\x80",
                                        "\xD0\xB6\xE4\xB8\xADz"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

__attribute__((format(printf, 1, 2))) static bool fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    return false;
}

/* ---- texts ---- */

static void judge(struct text *text, size_t length)
{
    struct utf8_state state = {0};

    text->right = 0;
    while (text->right < length && utf8_check(&state, text->bytes + text->right, 1)) {
        text->states[++text->right] = state;
    }
}

static struct text text_of(const char *alphabet)
{
    size_t unit = strlen(alphabet);
    struct text text = {.right = 0};

    for (size_t i = 0; i < LONGEST; i++) {
        text.bytes[i] = (uint8_t)alphabet[i % unit];
    }
    judge(&text, LONGEST);
    return text;
}

/* The section's formula: octet i is XORed with octet i modulo 4 of the key. */
static void mask(uint8_t *target, const uint8_t *source, size_t length,
                 const uint8_t masking_key[4])
{
    for (size_t i = 0; i < length; i++) {
        target[i] = source[i] ^ masking_key[i % 4];
    }
}

/* Whether the kernel says of these bytes, which follow each other, what it has to. */
static bool judges(const struct payload_kernel *kernel, const struct text *text, size_t from,
                   size_t to)
{
    struct utf8_state state = text->states[from];
    uint8_t masked[LONGEST];
    uint8_t target[LONGEST];
    bool right;

    mask(masked, text->bytes + from, to - from, key);
    right = kernel->unmask_text(&state, target, masked, to - from, key);
    if (right != (text->right >= to)) {
        return fail("%s, bytes %zu to %zu: said to be %s", kernel->name, from, to,
                    right ? "right" : "wrong");
    }
    if (right && (memcmp(target, text->bytes + from, to - from) != 0 ||
                  memcmp(&state, &text->states[to], sizeof state) != 0)) {
        return fail("%s, bytes %zu to %zu: wrong bytes or state", kernel->name, from, to);
    }
    return true;
}

/* The same of a text in two pieces; of the second only if the first was right. */
static bool judges_cut(const struct payload_kernel *kernel, const struct text *text, size_t length,
                       size_t cut)
{
    return judges(kernel, text, 0, cut) && (text->right < cut || judges(kernel, text, cut, length));
}

static bool text_at_every_cut(const struct payload_kernel *kernel)
{
    for (size_t i = 0; i < COUNT(alphabets); i++) {
        struct text text = text_of(alphabets[i]);

        for (size_t length = 0; length <= LONGEST; length++) {
            for (size_t cut = 0; cut <= length; cut++) {
                if (!judges_cut(kernel, &text, length, cut)) {
                    return fail("alphabet %zu, %zu bytes cut at %zu", i, length, cut);
                }
            }
        }
    }
    return true;
}

/* The piece at the offset, at the text's end or before it, uncut or cut anywhere. */
static bool judges_piece(const struct payload_kernel *kernel, struct text *text, const char *piece,
                         size_t offset)
{
    size_t end = offset + strlen(piece);

    memcpy(text->bytes + offset, piece, end - offset);
    judge(text, LONGEST);
    if (!judges(kernel, text, 0, end) || !judges(kernel, text, 0, LONGEST)) {
        return fail("piece at %zu", offset);
    }
    for (size_t cut = offset; cut <= end; cut++) {
        if (!judges_cut(kernel, text, end, cut) || !judges_cut(kernel, text, LONGEST, cut)) {
            return fail("piece at %zu, cut at %zu", offset, cut);
        }
    }
    return true;
}

static bool pieces_at_every_offset(const struct payload_kernel *kernel)
{
    for (size_t i = 0; i < COUNT(utf8_pieces); i++) {
        for (size_t offset = 0; offset + strlen(utf8_pieces[i]) <= LONGEST; offset++) {
            struct text ascii = text_of("a");
            struct text other = text_of("\xE4\xB8\xAD");

            if (!judges_piece(kernel, &ascii, utf8_pieces[i], offset) ||
                !judges_piece(kernel, &other, utf8_pieces[i], offset)) {
                return fail("piece %zu", i);
            }
        }
    }
    return true;
}

static bool all_pairs_of_bytes(const struct payload_kernel *kernel)
{
    for (unsigned pair = 0; pair < 65536; pair++) {
        struct text text = {.bytes = {(uint8_t)(pair >> 8), (uint8_t)pair}};

        judge(&text, 2);
        if (!judges(kernel, &text, 0, 2) || !judges_cut(kernel, &text, 2, 1)) {
            return fail("%04x", pair);
        }
    }
    return true;
}

static bool four_bytes_at_the_edges(const struct payload_kernel *kernel)
{
    enum { EDGES = COUNT(utf8_edges) };

    for (size_t i = 0; i < (size_t)EDGES * EDGES * EDGES * EDGES; i++) {
        struct text text = {.bytes = {utf8_edges[i / EDGES / EDGES / EDGES],
                                      utf8_edges[i / EDGES / EDGES % EDGES],
                                      utf8_edges[i / EDGES % EDGES], utf8_edges[i % EDGES]}};

        judge(&text, 4);
        for (size_t cut = 0; cut < 4; cut++) {
            if (!judges_cut(kernel, &text, 4, cut)) {
                return fail("%02x %02x %02x %02x, cut at %zu", text.bytes[0], text.bytes[1],
                            text.bytes[2], text.bytes[3], cut);
            }
        }
    }
    return true;
}

/* The same numbers in every run. */
static size_t random_below(uint32_t *seed, size_t limit)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % limit;
}

/* Characters of all alphabets, and in half of the texts one byte that may be wrong. */
static bool random_texts(const struct payload_kernel *kernel)
{
    uint32_t seed = 1;

    for (unsigned i = 0; i < RANDOM_TEXTS; i++) {
        size_t length = 1 + random_below(&seed, LONGEST);
        struct text text = {.right = 0};

        for (size_t at = 0; at < length;) {
            const char *piece = alphabets[random_below(&seed, COUNT(alphabets))];
            size_t bytes = strlen(piece) <= length - at ? strlen(piece) : length - at;

            memcpy(text.bytes + at, piece, bytes);
            at += bytes;
        }
        if (i % 2 == 0) {
            text.bytes[random_below(&seed, length)] = (uint8_t)random_below(&seed, 256);
        }
        judge(&text, length);
        if (!judges_cut(kernel, &text, length, random_below(&seed, length + 1))) {
            return fail("random text %u", i);
        }
    }
    return true;
}

/* ---- where the bytes are ---- */

/* Runs one of the kernel's functions over a text without errors. */
static bool run(const struct payload_kernel *kernel, bool as_text, uint8_t *target,
                const uint8_t *source, size_t length, const uint8_t masking_key[4])
{
    struct utf8_state state = {0};

    if (as_text) {
        return kernel->unmask_text(&state, target, source, length, masking_key) ||
               fail("%s: %zu bytes said to be wrong", kernel->name, length);
    }
    kernel->unmask(target, source, length, masking_key);
    return true;
}

static bool is_margin(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != MARGIN_BYTE) {
            return false;
        }
    }
    return true;
}

static bool unmasks_aligned(const struct payload_kernel *kernel, bool as_text,
                            const struct text *text, size_t length, size_t alignment,
                            const uint8_t masking_key[4])
{
    static uint8_t source[ALIGNMENTS + LONGEST] __attribute__((aligned(64)));
    static uint8_t targets[MARGIN_BYTES + ALIGNMENTS + LONGEST + MARGIN_BYTES]
        __attribute__((aligned(64)));
    uint8_t *target = targets + MARGIN_BYTES + alignment * 7 % ALIGNMENTS;

    memset(targets, MARGIN_BYTE, sizeof targets);
    mask(source + alignment, text->bytes, length, masking_key);
    if (!run(kernel, as_text, target, source + alignment, length, masking_key)) {
        return false;
    }
    if (memcmp(target, text->bytes, length) != 0) {
        return fail("%s: %zu wrong bytes", kernel->name, length);
    }
    return (is_margin(target - MARGIN_BYTES, MARGIN_BYTES) &&
            is_margin(target + length, MARGIN_BYTES)) ||
           fail("%s: written outside of %zu bytes", kernel->name, length);
}

static bool every_length_and_alignment(const struct payload_kernel *kernel)
{
    struct text text = text_of("\xE4\xB8\xAD");

    for (size_t length = 0; length <= LONGEST; length++) {
        for (size_t alignment = 0; alignment < ALIGNMENTS; alignment++) {
            const uint8_t *masking_key = keys[alignment % COUNT(keys)];

            if (!unmasks_aligned(kernel, false, &text, length, alignment, masking_key) ||
                !unmasks_aligned(kernel, true, &text, length, alignment, masking_key)) {
                return fail("alignment %zu", alignment);
            }
        }
    }
    return true;
}

/* The target begins `distance` bytes below the source, in front of which is the key. */
static bool unmasks_overlapping(const struct payload_kernel *kernel, bool as_text,
                                const struct text *text, size_t length, size_t distance)
{
    uint8_t before[KEY_BYTES + FARTHEST + LONGEST + MARGIN_BYTES];
    uint8_t bytes[sizeof before];
    uint8_t *target = bytes + KEY_BYTES;
    uint8_t *end = target + length;

    memset(before, MARGIN_BYTE, sizeof before);
    memcpy(before + distance, key, KEY_BYTES);
    mask(before + KEY_BYTES + distance, text->bytes, length, key);
    memcpy(bytes, before, sizeof bytes);
    if (!run(kernel, as_text, target, target + distance, length, bytes + distance)) {
        return fail("overlapping at %zu", distance);
    }
    return (memcmp(bytes, before, KEY_BYTES) == 0 && memcmp(target, text->bytes, length) == 0 &&
            memcmp(end, before + (end - bytes), (size_t)(bytes + sizeof bytes - end)) == 0) ||
           fail("%s: %zu bytes overlapping at %zu", kernel->name, length, distance);
}

static bool every_overlap(const struct payload_kernel *kernel)
{
    struct text text = text_of(alphabets[COUNT(alphabets) - 1]);

    for (size_t length = 0; length <= LONGEST; length++) {
        for (size_t distance = 0; distance <= FARTHEST; distance++) {
            if (!unmasks_overlapping(kernel, false, &text, length, distance) ||
                !unmasks_overlapping(kernel, true, &text, length, distance)) {
                return false;
            }
        }
    }
    return true;
}

/* A page between two that nobody may touch. */
static uint8_t *map_guarded_page(size_t page_bytes)
{
    uint8_t *pages =
        mmap(NULL, 3 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED || mprotect(pages, page_bytes, PROT_NONE) != 0 ||
        mprotect(pages + 2 * page_bytes, page_bytes, PROT_NONE) != 0) {
        perror("cannot map pages");
        exit(EXIT_FAILURE);
    }
    return pages + page_bytes;
}

/* A kernel that touches a byte outside ends the program. */
static bool nothing_is_touched_outside(const struct payload_kernel *kernel)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *sources = map_guarded_page(page_bytes);
    uint8_t *targets = map_guarded_page(page_bytes);
    struct text text = text_of("\xE4\xB8\xAD");
    bool passed = true;

    for (size_t i = 0; passed && i <= (size_t)4 * LONGEST; i++) {
        size_t length = i / 4;
        uint8_t *source = sources + (i % 2 == 0 ? 0 : page_bytes - length);
        uint8_t *target = targets + (i / 2 % 2 == 0 ? 0 : page_bytes - length);

        mask(source, text.bytes, length, key);
        passed = run(kernel, false, target, source, length, key) &&
                 run(kernel, true, target, source, length, key);
    }
    munmap(sources - page_bytes, 3 * page_bytes);
    munmap(targets - page_bytes, 3 * page_bytes);
    return passed;
}

/* ---- all of it ---- */

static bool is_chosen_if_best(const struct payload_kernel *kernel)
{
    const struct payload_kernel *best = NULL;

    for (size_t i = 0; payload_kernels[i] != NULL; i++) {
        best = payload_kernels[i]->supported() ? payload_kernels[i] : best;
    }
    protocol_choose_kernels();
    return (kernel == best) == (kernel == payload_kernel) ||
           fail("%s is the best, %s was chosen", best->name, payload_kernel->name);
}

static const struct {
    const char *name;
    bool (*passes)(const struct payload_kernel *kernel);
} tests[] = {
    {"every length and alignment", every_length_and_alignment},
    {"every overlap", every_overlap},
    {"nothing is touched outside", nothing_is_touched_outside},
    {"text at every cut", text_at_every_cut},
    {"pieces at every offset", pieces_at_every_offset},
    {"all pairs of bytes", all_pairs_of_bytes},
    {"four bytes at the edges", four_bytes_at_the_edges},
    {"random texts", random_texts},
    {"is chosen if best", is_chosen_if_best},
};

int main(void)
{
    unsigned passed = 0;
    unsigned failed = 0;

    for (size_t i = 0; payload_kernels[i] != NULL; i++) {
        const struct payload_kernel *kernel = payload_kernels[i];

        if (!kernel->supported()) {
            printf("%s: not on this CPU\n", kernel->name);
            continue;
        }
        for (size_t j = 0; j < COUNT(tests); j++) {
            bool passes = tests[j].passes(kernel);

            printf("%s %s: %s\n", passes ? "ok    " : "FAILED", kernel->name, tests[j].name);
            passed += passes;
            failed += !passes;
        }
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
