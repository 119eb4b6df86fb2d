tracemill convert data/google-2011-mini -o tasks.parquet
tracemill simulate --workload tasks.parquet --cluster data/google-2011-mini --scheduler best-fit
