// Keeps what happens on a page, and lets the test wait for it.
'use strict';

const events = [];
const waiting = [];

function record(...event) {
  events.push(event);
  waiting.forEach((check) => check());
}

// Resolves to all events once there are so many.
function eventsUntil(count) {
  return new Promise((resolve) => {
    const check = () => events.length >= count && resolve(events);
    waiting.push(check);
    check();
  });
}
