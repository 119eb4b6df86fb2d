import PortableMath
import Workload

extension RunTimePrediction {
  /// A regression of the logarithm of run times on what was asked for, on what the user's tasks of late and the
  /// last one of the same request took, and on the hour; learned as tasks end.
  public static let regression = RunTimePrediction(
    name: "regression",
    summary: "a regression on user, size, hour and history, learned as tasks end"
  ) { RunTimeRegression() }
}

/// Recursive least squares (Plackett, "Some theorems in least squares", Biometrika 37, 1950) with a forgetting
/// factor, from weights that mix history and request. O(inputs²) for a task that has ended.
struct RunTimeRegression: RunTimePredictor {
  /// One, request, size, the user's of late, the last of the same request, whether there are these two, sine and
  /// cosine of the hour.
  private typealias Row = SIMD16<Double>
  private static let inputs = 9
  private static let forgetting = 0.999

  /// What a user asks for again.
  private struct Request: Hashable {
    var user: UserID
    var cores: Int64
    var estimate: Microseconds
  }

  /// Means of logarithms that forget by half. Only ever looked up.
  private var ofUser: [UserID: Double] = [:]
  private var ofRequest: [Request: Double] = [:]
  private var ofAll: (mean: Double, count: Double) = (0, 0)
  private var weights = Row.zero
  /// The inverse of the inputs' second moments, row by row.
  private var covariance: [Row]

  init() {
    (weights[1], weights[3], weights[4]) = (0.15, 0.25, 0.6)
    covariance = (0..<Self.inputs).map { place in
      var row = Row.zero
      row[place] = 0.02
      return row
    }
  }

  func prediction(of task: borrowing TaskView, at now: Microseconds) -> Double? {
    PortableMath.exp2(min(max((weights * inputs(task)).sum(), 0), 30))
  }

  mutating func learn(_ task: borrowing TaskView, ran seconds: Double, at now: Microseconds) {
    let target = logarithm(max(seconds, 1))
    let row = inputs(task)
    var gain = Row.zero
    for place in 0..<Self.inputs { gain[place] = (covariance[place] * row).sum() }
    let scale = 1 / (Self.forgetting + (gain * row).sum())
    weights += gain * (scale * (target - (weights * row).sum()))
    for place in 0..<Self.inputs {
      covariance[place] = (covariance[place] - gain * (gain[place] * scale)) / Self.forgetting
    }
    let request = Self.request(task)
    ofUser[task.user] = ofUser[task.user].map { ($0 + target) / 2 } ?? target
    ofRequest[request] = ofRequest[request].map { ($0 + target) / 2 } ?? target
    ofAll.count += 1
    ofAll.mean += (target - ofAll.mean) / ofAll.count
  }

  private func inputs(_ task: borrowing TaskView) -> Row {
    // Without an estimate the inputs say a day.
    let asked = logarithm(task.estimate.isKnown ? max(task.estimate.seconds, 1) : 86_400)
    let user = ofUser[task.user]
    let same = ofRequest[Self.request(task)]
    let general = user ?? (ofAll.count > 0 ? min(ofAll.mean, asked) : asked - 2)
    let hour = Self.hour(of: task.submit)
    var row = Row.zero
    row[0] = 1
    row[1] = asked
    row[2] = logarithm(max(task.cores, 1))
    row[3] = general
    row[4] = same ?? general
    row[5] = user == nil ? 0 : 1
    row[6] = same == nil ? 0 : 1
    row[7] = hour.x
    row[8] = hour.y
    return row
  }

  /// Sine and cosine of the time of day, to 1e-13: what waits is predicted anew very often, so that those of each
  /// minute are kept and turned by the rest.
  private static func hour(of submit: Microseconds) -> SIMD2<Double> {
    let day = Int64(86_400_000_000)
    let time = (submit.rawValue % day + day) % day
    let minute = minutes[Int(time / 60_000_000)]
    let rest = Double(time % 60_000_000) / Double(day) * 2 * Double.pi
    let square = rest * rest
    let (sine, cosine) = (rest * (1 - square / 6), 1 - square / 2 + square * square / 24)
    return SIMD2(
      minute.x * cosine + minute.y * sine, minute.y * cosine - minute.x * sine)
  }

  private static let minutes = (0..<1440).map { minute in
    let turn = Double(minute) / 1440 * 2 * Double.pi
    return SIMD2(PortableMath.sin(turn), PortableMath.sin(turn + Double.pi / 2))
  }

  private static func request(_ task: borrowing TaskView) -> Request {
    Request(
      user: task.user, cores: task.request.cpu.nano * Int64(task.instances),
      estimate: task.estimate)
  }

  private func logarithm(_ x: Double) -> Double { PortableMath.log(x) * 1.4426950408889634 }
}
