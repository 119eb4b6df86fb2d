tracemill convert data/google-2011-mini -o tasks.parquet
