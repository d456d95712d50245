'use strict';

// What close codes mean: RFC 6455 section 7.4 and IANA's registry.

const CLOSE_MEANINGS = {
  1000: 'normal: all is done',
  1001: 'going away: the server stops, or the page is left',
  1002: 'protocol error',
  1003: 'this type of data is not accepted',
  1005: 'closed without a code',
  1006: 'no Close was received: refused, unreachable, or the connection broke',
  1007: 'the data does not fit its type, such as text that is not UTF-8',
  1008: 'against a policy of the other side, such as a time-out',
  1009: 'the message is too big',
  1010: 'the server lacks an extension that is needed',
  1011: 'the server has failed',
  1012: 'the server is starting anew: come back soon',
  1013: 'overloaded, or reading too slowly: try again later',
  1014: 'bad gateway',
  1015: 'the TLS handshake has failed',
  3000: 'unauthorized',
  3003: 'forbidden',
  3008: 'time-out',
};

function closeMeaning(code) {
  if (CLOSE_MEANINGS[code]) {
    return CLOSE_MEANINGS[code];
  }
  if (code >= 4000) {
    return 'a private code of this application';
  }
  return code >= 3000 ? 'a code of a library or framework' : 'reserved, without a meaning';
}
