tracemill simulate --cell 'answer/results.sqlite#busy/cell/best-fit/7'
