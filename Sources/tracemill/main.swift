import Fitting
import Workload
import Foundation
func cpu() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
for n in ["1000", "10000", "100000"] {
  let v = try! String(contentsOfFile: "/tmp/d\(n).txt", encoding: .utf8).split(separator: "\n").map { Double($0)! }
  for s in [TailStatistic.twoSided, .below] {
  let t0 = cpu()
  let t = try TailSample(v).powerLaw(TailOptions(statistic: s))
  print(n, t.xmin, t.exponent, t.distance, t.standardError, t.tailCount, "cpu", cpu() - t0)
  }
}
for (shape, mix) in [(1.5, false), (2.5, true), (0.5, true)] {
  var g = RandomStream(seed: 1, name: "x")
  let p = try Pareto(shape: shape, scale: 10), l = try Lognormal(mu: 3, sigma: 1.5)
  let v = (0..<5_000_000).map { _ in mix && g.uniform() < 0.5 ? l.sample(using: &g) : p.sample(using: &g) }
  let t0 = cpu()
  let ts = try TailSample(v)
  let t1 = cpu()
  let t = try ts.powerLaw()
  print(shape, mix, t.xmin, t.exponent, t.distance, t.tailCount, "sort", t1 - t0, "scan", cpu() - t1)
}
