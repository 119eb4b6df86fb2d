import MARL

/// A training by search, and its files: of an order of the queue, or of a choice of devices.
public protocol SearchSession {
  /// Trains, writing the files at each validation and at the end.
  ///
  /// - Parameters:
  ///   - workers: runs at a time; the result is the same.
  ///   - limit: generations, at most; nil for all.
  ///   - report: is given a line a generation.
  mutating func run(workers: Int, limit: Int?, report: (String) -> Void) throws
  /// What it came to, for JSON.
  var object: [String: Any] { get }
  /// What it came to, for people.
  var summary: String { get }
}

extension OrderSession: SearchSession {}
extension DeviceSession: SearchSession {}

/// The training by search that a scenario file asks for, at its beginning; nil where it is one of where tasks go.
///
/// - Parameters:
///   - path: the scenario.
///   - folder: where its files go; it must be there when it runs.
/// - Throws: ``RunError`` with every mistake in the file.
public func searchSession(path: String, folder: String) throws -> (any SearchSession)? {
  switch try OrderScenario.decision(path: path) {
  case .order: OrderSession(try OrderScenario(path: path), folder: folder)
  case .device: DeviceSession(try DeviceScenario(path: path), folder: folder)
  case .placement, nil: nil
  }
}
