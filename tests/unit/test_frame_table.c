/*
 * Every combination of the fields of a client's frame header, in every state of the stream,
 * delivered whole and in pieces: the decoder's verdict against the oracle's.
 */
#include "frame_oracle.h"
#include "protocol/close.h"
#include "protocol/frame.h"
#include "protocol/payload.h"
#include "suite.h"

#include <check.h>
#include <string.h>

enum {
    PAYLOAD_MAX_BYTES = 65536,
    FRAGMENTS_MAX = 16, /* of the largest payload: as much as a message may have */
    MESSAGE_MAX_BYTES = FRAGMENTS_MAX * PAYLOAD_MAX_BYTES,
};

static const struct frame_limits limits = {MESSAGE_MAX_BYTES, FRAGMENTS_MAX};
static const uint8_t mask_key[4] = {0x37, 0xfa, 0x21, 0x3d};
static const uint8_t opening_mask_key[4] = {0x01, 0x80, 0xff, 0x5a};

static const struct {
    const char *name;
    unsigned field;
    uint64_t length;
} length_forms[] = {
    {"0", 0, 0},
    {"1", 1, 1},
    {"2", 2, 2},
    {"125", 125, 125},
    {"126 in 16 bits", 126, 126},
    {"125 in 16 bits", 126, 125},
    {"65536 in 64 bits", 127, 65536},
    {"65535 in 64 bits", 127, 65535},
    {"a set top bit", 127, UINT64_C(1) << 63 | 5},
};

static const struct {
    const char *name;
    size_t step_bytes; /* of one delivery */
    bool in_place;     /* unmask onto the wire bytes, else elsewhere */
} deliveries[] = {
    {"whole", SIZE_MAX, false},
    {"one byte at a time", 1, true},
    {"three bytes at a time", 3, false},
};

static const char *const state_names[ORACLE_STATES] = {"idle", "in text", "in binary", "closing"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One frame: what it says, its payload in the clear, and its bytes on the wire. */
struct sample {
    struct oracle_header header;
    size_t payload_bytes; /* that `wire` holds: none when the header is illegal */
    size_t wire_bytes;
    uint8_t payload[PAYLOAD_MAX_BYTES];
    uint8_t wire[FRAME_CLIENT_HEADER_MAX + PAYLOAD_MAX_BYTES];
};

/* How a header went through the decoder. */
struct outcome {
    enum frame_verdict verdict;
    struct frame_failure failure;
    size_t taken_bytes;   /* of the wire, by the decoder */
    size_t earlier_bytes; /* that had been delivered when the verdict was not yet out */
    bool left_input;      /* it asked for more and did not take all */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t write_header(uint8_t *target, const struct oracle_header *header,
                           const uint8_t key[4])
{
    unsigned length_bytes = header->length_field == 126 ? 2 : header->length_field == 127 ? 8 : 0;
    uint8_t *at = target;

    *at++ = (uint8_t)((header->fin ? 0x80 : 0) | header->rsv << 4 | header->opcode);
    *at++ = (uint8_t)((header->masked ? 0x80 : 0) | header->length_field);
    for (unsigned i = length_bytes; i > 0; i--) {
        *at++ = (uint8_t)(header->length >> 8 * (i - 1));
    }
    if (header->masked) {
        memcpy(at, key, 4);
        at += 4;
    }
    return (size_t)(at - target);
}

/* ASCII where text has to be, code and ASCII in a Close, else bytes that are no text. */
static void fill_payload(struct sample *sample, enum oracle_state state)
{
    unsigned opcode = sample->header.opcode;
    bool text = opcode == OPCODE_TEXT || (opcode == OPCODE_CONTINUATION && state == ORACLE_IN_TEXT);

    for (size_t i = 0; i < sample->payload_bytes; i++) {
        bool letter = text || (opcode == OPCODE_CLOSE && i >= 2);
        sample->payload[i] = (uint8_t)(letter ? 'a' + i % 26 : 0x80 + i * 7);
    }
    if (opcode == OPCODE_CLOSE) {
        sample->payload[0] = CLOSE_NORMAL >> 8;
        sample->payload[1] = CLOSE_NORMAL & 0xff;
    }
}

static void build_sample(struct sample *sample, enum oracle_state state, const uint8_t key[4])
{
    bool legal = oracle_judge(&sample->header, state).close_code == 0;
    size_t header_bytes = write_header(sample->wire, &sample->header, key);

    sample->payload_bytes = legal ? (size_t)sample->header.length : 0;
    sample->wire_bytes = header_bytes + sample->payload_bytes;
    fill_payload(sample, state);
    for (size_t i = 0; i < sample->payload_bytes; i++) {
        sample->wire[header_bytes + i] = sample->payload[i] ^ key[i % 4];
    }
}

/* A legal, masked frame in its shortest length form. */
static struct oracle_header legal_header(unsigned opcode, bool fin, uint64_t length)
{
    unsigned field = length <= 125 ? (unsigned)length : length <= 65535 ? 126 : 127;

    return (struct oracle_header){opcode, fin, 0, true, field, length};
}

static struct outcome deliver_header(struct frame_decoder *decoder, const struct sample *sample,
                                     size_t step_bytes)
{
    const uint8_t *input = sample->wire;
    const uint8_t *wire_end = sample->wire + sample->wire_bytes;
    const uint8_t *end;
    struct outcome outcome = {.verdict = FRAME_NEED_MORE};

    do {
        outcome.earlier_bytes = (size_t)(input - sample->wire);
        end = input + smaller(step_bytes, (size_t)(wire_end - input));
        outcome.verdict = frame_decode_header(decoder, &limits, &input, end, &outcome.failure);
        outcome.left_input = outcome.verdict == FRAME_NEED_MORE && input != end;
    } while (outcome.verdict == FRAME_NEED_MORE && !outcome.left_input && end < wire_end);
    outcome.taken_bytes = (size_t)(input - sample->wire);
    return outcome;
}

/* Unmasks the payload and returns whether it came out right; finishes the frame. */
static bool deliver_payload(struct frame_decoder *decoder, struct sample *sample, size_t step_bytes,
                            bool in_place)
{
    static uint8_t elsewhere[PAYLOAD_MAX_BYTES];
    uint8_t *source = sample->wire + sample->wire_bytes - sample->payload_bytes;
    uint8_t *target = in_place ? source : elsewhere;
    size_t done = 0;

    while (done < sample->payload_bytes) {
        size_t step = smaller(step_bytes, sample->payload_bytes - done);

        if (!frame_payload(decoder, target + done, source + done, step)) {
            return false;
        }
        done += step;
        if (decoder->remaining != sample->payload_bytes - done) {
            return false;
        }
    }
    frame_finish(decoder);
    return memcmp(target, sample->payload, sample->payload_bytes) == 0;
}

/* Sends a legal frame and returns the verdict; an accepted one is taken to its end. */
static struct outcome send_frame(struct frame_decoder *decoder, enum oracle_state state,
                                 struct oracle_header header)
{
    static struct sample sample;
    struct outcome outcome;

    sample.header = header;
    build_sample(&sample, state, opening_mask_key);
    outcome = deliver_header(decoder, &sample, SIZE_MAX);
    if (outcome.verdict == FRAME_ACCEPTED) {
        ck_assert_msg(deliver_payload(decoder, &sample, SIZE_MAX, false), "payload of a frame");
    }
    return outcome;
}

static struct frame_decoder decoder_in(enum oracle_state state)
{
    struct frame_decoder decoder = {0};

    if (oracle_in_message(state)) {
        unsigned opcode = state == ORACLE_IN_TEXT ? OPCODE_TEXT : OPCODE_BINARY;
        struct outcome outcome = send_frame(&decoder, ORACLE_IDLE, legal_header(opcode, false, 3));

        ck_assert_msg(outcome.verdict == FRAME_ACCEPTED, "the first fragment was not accepted");
    }
    return decoder;
}

/* What is wrong with a refusal, or NULL. */
static const char *judge_refusal(const struct outcome *outcome, struct oracle_verdict expected)
{
    if (outcome->verdict != FRAME_REFUSED) {
        return "was not refused";
    }
    if (outcome->failure.code != expected.close_code) {
        return "was refused with another code";
    }
    if (outcome->failure.reason == NULL || outcome->failure.reason[0] == '\0' ||
        strlen(outcome->failure.reason) > FRAME_CLOSE_REASON_MAX) {
        return "was refused without a reason that fits a Close frame";
    }
    return outcome->earlier_bytes >= expected.known_after ? "was refused too late" : NULL;
}

/* What is wrong with an accepted header, or NULL. */
static const char *judge_acceptance(const struct outcome *outcome,
                                    const struct frame_decoder *decoder,
                                    const struct sample *sample)
{
    if (outcome->left_input) {
        return "asked for more without taking all there was";
    }
    if (outcome->verdict != FRAME_ACCEPTED) {
        return "was not accepted";
    }
    if (outcome->taken_bytes != oracle_header_size(&sample->header)) {
        return "was accepted with more or less than its header";
    }
    if (decoder->frame_opcode != sample->header.opcode ||
        decoder->frame_fin != sample->header.fin || decoder->remaining != sample->header.length) {
        return "was accepted as another frame";
    }
    return NULL;
}

/* What is wrong with how the payload of a Close frame was read, or NULL. */
static const char *judge_close_body(const struct sample *sample)
{
    struct slice payload = {(const char *)sample->payload, sample->payload_bytes};
    struct close_body body = {0};
    struct frame_failure failure = {0};
    bool legal = close_body_parse(payload, &body, &failure);

    if (payload.length == 1) {
        return legal || failure.code != CLOSE_PROTOCOL_ERROR ? "has half a close code" : NULL;
    }
    if (!legal) {
        return "has a close body that was refused";
    }
    if (payload.length == 0) {
        return body.code != CLOSE_NO_STATUS || body.reason.length != 0 ? "has no code" : NULL;
    }
    return body.code != CLOSE_NORMAL || body.reason.length != payload.length - 2
               ? "has a close body that was read wrong"
               : NULL;
}

/* Whether the stream stands where the oracle says: by the state told and by what is legal now. */
static const char *judge_next(struct frame_decoder *decoder, enum oracle_state state)
{
    static const uint8_t message_opcodes[ORACLE_STATES] = {0, OPCODE_TEXT, OPCODE_BINARY, 0};
    unsigned data = oracle_in_message(state) ? OPCODE_CONTINUATION : OPCODE_TEXT;

    if (decoder->in_frame || decoder->message_opcode != message_opcodes[state]) {
        return "left the decoder in a wrong state";
    }
    if (send_frame(decoder, state, legal_header(OPCODE_PING, true, 4)).verdict != FRAME_ACCEPTED ||
        send_frame(decoder, state, legal_header(data, true, 4)).verdict != FRAME_ACCEPTED) {
        return "left the decoder unready for the next frames";
    }
    return NULL;
}

/* Runs one case; returns what went wrong, or NULL. */
static const char *run_case(struct sample *sample, enum oracle_state state, size_t delivery)
{
    size_t step_bytes = deliveries[delivery].step_bytes;
    struct oracle_verdict expected = oracle_judge(&sample->header, state);
    struct frame_decoder decoder = decoder_in(state);
    const char *wrong;
    struct outcome outcome;

    build_sample(sample, state, mask_key);
    outcome = deliver_header(&decoder, sample, step_bytes);
    if (expected.close_code != 0) {
        return judge_refusal(&outcome, expected);
    }
    wrong = judge_acceptance(&outcome, &decoder, sample);
    if (wrong == NULL &&
        !deliver_payload(&decoder, sample, step_bytes, deliveries[delivery].in_place)) {
        wrong = "has a payload that came out wrong";
    }
    if (wrong == NULL && sample->header.opcode == OPCODE_CLOSE) {
        wrong = judge_close_body(sample);
    }
    return wrong != NULL ? wrong : judge_next(&decoder, oracle_next_state(&sample->header, state));
}

/* Runs every first byte, mask bit and length class in one state. */
static void run_table(enum oracle_state state, size_t delivery)
{
    static struct sample sample;

    for (size_t form = 0; form < COUNT(length_forms); form++) {
        for (unsigned bits = 0; bits < 512; bits++) {
            const char *wrong;

            sample.header = (struct oracle_header){
                bits & 0xf,          (bits & 0x80) != 0,       bits >> 4 & 0x7,
                (bits & 0x100) != 0, length_forms[form].field, length_forms[form].length};
            wrong = run_case(&sample, state, delivery);
            ck_assert_msg(wrong == NULL, "first byte %02x, %s, length %s, %s, %s: %s", bits & 0xff,
                          sample.header.masked ? "masked" : "not masked", length_forms[form].name,
                          state_names[state], deliveries[delivery].name, wrong);
        }
    }
}

START_TEST(test_every_header_gets_the_verdict_of_the_rfc)
{
    run_table((enum oracle_state)((size_t)_i % ORACLE_STATES), (size_t)_i / ORACLE_STATES);
}
END_TEST

START_TEST(test_every_close_code_is_accepted_or_refused_as_the_registry_says)
{
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        const char payload[] = {(char)(code >> 8), (char)code, 'b', 'y', 'e'};
        struct close_body body = {0};
        struct frame_failure failure = {0};
        bool accepted = close_body_parse((struct slice){payload, sizeof(payload)}, &body, &failure);
        bool as_expected = accepted ? body.code == code && slice_equal(body.reason, SLICE("bye"))
                                    : failure.code == CLOSE_PROTOCOL_ERROR;

        ck_assert_msg(accepted == oracle_close_code_legal(code) && as_expected, "close code %u",
                      code);
    }
}
END_TEST

static void assert_accepted(struct frame_decoder *decoder, enum oracle_state state, unsigned opcode,
                            bool fin, uint64_t length)
{
    struct outcome outcome = send_frame(decoder, state, legal_header(opcode, fin, length));

    ck_assert_int_eq(outcome.verdict, FRAME_ACCEPTED);
}

/* The header alone, because the payload of a frame that is too big never comes. */
static void assert_refused_on_header(struct frame_decoder *decoder, unsigned opcode, bool fin,
                                     uint64_t length, enum close_code code)
{
    static struct sample sample;
    struct outcome outcome;

    sample.header = legal_header(opcode, fin, length);
    sample.wire_bytes = write_header(sample.wire, &sample.header, mask_key);
    outcome = deliver_header(decoder, &sample, 1);
    ck_assert_int_eq(outcome.verdict, FRAME_REFUSED);
    ck_assert_int_eq(outcome.failure.code, code);
}

/* All but the last of the fragments that a message may have. */
static void send_all_but_the_last_fragment(struct frame_decoder *decoder)
{
    assert_accepted(decoder, ORACLE_IDLE, OPCODE_BINARY, false, PAYLOAD_MAX_BYTES);
    for (unsigned i = 0; i < FRAGMENTS_MAX - 2; i++) {
        assert_accepted(decoder, ORACLE_IN_BINARY, OPCODE_CONTINUATION, false, PAYLOAD_MAX_BYTES);
    }
}

START_TEST(test_fragments_are_counted_up_to_their_limit_and_from_zero_in_the_next_message)
{
    struct frame_decoder decoder = {0};

    for (unsigned message = 0; message < 3; message++) {
        send_all_but_the_last_fragment(&decoder);
        assert_accepted(&decoder, ORACLE_IN_BINARY, OPCODE_PING, true, 125);
        assert_accepted(&decoder, ORACLE_IN_BINARY, OPCODE_CONTINUATION, true, PAYLOAD_MAX_BYTES);
    }
    send_all_but_the_last_fragment(&decoder);
    assert_accepted(&decoder, ORACLE_IN_BINARY, OPCODE_CONTINUATION, false, 0);
    assert_refused_on_header(&decoder, OPCODE_CONTINUATION, true, 0, CLOSE_POLICY);
}
END_TEST

/*
 * A message of `sent` bytes in small fragments is open and `more` are declared: the sum decides,
 * and no length makes it wrap around.
 */
static const struct {
    uint64_t limit;
    uint64_t sent;
    uint64_t more;
    bool accepted;
} sums[] = {
    {100, 0, 100, true},
    {100, 0, 101, false},
    {100, 99, 1, true},
    {100, 99, 2, false},
    {100, 100, 0, true},
    {100, 100, 1, false},
    {65535, 3, 65532, true},
    {65535, 3, 65533, false},
    {1 << 20, 0, 1 << 20, true},
    {1 << 20, 0, (1 << 20) + 1, false},
    {1 << 20, 1, INT64_MAX, false},
    {1 << 20, 65536, UINT32_MAX, false},
    {1 << 20, 65536, UINT64_C(1) << 32, false},
    {INT64_MAX, 1, INT64_MAX - 1, true},
    {INT64_MAX, 1, INT64_MAX, false},
};

START_TEST(test_the_sum_of_the_declared_lengths_is_held_against_the_message_limit)
{
    struct frame_limits own_limits = {sums[_i].limit, FRAGMENTS_MAX};
    struct frame_decoder decoder = {0};
    struct frame_failure failure = {0};
    struct oracle_header header = legal_header(OPCODE_CONTINUATION, true, sums[_i].more);
    uint8_t bytes[FRAME_CLIENT_HEADER_MAX];
    const uint8_t *input = bytes;
    size_t size = write_header(bytes, &header, mask_key);
    enum frame_verdict verdict;

    assert_accepted(&decoder, ORACLE_IDLE, OPCODE_BINARY, false, sums[_i].sent);
    verdict = frame_decode_header(&decoder, &own_limits, &input, bytes + size, &failure);
    if (sums[_i].accepted) {
        ck_assert_int_eq(verdict, FRAME_ACCEPTED);
        ck_assert(decoder.remaining == sums[_i].more);
    } else {
        ck_assert_int_eq(verdict, FRAME_REFUSED);
        ck_assert_int_eq(failure.code, CLOSE_TOO_BIG);
    }
}
END_TEST

START_TEST(test_a_control_frame_is_not_part_of_the_message_around_it)
{
    static const struct frame_limits tight = {4, 2};
    struct frame_decoder decoder = {0};
    struct frame_failure failure = {0};
    struct oracle_header last = legal_header(OPCODE_CONTINUATION, true, 1);
    uint8_t bytes[FRAME_CLIENT_HEADER_MAX];
    const uint8_t *input = bytes;
    size_t size = write_header(bytes, &last, mask_key);

    assert_accepted(&decoder, ORACLE_IDLE, OPCODE_TEXT, false, 3);
    for (unsigned i = 0; i < 20; i++) {
        assert_accepted(&decoder, ORACLE_IN_TEXT, i % 2 != 0 ? OPCODE_PING : OPCODE_PONG, true,
                        125);
    }
    ck_assert_int_eq(frame_decode_header(&decoder, &tight, &input, bytes + size, &failure),
                     FRAME_ACCEPTED);
}
END_TEST

static Suite *frame_table_suite(void)
{
    Suite *suite = suite_create("frame table");
    TCase *table = tcase_create("headers");
    TCase *sum = tcase_create("sums over fragments");

    tcase_add_loop_test(table, test_every_header_gets_the_verdict_of_the_rfc, 0,
                        (int)(COUNT(deliveries) * ORACLE_STATES));
    tcase_add_test(table, test_every_close_code_is_accepted_or_refused_as_the_registry_says);
    suite_add_tcase(suite, table);
    tcase_add_test(sum,
                   test_fragments_are_counted_up_to_their_limit_and_from_zero_in_the_next_message);
    tcase_add_loop_test(sum, test_the_sum_of_the_declared_lengths_is_held_against_the_message_limit,
                        0, (int)COUNT(sums));
    tcase_add_test(sum, test_a_control_frame_is_not_part_of_the_message_around_it);
    suite_add_tcase(suite, sum);
    return suite;
}

int main(void)
{
    protocol_choose_kernels();
    return suite_run(frame_table_suite());
}
