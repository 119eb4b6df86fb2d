import CTracemill
import Configuration
import Fitting
import Foundation
import Generation
import Runs

@_cdecl("tm_fit")
public func fit(
  _ values: UnsafePointer<Double>?, _ count: Int, _ description: UnsafePointer<CChar>?,
  _ job: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> UnsafeMutablePointer<CChar>? {
  let job = Job.of(job)
  return attempt(error) {
    try job.guarding {
      let wanted = try described(description, DescribedFit.init)
      let values = Array(UnsafeBufferPointer(start: values, count: max(count, 0)))
      let sample = try Sample(values, policy: wanted.drops ? .drop : .refuse)
      guard !sample.values.isEmpty else {
        throw FittingError.tooFew(count: 0, needed: 1, purpose: "a fit")
      }
      try job.check()
      var options = wanted.options
      // As the command line does for a column.
      if wanted.replicates == nil, sample.values.count <= 20_000 {
        (options.fitReplicates, options.tailReplicates) = (100, 100)
      }
      let fitter = QuantityFitter(options: options)
      let quantity = try waiting(for: job) {
        await fitter.profile(sample, unit: wanted.unit, name: wanted.name)
      }
      try job.check()
      let data = try WorkloadProfile.encoder.encode(quantity)
      var object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
      object["text"] = FitReport(quantity).text
      object["curves"] = curves(of: quantity.fits.map(\.fit.law), sample.values)
      return faceText(try jsonText(object))
    }
  }
}

/// The shares of the values, and of each law, below some of the values: what a figure is drawn from.
private func curves(of laws: [Law], _ values: [Double]) -> [String: Any] {
  let sorted = values.sorted()
  let count = min(sorted.count, 200)
  let places = (0..<count).map { (2 * $0 + 1) * sorted.count / (2 * count) }
  let x = places.map { sorted[$0] }
  return [
    "x": x, "empirical": places.map { (Double($0) + 0.5) / Double(sorted.count) },
    "laws": laws.map { law in x.map { law.cdf($0) } },
  ]
}

/// What `tm_fit` is asked for.
private struct DescribedFit: Sendable {
  var options = ProfileOptions()
  var replicates: Int?
  var name: String
  var unit: String
  var drops: Bool

  init?(_ root: ConfigurationNode) {
    if let list = root.list("families") {
      options.families = list.compactMap { node in
        guard let name = node.string() else { return nil }
        guard let family = Family(rawValue: name) else {
          node.problem(
            "is '\(name)'; expected one of "
              + Family.allCases.map(\.rawValue).joined(separator: ", "))
          return nil
        }
        return family
      }
      if list.isEmpty { root.problem(at: "families", "is empty") }
    }
    options.tails = root.flag("tails") ?? true
    replicates = root.integer("replicates", in: 0...1_000_000)
    options.fitReplicates = replicates ?? 0
    options.tailReplicates = replicates ?? 0
    options.intervalReplicates = root.integer("intervals", in: 0...100_000) ?? 0
    options.seed = root.seed("seed") ?? 1
    options.threads =
      root.integer("threads", in: 1...4096) ?? ProcessInfo.processInfo.activeProcessorCount
    name = root.string("name") ?? "values"
    unit = root.string("unit") ?? ""
    drops = root.flag("dropNonpositive") ?? false
  }
}
