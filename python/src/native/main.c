/* The command `tracemill` of the wheel: the program is in libtracemill.so. */
int tracemill_main(int, char **);

int main(int count, char **words) { return tracemill_main(count, words); }
