import Fitting
import Generation
import TraceInput
import TraceParsing
import Workload

/// What of a workload's model is to be different, in the order in which it is applied; nil leaves it as it is.
public struct ModelChanges: Sendable {
  /// Run times so many times as long.
  public var scaleRunTimes: Double?
  /// CPU and memory so many times as much.
  public var scaleRequests: Double?
  /// Tail index of the run times: P(X > x) falls as x to minus this.
  public var tailIndex: Double?
  /// Arrivals in bursts.
  public var bursts: Bursts?
  /// The share of the mean by which arrivals go up and down each day, 0 to 1.
  public var diurnal: Double?
  /// Shares of the jobs by class; classes that are not named keep the rest in proportion.
  public var mix: [String: Double]?
  /// Jobs a second.
  public var rate: Double?
  /// The trace whose gaps between jobs are replayed, at its own rate if ``rate`` is nil.
  public var replayArrivals: String?

  /// A time of more arrivals, again and again.
  public struct Bursts: Hashable, Sendable {
    /// How many times the rate.
    public var factor: Double
    /// The share of the time, 0 to 1.
    public var share: Double
    /// The mean length in seconds.
    public var length: Double

    /// What `text` says, such as `5,0.1,60s`.
    ///
    /// - Throws: ``RunError`` if it says none.
    public init(_ text: String) throws {
      let parts = text.split(separator: ",").map(String.init)
      guard parts.count == 3, let factor = Double(parts[0]), let share = Double(parts[1]),
        let length = TraceTime(parts[2])
      else { throw RunError(message: "--bursts '\(text)': expected factor,share,length") }
      (self.factor, self.share, self.length) = (factor, share, length.value.seconds)
    }
  }

  /// No change.
  public init() {}

  /// The shares that `text` says, such as `production=0.4,batch=0.5`.
  ///
  /// - Throws: ``RunError`` if it says none.
  public static func mix(_ text: String) throws -> [String: Double] {
    var shares: [String: Double] = [:]
    for item in text.split(separator: ",") {
      let pair = item.split(separator: "=").map(String.init)
      guard pair.count == 2, let share = Double(pair[1]) else {
        throw RunError(message: "--mix '\(item)': expected class=share")
      }
      shares[pair[0]] = share
    }
    return shares
  }

  /// Changes a model.
  ///
  /// - Throws: ``RunError`` where the model cannot be so; `TraceError` where ``replayArrivals`` cannot be read.
  public func apply(to model: inout WorkloadModel) throws {
    do { try turn(&model) } catch let error as WorkloadModelError {
      throw RunError(error)
    } catch let error as FittingError {
      throw RunError(error)
    }
  }

  private func turn(_ model: inout WorkloadModel) throws {
    if let scaleRunTimes { try model.scaleRunTimes(by: scaleRunTimes) }
    if let scaleRequests { try model.scaleRequests(by: scaleRequests) }
    if let tailIndex { try model.setTailIndex(tailIndex) }
    if let bursts {
      try model.setBursts(factor: bursts.factor, share: bursts.share, length: bursts.length)
    }
    if let diurnal {
      model.arrivals.weeklyCurve = ArrivalModel.dailyCurve(amplitude: diurnal, peakHour: 14)
    }
    if let mix { try model.setClassMix(mix) }
    if let rate { model.arrivals.rate = rate }
    if let replayArrivals { try replay(replayArrivals, &model) }
  }

  /// The gaps between the jobs of a trace, at its own rate unless another was asked for.
  private func replay(_ path: String, _ model: inout WorkloadModel) throws {
    let meter = ReadMeter()
    let reading = ReadingSettings()
    let stream = try reading.open(path, meter: meter).records(reading.readOptions(meter: meter))
    var seen: Set<Int64> = []
    var gaps: [Double] = []
    var last: Microseconds?
    while let record = try stream.next() {
      guard !record.flags.contains(.cutOffAtStart), seen.insert(record.id.job).inserted else {
        continue
      }
      if let last { gaps.append((record.submit - last).seconds) }
      last = record.submit
    }
    let total = gaps.reduce(0, +)
    guard total > 0 else {
      throw RunError(message: "\(path): no gaps between jobs to replay")
    }
    model.arrivals.process = .replayed(gaps)
    model.arrivals.weeklyCurve = []
    if rate == nil { model.arrivals.rate = Double(gaps.count) / total }
  }
}
