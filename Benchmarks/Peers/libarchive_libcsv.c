/* What the two libraries take that every gzip and CSV reader could be made of: reads task_events
 * through libarchive and libcsv, one file after another, with each field typed by strtoll or strtod,
 * and counts the rows. It keeps nothing, so it is a measure of the machine, not of a converter.
 *
 *   cc -O2 -o peer libarchive_libcsv.c -larchive -lcsv
 *   peer part-*.csv.gz
 */
#include <archive.h>
#include <archive_entry.h>
#include <csv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct table {
  int column;
  long rows;
  int64_t integers;
  double amounts;
};

/* A field; libcsv ends it with a zero (CSV_APPEND_NULL). */
static void field(void *text, size_t length, void *data) {
  struct table *table = data;
  switch (table->column++) {
  case 6: /* the user's name */
    table->integers += (int64_t)length;
    break;
  case 9: case 10: case 11: /* CPU, memory, disk */
    if (length) table->amounts += strtod(text, NULL);
    break;
  default:
    if (length) table->integers += strtoll(text, NULL, 10);
  }
}

static void row(int end, void *data) {
  struct table *table = data;
  (void)end;
  table->rows++;
  table->column = 0;
}

static int fail(const char *file, const char *what) {
  fprintf(stderr, "%s: %s\n", file, what ? what : "cannot be read");
  return 1;
}

int main(int count, char **files) {
  static char block[1 << 18];
  struct table table = {0};
  for (int number = 1; number < count; number++) {
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    struct csv_parser parser;
    archive_read_support_filter_gzip(archive);
    archive_read_support_format_raw(archive);
    if (archive_read_open_filename(archive, files[number], sizeof block) != ARCHIVE_OK ||
        archive_read_next_header(archive, &entry) != ARCHIVE_OK)
      return fail(files[number], archive_error_string(archive));
    csv_init(&parser, CSV_STRICT | CSV_APPEND_NULL);
    la_ssize_t size;
    while ((size = archive_read_data(archive, block, sizeof block)) > 0)
      if (csv_parse(&parser, block, (size_t)size, field, row, &table) != (size_t)size)
        return fail(files[number], csv_strerror(csv_error(&parser)));
    if (size < 0) return fail(files[number], archive_error_string(archive));
    csv_fini(&parser, field, row, &table);
    csv_free(&parser);
    archive_read_free(archive);
  }
  printf("%ld rows, %lld, %g\n", table.rows, (long long)table.integers, table.amounts);
  return 0;
}
