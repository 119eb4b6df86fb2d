/* Many environments from C, in the shape of PufferLib's bindings; prints steps, the sum of rewards and the CPU time
 * of the steps:
 *   cc -O2 -I. vector.c -L. -ltracemill -Wl,-rpath,. -o vector   (the folder: tracemill.include() in Python)
 *   ./vector '{"workload": "study:tasks=500,load=0.8", "cluster": "study:20"}' ENVIRONMENTS THREADS ROUNDS ACTIONS FEATURES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tracemill.h"

static double cpu(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int count, char **words) {
  if (count != 7) return 2;
  int64_t n = atol(words[2]), rounds = atol(words[4]), actions = atol(words[5]), features = atol(words[6]);
  float *seen = calloc(n * features, sizeof *seen), *rewards = calloc(n, sizeof *rewards);
  uint8_t *ends = calloc(2 * n, 1), *can = calloc(n * actions, 1);
  int32_t *chosen = calloc(n, sizeof *chosen);
  tm_error *error = NULL;
  tm_vec *vec = tm_vec_init(words[1], NULL, seen, chosen, rewards, ends, ends + n, can, n, atoi(words[3]), 1, &error);
  double sum = 0, begin = cpu();
  for (int64_t round = 0; vec && !error && round < rounds; round++) {
    /* The first action that can be done. */
    for (int64_t i = 0; i < n; i++)
      chosen[i] = (int32_t)((uint8_t *)memchr(can + i * actions, 1, actions) - (can + i * actions));
    tm_vec_step(vec, &error);
    for (int64_t i = 0; i < n; i++) sum += rewards[i];
  }
  if (error) {
    fprintf(stderr, "%s\n", tm_error_message(error));
    tm_error_free(error);
    return 1;
  }
  printf("%lld %.6g %.6f\n", (long long)(n * rounds), sum, cpu() - begin);
  tm_vec_close(vec);
  return 0;
}
