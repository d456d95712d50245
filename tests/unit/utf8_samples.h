/*
 * Bytes that tell one check of UTF-8 from another.
 */
#ifndef WSRELAYD_TESTS_UTF8_SAMPLES_H
#define WSRELAYD_TESTS_UTF8_SAMPLES_H

#include <stdint.h>

/* What is right, cut or wrong wherever it stands. */
static const char *const utf8_pieces[] = {
    "\xC3\xA9",
    "\xE2\x82\xAC",
    "\xF0\x9D\x84\x9E",
    "\xC3",
    "\xE2\x82",
    "\xF0\x9D\x84",
    "\x80",
    "\xC0\x80",
    "\xED\xA0\x80",
    "\xE0\x9F\xBF",
    "\xF4\x90\x80\x80",
    "\xF0\x8F\xBF\xBF",
    "\xFF",
    "\xF5\x80\x80\x80",
    "\xE2\x82\xAC\x80",
    "\xF0\x9D\x84\x9E\x9E",
    "\xE2\x82\xAC\xE2",
    "\xC3\xA9\xA9",
};

/* Bytes at the edges of every range in the table of RFC 3629 section 4. */
static const uint8_t utf8_edges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                     0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xFF};

#endif
