"""What SciPy makes of pairs of samples, for ExperimentsTests.

Reads [[[first...], [second...]], ...] from standard input and prints one object for each.
"""

import json
import math
import sys
import warnings

import numpy as np
from scipy import stats

warnings.simplefilter("ignore")


def finite(value):
    return float(value) if math.isfinite(value) else None


def holm(p):
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate((len(p) - np.arange(len(p))) * np.array(p)[order])
    result = np.empty(len(p))
    result[order] = np.minimum(adjusted, 1)
    return result.tolist()


results = []
for first, second in json.load(sys.stdin):
    a, b = np.array(first), np.array(second)
    d = a - b
    wilcoxon = stats.wilcoxon(d, method="auto", correction=False)
    bootstraps = {}
    for method in ("percentile", "BCa"):
        made = stats.bootstrap(
            (a,), np.mean, n_resamples=999, method=method, rng=np.random.default_rng(7))
        bootstraps[method] = [
            finite(made.confidence_interval.low), finite(made.confidence_interval.high)]
    low, high = stats.t.interval(0.95, len(a) - 1, loc=a.mean(), scale=stats.sem(a))
    dominance = stats.mannwhitneyu(a, b).statistic
    results.append({
        "mean": a.mean(), "sd": a.std(ddof=1), "population_sd": a.std(),
        "t": [finite(low), finite(high)],
        "replicates": sorted(made.bootstrap_distribution.tolist()), "bootstraps": bootstraps,
        "wilcoxon": [finite(wilcoxon.statistic), finite(wilcoxon.pvalue)],
        "cohens_d": finite(d.mean() / d.std(ddof=1)) if d.std() > 0 else None,
        "cliffs_delta": 2 * dominance / (len(a) * len(b)) - 1,
    })
p = [r["wilcoxon"][1] for r in results if r["wilcoxon"][1] is not None]
quantiles = [[n, q, stats.t.isf(q, n)] for n in (1, 2, 5, 9, 29, 299) for q in (0.25, 0.025, 1e-4)]
json.dump({"samples": results, "p": p, "holm": holm(p), "t_quantiles": quantiles}, sys.stdout)
