// SPDX-License-Identifier: Apache-2.0
//
// How jemalloc is to keep memory (docs/adr/0020); it reads this before main(). What was freed goes back to
// the system after one second instead of ten, for a burst of objects is over by then, and few arenas hold
// less that is free: most of our threads wait most of the time. The environment's MALLOC_CONF still has the
// last word.
extern "C" {
__attribute__((visibility("default"))) extern const char* const malloc_conf;
const char* const malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
