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


def shift(d):
    """The Hodges-Lehmann estimate, and the shifts that the test does not reject, by trying them all."""
    i, j = np.triu_indices(len(d))
    walsh = np.sort((d[i] + d[j]) / 2)
    edges = np.unique(walsh)
    if len(d) > 60 or len(set(abs(d))) < len(d) or len(edges) < 2:
        return [float(np.median(walsh)), None, None]
    # p stays the same between neighbours.
    keeps = [stats.wilcoxon(d - (a + b) / 2).pvalue > 0.05 for a, b in zip(edges, edges[1:])]
    outside = stats.wilcoxon(d - edges[0] + 1).pvalue > 0.05
    kept = [k for k, keep in enumerate(keeps) if keep]
    if outside or not kept:
        return [float(np.median(walsh)), None, None]
    return [float(np.median(walsh)), float(edges[kept[0]]), float(edges[kept[-1] + 1])]


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
        "shift": shift(d),
        "cohens_d": finite(d.mean() / d.std(ddof=1)) if d.std() > 0 else None,
        "cliffs_delta": 2 * dominance / (len(a) * len(b)) - 1,
    })
p = [r["wilcoxon"][1] for r in results if r["wilcoxon"][1] is not None]
quantiles = [[n, q, stats.t.isf(q, n)] for n in (1, 2, 5, 9, 29, 299) for q in (0.25, 0.025, 1e-4)]
json.dump({"samples": results, "p": p, "holm": holm(p), "t_quantiles": quantiles}, sys.stdout)
